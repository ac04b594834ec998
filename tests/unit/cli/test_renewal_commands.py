"""`steward cluster update`, `reset` and `reset-kubeconfig`: what is asked of the service, and what before that."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, Desk


@pytest.fixture
def standing(desk: Desk) -> Desk:
    desk.has(fakes.cluster())
    desk.has_pools(fakes.pool())
    for path in ("update", "reset", "kubeconfig/reset"):
        desk.service.says("POST", f"{KUBE}/{CLUSTER}/{path}", None)
    return desk


def asked(desk: Desk, path: str) -> object:
    return desk.service.sent("POST", f"{KUBE}/{CLUSTER}/{path}")


@pytest.mark.parametrize(("flags", "strategy"), [((), "LATEST_PATCH"), (("--next-minor",), "NEXT_MINOR")])
def test_an_update(standing: Desk, flags: tuple[str, ...], strategy: str) -> None:
    result = standing.run("cluster", "update", "demo", *flags)
    assert result.code == 0, result.err
    assert asked(standing, "update") == {"strategy": strategy}


def test_an_update_that_is_waited_for_says_the_version(standing: Desk) -> None:
    result = standing.run("cluster", "update", "demo", "--wait")
    assert result.code == 0, result.err
    assert "1.37.2" in result.err


@pytest.mark.parametrize(("flags", "workers"), [((), "delete"), (("--reinstall",), "reinstall")])
def test_a_reset_is_confirmed(standing: Desk, flags: tuple[str, ...], workers: str) -> None:
    assert standing.run("cluster", "reset", "demo", *flags).code != 0
    assert standing.run("cluster", "reset", "demo", "--yes", *flags).code == 0
    assert asked(standing, "reset") == {"workerNodesPolicy": workers}


def test_new_keys_are_confirmed(standing: Desk) -> None:
    assert standing.run("cluster", "reset-kubeconfig", "demo").code != 0
    result = standing.run("cluster", "reset-kubeconfig", "demo", "--yes")
    assert result.code == 0, result.err
    assert CLUSTER in result.err
