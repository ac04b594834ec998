"""Outages and availability on the wire: both parties read the same, dispute in their own name, and settle together."""

import uuid
from datetime import timedelta
from pathlib import Path

from steward.domain import availability, clusters, errors, incidents
from tests.api import persons, serving


async def outage(service: serving.Service, cluster: str, party: str) -> str:
    """Of a minute, seen by probes; not across the end of a month."""
    await service.clock.sleep(300)
    now = service.clock.now()
    made = incidents.Outage(
        id=str(uuid.uuid4()),
        project_id=service.project,  # type: ignore[arg-type]  # a text is one
        cluster_id=clusters.ClusterId(cluster),
        began_at=now - timedelta(seconds=60),
        ended_at=now,
        proposed_activity="3.2.1-4",
        proposed_party=party,
        grounds="It looks so",
    )
    first = availability.Sighting(at=now - timedelta(seconds=120))
    watch = availability.begun(made.cluster_id, first.at, first)
    for seconds, failure in ((120, ""), (60, ""), (0, "refused")):
        sighting = availability.Sighting(at=now - timedelta(seconds=seconds), failure=failure, answered_ms=4.0)
        watch = availability.seen(watch, sighting)
    async with service.records.begin() as work:
        await work.outages.put(made)
        await work.watches.put(watch)
    return made.id


def test_undecided_counts_against_the_provider_until_both_settle(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "operator")
        cluster = (await service.ready())["id"]
        here = f"/native/projects/{service.project}/kube/{cluster}"
        found = await outage(service, cluster, errors.CUSTOMER)

        async def bad() -> tuple[float, float]:
            answer = await service.call("GET", f"{here}/availability", prefix="")
            assert (await susi.call("GET", f"{here}/availability")).body == answer.body
            figures = answer.body["figures"]
            return figures["providerBadSeconds"], figures["customerBadSeconds"]

        assert await bad() == (0, 60)
        path = f"{here}/outages/{found}"
        empty = await service.call("POST", f"{path}/dispute", {"reason": " "}, prefix="")
        assert empty.status == 400
        told = await service.call("POST", f"{path}/dispute", {"reason": "We changed nothing"}, prefix="")
        assert (told.body["disputedBy"], told.body["countsAgainst"]) == ("customer", "provider")
        assert await bad() == (60, 0)
        assert (await susi.call("POST", f"{path}/dispute", {"reason": "You did"})).status == 409
        one = await susi.call("POST", f"{path}/settle", {"against": "customer"})
        assert one.body["settledParty"] == "", "one party alone settles nothing"
        assert await bad() == (60, 0)
        assert (await service.call("POST", f"{path}/settle", {"against": "nobody"}, prefix="")).status == 400
        both = await service.call("POST", f"{path}/settle", {"against": "customer"}, prefix="")
        assert both.body["settledParty"] == "customer"
        assert await bad() == (0, 60)
        assert (await susi.call("POST", f"{path}/settle", {"against": "provider"})).status == 409
        async with service.records.read() as work:
            known = [each.type for each in await work.events.of_cluster(clusters.ClusterId(cluster))]
        told_ = [each for each in known if each.startswith("outage:")]
        assert told_ == ["outage:disputed", "outage:judged", "outage:settled"]

    serving.run(tmp_path, story)


def test_who_may_not(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        vera, susi = await persons.present(service, "viewer"), await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        found = await outage(service, cluster, errors.CUSTOMER)
        path = f"/native/projects/{service.project}/kube/{cluster}/outages/{found}"
        assert (await vera.call("POST", f"{path}/dispute", {"reason": "no"})).status == 403
        assert (await vera.call("GET", path)).status == 200
        assert (await susi.call("POST", f"{path}/settle", {"against": "customer"})).status == 403
        theirs, keys = await service.customer_of("zz9-local")
        for where in (path, path.replace(service.project, theirs)):
            assert (await service.call("GET", where, prefix="", keys=keys)).status == 404

    serving.run(tmp_path, story)


def test_the_rules_are_published_to_both(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        mine = await service.call("GET", "/native/attribution", prefix="")
        assert mine.status == 200, mine.text
        assert mine.body == (await service.operator("GET", "/native/attribution")).body
        assert mine.body[-1]["rule"] == "nothing found"

    serving.run(tmp_path, story)


def test_where_nobody_looked_there_are_no_figures(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = (await service.ready())["id"]
        path = f"/native/projects/{service.project}/kube/{cluster}/availability"
        assert (await service.call("GET", path, prefix="")).body == {"figures": None, "hours": []}
        assert (await service.call("GET", f"{path}?month=2030", prefix="")).status == 400

    serving.run(tmp_path, story)
