"""`steward pool` and `steward node`."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, NODE, POOL, Desk

POOLS = f"{KUBE}/{CLUSTER}/nodepool"
NODES = f"{KUBE}/{CLUSTER}/node"


@pytest.fixture
def editable(desk: Desk) -> Desk:
    desk.has_pools(fakes.pool())
    desk.service.says("PUT", f"{POOLS}/{POOL}", None)
    return desk


def test_list(desk: Desk) -> None:
    desk.has_pools(fakes.pool())
    assert desk.run("pool", "list", "demo").out.splitlines()[1].split() == [
        *("workers", POOL, "READY", "b3-8", "2", "2", "0", "100", "2030-01-01T00:00:00Z")
    ]
    wide = desk.run("pool", "list", "demo", "-o", "wide").out
    assert "old=1,tier=web" in wide
    assert "only=x:NoSchedule" in wide


def test_show(desk: Desk) -> None:
    desk.has_pools(fakes.pool())
    assert desk.run("pool", "show", "demo", "workers", "-o", "json").json == fakes.pool()
    assert desk.run("pool", "show", "demo", POOL, "-o", "name").out == f"{POOL}\n"


class TestCreate:
    def test_all_options(self, desk: Desk) -> None:
        desk.has_pools()
        desk.service.says("POST", POOLS, fakes.pool())
        result = desk.run(
            *("pool", "create", "demo", "--flavor", "b3-8", "--name", "workers", "--nodes", "2", "--min", "1"),
            *("--max", "5", "--autoscale", "--anti-affinity"),
            *("--label", "tier=web", "--label", "empty=", "--taint", "only=x:NoSchedule", "--taint", "bare:NoExecute"),
        )
        assert result.code == 0
        assert desk.service.sent("POST", POOLS) == {
            "flavorName": "b3-8",
            "name": "workers",
            "desiredNodes": 2,
            "minNodes": 1,
            "maxNodes": 5,
            "autoscale": True,
            "antiAffinity": True,
            "template": {
                "metadata": {"annotations": {}, "finalizers": [], "labels": {"tier": "web", "empty": ""}},
                "spec": {
                    "taints": [
                        {"key": "only", "value": "x", "effect": "NoSchedule"},
                        {"key": "bare", "value": "", "effect": "NoExecute"},
                    ],
                    "unschedulable": False,
                },
            },
        }

    def test_nothing_is_sent_that_was_not_said(self, desk: Desk) -> None:
        desk.has_pools()
        desk.service.says("POST", POOLS, fakes.pool())
        desk.run("pool", "create", "demo", "--flavor", "b3-8")
        assert desk.service.sent("POST", POOLS) == {"flavorName": "b3-8"}

    @pytest.mark.parametrize(
        "wrong",
        [
            [],
            ["--flavor", "b3-8", "--label", "nonsense"],
            ["--flavor", "b3-8", "--taint", "a=b"],
            ["--flavor", "b3-8", "--taint", "a=b:Sometimes"],
            ["--flavor", "b3-8", "--nodes", "-1"],
        ],
    )
    def test_wrong_use(self, desk: Desk, wrong: list[str]) -> None:
        desk.has_pools()
        assert desk.run("pool", "create", "demo", *wrong).code == 2
        assert not desk.service.asked("POST", POOLS)


class TestEdit:
    def test_the_size(self, editable: Desk) -> None:
        assert editable.run("pool", "edit", "demo", "workers", "--desired", "3").code == 0
        assert editable.service.sent("PUT", f"{POOLS}/{POOL}") == {"desiredNodes": 3}

    def test_zero_is_a_size(self, editable: Desk) -> None:
        editable.run("pool", "edit", "demo", "workers", "--desired", "0", "--no-autoscale")
        assert editable.service.sent("PUT", f"{POOLS}/{POOL}") == {"desiredNodes": 0, "autoscale": False}

    def test_labels_are_added_and_taken_away_and_the_rest_stays(self, editable: Desk) -> None:
        editable.run("pool", "edit", "demo", "workers", "--label", "new=2", "--label", "old-")
        assert editable.service.sent("PUT", f"{POOLS}/{POOL}")["template"] == {
            "metadata": {"annotations": {"a": "b"}, "finalizers": [], "labels": {"tier": "web", "new": "2"}},
            "spec": {"taints": [{"key": "only", "value": "x", "effect": "NoSchedule"}], "unschedulable": False},
        }

    @pytest.mark.parametrize("gone", ["only-", "only:NoSchedule-", "only=x:NoSchedule-"])
    def test_taints_too(self, editable: Desk, gone: str) -> None:
        editable.run("pool", "edit", "demo", "workers", "--taint", gone, "--taint", "a=b:NoExecute")
        template = editable.service.sent("PUT", f"{POOLS}/{POOL}")["template"]
        assert isinstance(template, dict)
        assert template["spec"]["taints"] == [{"key": "a", "value": "b", "effect": "NoExecute"}]

    def test_a_taint_of_another_effect_stays(self, editable: Desk) -> None:
        editable.run("pool", "edit", "demo", "workers", "--taint", "only:NoExecute-")
        template = editable.service.sent("PUT", f"{POOLS}/{POOL}")["template"]
        assert isinstance(template, dict)
        assert template["spec"]["taints"] == [{"key": "only", "value": "x", "effect": "NoSchedule"}]

    def test_nothing_to_change(self, editable: Desk) -> None:
        assert editable.run("pool", "edit", "demo", "workers").code == 2

    def test_wait_until_the_nodes_are_there(self, editable: Desk) -> None:
        growing = fakes.pool(status="UPSCALING", desiredNodes=3)
        ready = fakes.pool(desiredNodes=3, availableNodes=3)
        short = fakes.pool(desiredNodes=3)
        editable.service.says("GET", f"{POOLS}/{POOL}", growing, growing, short, ready)
        result = editable.run("pool", "edit", "demo", "workers", "--desired", "3", "--wait", "-o", "json")
        assert (result.code, result.json) == (0, ready)
        assert editable.clock.now == fakes.NOW + 2


def test_delete_waits_until_it_is_gone(desk: Desk) -> None:
    desk.has_pools(fakes.pool())
    desk.service.says("DELETE", f"{POOLS}/{POOL}", None)
    desk.service.says("GET", f"{POOLS}/{POOL}", fakes.pool(status="DELETING"))
    desk.clock.on_sleep.append(lambda: desk.service.refuses("GET", f"{POOLS}/{POOL}", 404, "gone"))
    result = desk.run("pool", "delete", "demo", "workers", "--yes", "--wait")
    assert result.code == 0
    assert "is deleted" in result.err


class TestNodes:
    def test_list(self, desk: Desk) -> None:
        desk.has_nodes(fakes.node())
        assert "workers-node-bbbbbb" in desk.run("node", "list", "demo").out
        assert desk.service.query("GET", NODES) == {}

    def test_history(self, desk: Desk) -> None:
        desk.has_nodes(fakes.node(status="DELETED"))
        assert "DELETED" in desk.run("node", "list", "demo", "--history").out
        assert desk.service.query("GET", NODES) == {"history": "true"}

    def test_show_finds_a_deleted_one_by_id(self, desk: Desk) -> None:
        desk.has_nodes()
        desk.service.says("GET", f"{NODES}/{NODE}", fakes.node(status="DELETED"))
        assert desk.run("node", "show", "demo", NODE, "-o", "json").json == fakes.node(status="DELETED")

    def test_delete(self, desk: Desk) -> None:
        desk.has_nodes(fakes.node())
        desk.service.says("DELETE", f"{NODES}/{NODE}", None)
        desk.service.says("GET", f"{NODES}/{NODE}", fakes.node(status="DELETING"), fakes.node(status="DELETED"))
        assert desk.run("node", "delete", "demo", "workers-node-bbbbbb", "--yes", "--wait").code == 0
        assert len(desk.service.asked("DELETE", f"{NODES}/{NODE}")) == 1
