"""Who may reach a real API server: machines beside the host, by packets; nodes, pods and steward never notice."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from steward.runtimes.processes import places
from tests.system import neighbours, ordered, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

ANSWERS = {"200", "401", "403"}  # of an API server, to who shows no credentials


@pytest.fixture(scope="module")
def guarded(service: Service) -> Iterator[Cluster]:
    with ordered.ready(service, flavor="d2-4", name="guarded") as made, neighbours.standing(made.network.api_address):
        made.run(ordered.pod("client"))
        yield made


def restrict(cluster: Cluster, *blocks: str) -> None:
    assert cluster.service.api.put(f"{cluster.path}/ipRestrictions", ips=list(blocks)) == list(blocks)
    assert cluster.see()["status"] == "REDEPLOYING"
    cluster.wait_ready(within=60)


def refused(cluster: Cluster) -> int:
    """Packets, as the kernel counted them."""
    space = f"--net={places.namespace_path(cluster.service.spot.namespace(cluster.slot))}"
    listed = subprocess.run(["nsenter", space, "nft", "-j", "list", "ruleset"], capture_output=True, check=True).stdout
    rules = [each["rule"] for each in json.loads(listed)["nftables"] if "rule" in each]
    mine = [each for rule in rules if rule["table"] == "steward_api" for each in rule["expr"] if "counter" in each]
    return sum(each["counter"]["packets"] for each in mine)


def test_refused_sources_time_out_and_allowed_ones_are_answered(guarded: Cluster) -> None:
    assert neighbours.asked(neighbours.STRANGER) in ANSWERS
    restrict(guarded, neighbours.FRIEND)
    before = refused(guarded)
    assert neighbours.asked(neighbours.FRIEND) in ANSWERS
    assert refused(guarded) == before
    assert neighbours.asked(neighbours.STRANGER) == ""
    assert refused(guarded) > before
    guarded.service.api.post(f"{guarded.path}/ipRestrictions", ips=["198.51.100.16/28"])
    guarded.wait_ready(within=60)
    assert neighbours.asked(neighbours.STRANGER) in ANSWERS
    guarded.service.api.delete(f"{guarded.path}/ipRestrictions/198.51.100.16%2F28")
    guarded.wait_ready(within=60)
    assert neighbours.asked(neighbours.STRANGER) == ""
    restrict(guarded)
    assert neighbours.asked(neighbours.STRANGER) in ANSWERS


def test_nodes_pods_and_steward_keep_their_way(guarded: Cluster) -> None:
    own = str(guarded.network.host_address)  # where the kubectl of this test comes from
    restrict(guarded, own)
    assert guarded.connect("client", "kubernetes.default.svc:443") == ""
    (pool,) = guarded.pools()
    guarded.service.api.put(f"{guarded.path}/nodepool/{pool['id']}", desiredNodes=2)
    guarded.wait_ready()
    assert len(guarded.find("nodes")["items"]) == 2
    restrict(guarded, neighbours.FRIEND)
    with pytest.raises(ordered.KubectlFailed):
        guarded.kubectl("--request-timeout=3s", "get", "nodes")
    guarded.service.api.put(f"{guarded.path}/nodepool/{pool['id']}", desiredNodes=1)
    guarded.wait_ready()
    restrict(guarded)
    waiting.until(lambda: len(guarded.find("nodes")["items"]) == 1, "the end of the second node")


def test_the_list_is_back_after_its_table_was_deleted(guarded: Cluster) -> None:
    restrict(guarded, neighbours.FRIEND)
    space = f"--net={places.namespace_path(guarded.service.spot.namespace(guarded.slot))}"
    subprocess.run(["nsenter", space, "nft", "delete", "table", "inet", "steward_api"], check=True)
    assert neighbours.connects(neighbours.STRANGER)
    waiting.until(lambda: not neighbours.connects(neighbours.STRANGER), "the restrictions being back", within=180)
    restrict(guarded)
