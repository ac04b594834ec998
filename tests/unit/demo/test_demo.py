"""What the demo orders on machines of different sizes, and how it and its end stop."""

from pathlib import Path
from typing import Any

import ovh.exceptions
import pytest

from demo import demo, down, environment, preflight
from demo.environment import Trouble
from steward.bootstrap import examination
from steward.runtimes.processes.findings import Finding
from steward.settings import Settings

VALUES = {"OVH_CLOUD_PROJECT_SERVICE": "p"}


class Customer:
    """In python-ovh's place: a host that offers some flavors, and has room for some of them."""

    def __init__(self, offered: list[str], room: list[str]) -> None:
        self.offered, self.room = offered, room
        self.asked: list[str] = []

    def get(self, path: str, **_: object) -> Any:
        return [{"name": each} for each in self.offered]

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        flavor = body["nodepool"]["flavorName"]
        self.asked.append(flavor)
        if flavor not in self.room:
            raise ovh.exceptions.APIError("[InsufficientCapacityError] The provider's host has no room for this")
        return {"id": "c"}


@pytest.mark.parametrize(
    ("offered", "room", "asked"),
    [
        (["d2-2", "d2-4", "b2-7"], ["d2-2", "d2-4", "b2-7"], ["b2-7"]),
        (["d2-2", "d2-4"], ["d2-2", "d2-4"], ["d2-4"]),  # 2 cores, 8 GB
        (["d2-2", "d2-4", "b2-7"], ["d2-2"], ["b2-7", "d2-4", "d2-2"]),  # a disk of 20 GB
        (["d2-2"], ["d2-2"], ["d2-2"]),  # 1 core
    ],
)
def test_the_largest_flavor_that_fits_is_ordered(offered: list[str], room: list[str], asked: list[str]) -> None:
    customer = Customer(offered, room)
    made, flavor = demo.ordered(customer, "/kube", demo.offered(customer, VALUES))
    assert (made["id"], flavor) == ("c", room[-1] if len(asked) == 1 else asked[-1])
    assert customer.asked == asked


def test_no_room_and_no_flavor_are_said() -> None:
    with pytest.raises(ovh.exceptions.APIError, match="no room"):
        demo.ordered(Customer(["d2-2"], []), "/kube", ["d2-2"])
    with pytest.raises(Trouble, match="too small"):
        demo.offered(Customer(["b3-8"], []), VALUES)


def test_what_would_stop_it_later_is_said_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Finding(check="address 127.0.0.1:8080", good=False, message="in use", mend="set STEWARD_LISTEN")]
    monkeypatch.setattr(environment, "settings", Settings)
    monkeypatch.setattr(examination, "examined", lambda: found)
    assert preflight.main() == 1
    said = capsys.readouterr().out
    assert "Nothing was changed" in said
    assert "set STEWARD_LISTEN" in said
    monkeypatch.setattr(examination, "examined", lambda: [Finding(check="root", good=True, message="")])
    assert preflight.main() == 0
    monkeypatch.setenv("STEWARD_RUNTIME", "simulated")
    assert preflight.main() == 1
    assert "unset STEWARD_RUNTIME" in capsys.readouterr().out


def test_clusters_of_others_are_not_left_without_their_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "clusters" / "of-another-project").mkdir(parents=True)
    monkeypatch.setattr(environment, "answers", lambda given: True)
    monkeypatch.setattr(environment, "known", lambda given: {})
    service = demo.Service(Settings(state=tmp_path))
    with pytest.raises(Trouble, match=r"of-another-project.*FORCE=1"):
        down.delete(demo.PrintedBar, service)
