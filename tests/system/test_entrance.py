"""A cluster that is reached from other machines, by the host and port that the operator opened."""

import pytest

from tests.system import neighbours, ordered, service, waiting

pytestmark = pytest.mark.system

FIRST = 21000  # of no other test's


def test_kubectl_of_another_machine_enters_by_the_kubeconfig_as_it_is() -> None:
    with (
        neighbours.standing(),
        service.running("stwen", STEWARD_CLUSTER_HOST=neighbours.HOST, STEWARD_CLUSTER_PORTS=str(FIRST)) as running,
        ordered.ready(running, nodes=None, name="entered") as made,
    ):
        port = FIRST + made.slot
        assert made.see()["url"] == f"{neighbours.HOST}:{port}"
        assert f"server: https://{neighbours.HOST}:{port}" in made.kubeconfig().read_text()
        there = neighbours.run(*made.command("get", "--raw", "/readyz"))
        assert (there.stdout, there.stderr) == ("ok", "")
        assert made.kubectl("get", "--raw", "/readyz") == "ok"  # of this machine, by the same address
        # Who comes keeps the address by which it is let in or not.
        running.api.put(f"{made.path}/ipRestrictions", ips=[neighbours.FRIEND])
        made.wait_ready()
        assert neighbours.run(*made.command("get", "--raw", "/readyz")).stdout == "ok"
        assert neighbours.asked(neighbours.STRANGER, port) == ""
        assert neighbours.asked(neighbours.FRIEND, port + 1) == ""  # of no cluster


def test_a_cluster_that_stands_is_given_an_entrance() -> None:
    with (
        neighbours.standing(),
        service.running("stwen") as running,
        ordered.ready(running, nodes=None, name="opened") as made,
    ):
        before = made.kubeconfig().read_text()
        made.kubeconfig().unlink()
        programs = made.programs()
        running.stop()
        running.start(settings={"STEWARD_CLUSTER_HOST": neighbours.HOST, "STEWARD_CLUSTER_PORTS": str(FIRST)})
        waiting.until(
            lambda: running.api.post(f"{made.path}/kubeconfig")["content"] != before, "a kubeconfig that leads there"
        )
        waiting.until(
            lambda: neighbours.run(*made.command("get", "--raw", "/readyz")).stdout == "ok", "an answer by it"
        )
        assert made.programs() == programs
