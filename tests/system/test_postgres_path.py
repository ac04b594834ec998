"""The whole path once more, with everything that steward keeps in PostgreSQL."""

import pytest

from tests import postgres
from tests.system import ordered, waiting
from tests.system import service as service_

pytestmark = [pytest.mark.system, pytest.mark.postgres]


def test_cluster_from_order_to_delete() -> None:
    with (
        postgres.running() as server,
        service_.running("stwpg", STEWARD_DATABASE=server.make_database()) as service,
        ordered.ready(service, name="kept-elsewhere") as cluster,
    ):
        assert not list(service.state.glob("*.db"))
        assert [each["type"] for each in cluster.events()].count("cluster:ordered") == 1
        cluster.run(ordered.web("web-0", labels={"app": "web"}), ordered.service_of("web", {"app": "web"}))
        url = "http://web.default.svc.cluster.local/hostname"
        asked = waiting.until(lambda: cluster.fetch("web-0", url), "the pod", ignore=ordered.KubectlFailed)
        assert asked == "web-0"

        (pool,) = cluster.pools()
        path = f"{cluster.path}/nodepool/{pool['id']}"
        service.api.put(path, desiredNodes=2)
        cluster.wait_ready()
        assert len(cluster.find("nodes")["items"]) == 2

        before = cluster.programs()
        service.kill()
        assert cluster.fetch("web-0", url) == "web-0"
        service.start()
        cluster.wait_ready()

        server.kill()
        assert cluster.fetch("web-0", url) == "web-0"
        server.start()
        waiting.until(lambda: cluster.see()["status"] == "READY", "PostgreSQL used again", ignore=Exception)
        assert cluster.programs() == before
        service.api.put(path, desiredNodes=1)
        cluster.wait_ready()
        assert len(cluster.find("nodes")["items"]) == 1
        cluster.delete()
        assert not cluster.places.folder.exists()
