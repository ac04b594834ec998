"""One service and one cluster for all tests that only look, or add what disturbs nobody."""

import json
from collections.abc import Iterator

import pytest

from tests.system import ordered, outside
from tests.system import service as service_
from tests.system.ordered import Cluster
from tests.system.service import Service

POOL_NODES = 2
LONGEST = ("test_crashes", "test_tour", "test_replacements", "test_renewals")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first, so that the last of the workers does not end with one of them alone."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Never ended by a test; what belongs to no test's own cluster stays as it is."""
    with service_.running("stwt", STEWARD_UPSTREAM_DNS=json.dumps([outside.ADDRESS])) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(service: Service) -> Cluster:
    """Two nodes, with a web server and a client on each; shared, so not to be damaged."""
    shared = ordered.order(service, nodes=POOL_NODES, name="shared").wait_ready()
    names = sorted(each["name"] for each in shared.nodes())
    asking = [ordered.pod(f"client-{number}", node=name) for number, name in enumerate(names)]
    asked = [ordered.web(f"web-{number}", node=name, labels={"app": "web"}) for number, name in enumerate(names)]
    shared.run(*asking, *asked, ordered.service_of("web", {"app": "web"}))
    return shared
