"""One whole path with the state in PostgreSQL: order, pod, resize, kill, restart, delete."""

from pathlib import Path

import pytest

from tests import postgres
from tests.system import ordered, waiting
from tests.system import service as service_

pytestmark = [pytest.mark.system, pytest.mark.postgres]


def test_a_clusters_life_on_postgresql(tmp_path: Path) -> None:
    with postgres.running() as server, service_.running("stwp", STEWARD_DATABASE=server.make_database()) as service:
        cluster = ordered.order(service, nodes=1).wait_ready()
        assert not (service.state / "steward.db").exists()
        cluster.run(ordered.web("web"))
        programs = cluster.programs()
        service.kill()
        assert cluster.fetch("web", "http://127.0.0.1:8080/echo?msg=still+here") == "still here"
        service.start()
        cluster.wait_ready()
        assert cluster.programs() == programs
        (pool,) = cluster.pools()
        service.api.put(f"{cluster.path}/nodepool/{pool['id']}", desiredNodes=2)
        waiting.until(lambda: cluster.pools()[0]["availableNodes"] == 2, "the second node")
        types = [each["type"] for each in cluster.events()]
        assert types.count("cluster:ordered") == 1
        cluster.delete()
