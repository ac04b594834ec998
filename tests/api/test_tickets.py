"""Tickets and incidents on the wire: who may open, answer and close, and who reads what."""

from datetime import timedelta
from pathlib import Path

from steward.domain import clusters, evidence, tickets
from steward.reconcile.evidence import availability
from tests.api import persons, serving

REPORT = {"title": "Nodes are slow", "text": "Since this morning.", "severity": "high"}


def test_a_ticket_from_its_opening_to_its_end(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        path = f"/native/projects/{service.project}/tickets"
        for wrong in ({"severity": "loud"}, {"title": " "}, {"text": ""}, {"cluster": "no"}):
            answer = await service.call("POST", path, {**REPORT, **wrong}, prefix="")
            assert answer.status in (400, 404), wrong
        made = await service.call("POST", path, {**REPORT, "cluster": cluster}, prefix="")
        assert made.status == 200, made.text
        ticket = made.body["id"]
        assert (made.body["status"], made.body["cluster"]) == ("open", cluster)
        heard = await susi.call("POST", f"{path}/{ticket}/acknowledge")
        assert (heard.body["status"], heard.body["acknowledgedBy"]) == ("acknowledged", susi.email)
        await susi.call("POST", f"{path}/{ticket}/messages", {"text": "We look."})
        told = await service.call("POST", f"{path}/{ticket}/messages", {"text": "Thank you."}, prefix="")
        assert [each["party"] for each in told.body["messages"]] == ["customer", "provider", "customer"]
        over = await service.call("POST", f"{path}/{ticket}/close", prefix="")
        assert over.body["status"] == "closed"
        assert (await susi.call("POST", f"{path}/{ticket}/messages", {"text": "More"})).status == 409
        async with service.records.read() as work:
            known = [each.type for each in await work.events.of_cluster(clusters.ClusterId(cluster))]
            mine = [each.type for each in await work.notices.of(service.project)]
            theirs = [each.type for each in await work.notices.of("provider")]
        assert [each for each in known if each.startswith("ticket:")] == [
            "ticket:opened",
            "ticket:acknowledged",
            "ticket:answered",
            "ticket:added",
            "ticket:closed",
        ]
        assert "ticket:answered" in mine
        assert "ticket:opened" in theirs

    serving.run(tmp_path, story)


def test_the_provider_opens_none_in_the_customers_name(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/native/projects/{service.project}/tickets"
        refused = await service.operator("POST", path, REPORT)
        assert (refused.status, refused.body["details"]["activity"]) == (403, "3.2.1-1")
        made = await service.call("POST", path, REPORT, prefix="")
        ticket = made.body["id"]
        own = await service.call("POST", f"{path}/{ticket}/acknowledge", prefix="")
        assert (own.status, own.body["details"]["activity"]) == (403, "3.2.1-3")
        link = await service.call("POST", f"{path}/{ticket}/incident", {"incident": ticket}, prefix="")
        assert link.status == 403
        vera = await persons.present(service, "viewer")
        assert (await vera.call("POST", path, REPORT)).status == 403
        assert (await vera.call("GET", f"{path}/{ticket}")).status == 200

    serving.run(tmp_path, story)


def test_nobody_reads_anothers_tickets(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/native/projects/{service.project}/tickets"
        ticket = (await service.call("POST", path, REPORT, prefix="")).body["id"]
        theirs, keys = await service.customer_of("zz9-local")
        for where in (path, f"{path}/{ticket}", f"/native/projects/{theirs}/tickets/{ticket}", "/native/tickets"):
            assert (await service.call("GET", where, prefix="", keys=keys)).status == 404, where
        everybodys = await service.operator("GET", "/native/tickets?unanswered=true")
        assert [each["id"] for each in everybodys.body] == [ticket]

    serving.run(tmp_path, story)


def test_an_operators_incident_is_shown_to_whom_it_hits(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        mine = (await service.ready())["id"]
        theirs, keys = await service.customer_of("zz9-local")
        other = await service.call("POST", f"/cloud/project/{theirs}/kube", {"region": "LOCAL1"}, keys=keys)
        body = {"title": "A disk fails", "clusters": [mine, other.body["id"]]}
        assert (await susi.call("POST", "/native/incidents", body)).status == 403, "operators open"
        assert (await service.call("POST", "/native/incidents", body, prefix="")).status == 403
        for wrong in ([], [mine, "nothing"], ["11111111-2222-4333-8444-555555555555"]):
            assert (await service.operator("POST", "/native/incidents", {**body, "clusters": wrong})).status == 400
        made = await service.operator("POST", "/native/incidents", body)
        assert made.status == 200, made.text
        incident = made.body["id"]
        shown = await service.call("GET", f"/native/projects/{service.project}/incidents", prefix="")
        assert [each["affected"] for each in shown.body] == [[mine]], "of the other customer nothing is seen"
        assert other.body["id"] not in shown.text
        assert (await service.call("GET", f"/native/incidents/{incident}", prefix="")).status == 404
        assert (await service.call("GET", "/native/incidents", prefix="")).status == 404
        told = await susi.call(
            "POST", f"/native/incidents/{incident}/updates", {"text": "It is replaced", "cause": "disk"}
        )
        assert (told.body["cause"], told.body["timeline"][-1]["activity"]) == ("disk", "3.2.1-3")
        over = await service.operator("POST", f"/native/incidents/{incident}/resolve", {"note": "Replaced"})
        assert (over.body["status"], over.body["affected"]) == ("resolved", [])
        assert (await service.operator("POST", f"/native/incidents/{incident}/resolve", {"note": "x"})).status == 409
        async with service.records.read() as work:
            notices = [each.type for each in await work.notices.of(theirs)]
        assert notices.count("incident:opened") == 1
        assert notices.count("incident:resolved") == 1

    serving.run(tmp_path, story)


def test_acknowledged_in_time_is_the_evidence(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        path = f"/native/projects/{service.project}/tickets"

        async def saw() -> evidence.Outcome:
            async with service.records.read() as work:
                found = await work.tickets.of(service.project)
            return availability.acknowledged(found, service.clock.now()).outcome

        assert await saw() is evidence.Outcome.NOT_APPLICABLE
        first = (await service.call("POST", path, REPORT, prefix="")).body["id"]
        assert await saw() is evidence.Outcome.UNKNOWN
        await susi.call("POST", f"{path}/{first}/acknowledge")
        assert await saw() is evidence.Outcome.PROVEN
        await service.call("POST", path, {**REPORT, "severity": "critical"}, prefix="")
        await service.clock.sleep(tickets.ACKNOWLEDGED_WITHIN[tickets.Severity.CRITICAL] / timedelta(seconds=1) + 1)
        assert await saw() is evidence.Outcome.BREACHED

    serving.run(tmp_path, story)
