"""Break-glass in the console: consent, denial, a second person, review."""

from pathlib import Path

from steward.domain import accesses
from tests.api import serving, visiting

OWNER, STAFF = "owner@example.org", "staff@example.org"


def test_the_customer_consents_to_an_access_and_ends_it(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        viewer = await visiting.customer(service, "viewer@example.org", "viewer")
        cluster = await service.ready(name="shop")
        asked = await visiting.access_asked_for(service, cluster["id"], STAFF, reason=visiting.HOSTILE)

        assert "1 request of the provider" in (await owner.see("/console/inbox")).text
        for browser in (viewer, staff):
            page = await browser.see("/console/accesses")
            assert asked.id in page.source
            assert not page.has_form(f"/{asked.id}/approve")
            fields = (await browser.see("/console/you")).form("/mail").fields
            page = await browser.post(f"/console/accesses/{service.project}/{asked.id}/approve", fields)
            assert page.status == 403
        page = await owner.see("/console/accesses")
        assert visiting.HOSTILE in page.text
        assert "reads, without Secrets and pod logs" in page.text
        page = await owner.submit(page.form(f"/{asked.id}/approve"))
        assert page.path == "/console/accesses?done=approved"
        page = await owner.submit(page.form(f"/{asked.id}/end"))
        assert page.path == "/console/accesses?done=ended"
        async with service.records.read() as work:
            ended = await work.accesses.get(asked.id)
        assert ended is not None
        assert ended.status is accesses.Status.ENDING
        assert (ended.approved_by, ended.ended_by) == (OWNER, OWNER)

    serving.run(tmp_path, story)


def test_the_customer_denies_an_access(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, _ = await visiting.customer(service), await visiting.staff(service)
        cluster = await service.ready(name="shop")
        asked = await visiting.access_asked_for(service, cluster["id"], STAFF)
        form = (await owner.see("/console/accesses")).form(f"/{asked.id}/deny")
        page = await owner.submit(form)
        assert page.path == "/console/accesses?done=denied"
        assert (await owner.submit(form)).status == 409
        async with service.records.read() as work:
            denied = await work.accesses.get(asked.id)
        assert denied is not None
        assert denied.status is accesses.Status.DENIED

    serving.run(tmp_path, story)


def test_an_emergency_takes_a_second_person_of_the_provider(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        first = await visiting.staff(service)
        second = await visiting.staff(service, "second@example.org")
        cluster = await service.ready(name="shop")
        asked = await visiting.access_asked_for(service, cluster["id"], STAFF, emergency=True)
        assert not (await first.see("/console/accesses")).has_form(f"/{asked.id}/approve-emergency")
        form = (await second.see("/console/accesses")).form(f"/{asked.id}/approve-emergency")
        token = (await first.see("/console/you")).form("/mail").fields
        assert (await first.post(form.action, token)).status in (403, 409)
        assert (await second.submit(form)).path == "/console/accesses?done=approved"

    serving.run(tmp_path, story)


def test_the_customer_reviews_what_was_done(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, _ = await visiting.customer(service), await visiting.staff(service)
        cluster = await service.ready(name="shop")
        asked = await visiting.access_asked_for(service, cluster["id"], STAFF)
        now = service.clock.now()
        over = accesses.ending(accesses.approved(asked, visiting.CUSTOMER, now), "its time", now)
        async with service.records.begin() as work:
            await work.accesses.put(accesses.ended(over, "401 Unauthorized", now, ("get pods shop/web 200",)))
        page = await owner.see("/console/accesses")
        for shown in ("get pods shop/web 200", "void: 401 Unauthorized", "owed by"):
            assert shown in page.text
        form = page.form(f"/{asked.id}/review")
        assert (await owner.submit(form, verdict="disputed", text="")).status == 400
        page = await owner.submit(form, verdict="disputed", text="Nobody had to look there")
        assert page.path == "/console/accesses?done=reviewed"
        assert "Nobody had to look there" in page.text
        assert not page.has_form(f"/{asked.id}/review")

    serving.run(tmp_path, story)
