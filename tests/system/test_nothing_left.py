"""After a delete the machine is as it was before the order."""

from collections.abc import Mapping

import pytest

from tests.system import ordered, remains, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = [pytest.mark.system, pytest.mark.alone]


def test_machine_is_as_before(service: Service, cluster: Cluster) -> None:
    """With what makes traces: pods, a Service, a node that went before."""
    before = remains.machine(service)
    made = ordered.order(service, nodes=2, flavor="d2-4", name="fleeting").wait_ready()
    made.run(ordered.web("web-0", labels={"app": "web"}), ordered.service_of("web", {"app": "web"}, type="NodePort"))
    (pool,) = made.pools()
    service.api.put(f"{made.path}/nodepool/{pool['id']}", desiredNodes=1)
    made.wait_ready()
    during = _more(before, remains.machine(service))
    # The comparison sees clusters; the host's rules are the same for all of them.
    assert {kind for kind, found in during.items() if not found} == {"rules"}
    made.delete()
    waiting.until(lambda: not any(_more(before, remains.machine(service)).values()), "an untouched machine", within=60)
    # Nor is anything gone that others of its own kind need.
    own = {line for found in remains.machine(service).values() for line in found}
    needed = {line for found in before.values() for line in found if service.instance in line}
    assert {line for line in needed if str(service.state) not in line} <= own


def _more(before: Mapping[str, set[str]], now: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {kind: found - before[kind] for kind, found in now.items()}
