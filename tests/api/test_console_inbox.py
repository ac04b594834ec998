"""The console's inbox: each party has its own, and marking a notice as seen is the party's receipt."""

from pathlib import Path

from steward.domain import notices
from steward.operations import notices as notices_
from tests.api import serving, visiting


async def the_notice(service: serving.Service) -> notices.Notice:
    """The latest of the account's."""
    found = await notices_.inbox(visiting.context_of(service), visiting.CUSTOMER)
    return found.items[0].notice


def test_seeing_a_notice_is_the_partys_receipt(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        notice = await the_notice(service)
        page = await browser.see("/console/inbox")
        assert notice.title in page.text
        assert notice.activity in page.text
        assert "To be received by" in page.text
        async with service.records.read() as work:
            owed = await work.receipts.get(notice.id)
        assert owed is not None
        assert owed.received_at is None
        page = await browser.submit(page.form(f"/{notice.id}/seen"))
        assert page.path == "/console/inbox?done=seen"
        assert not page.has_form(f"/{notice.id}/seen")
        assert "you saw it" in page.text
        async with service.records.read() as work:
            had = await work.receipts.get(notice.id)
        assert had is not None
        assert had.received_at == service.clock.now()
        assert had.channel is notices.Channel.INBOX

    serving.run(tmp_path, story)


def test_looking_is_no_receipt(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        notice = await the_notice(service)
        for path in ("/console/inbox", "/console/inbox?show=all", f"/console/inbox/{notice.id}/seen"):
            await browser.see(path)
        async with service.records.read() as work:
            owed = await work.receipts.get(notice.id)
        assert owed is not None
        assert owed.received_at is None

    serving.run(tmp_path, story)


def test_the_inbox_has_pages(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        staff = await visiting.staff(service)
        for number in range(60):
            await visiting.reported(service, f"Number {number:02}")
        page = await staff.see("/console/inbox?show=all")
        shown = [each for each in range(60) if f"Number {each:02}" in page.text]
        (older,) = [each for each in page.links if "before=" in each]
        page = await staff.see(older)
        rest = [each for each in range(60) if f"Number {each:02}" in page.text]
        assert shown[-1] == 59
        assert sorted({*shown, *rest}) == list(range(60))
        assert (await staff.see("/console/inbox?show=all&before=nonsense")).status == 400

    serving.run(tmp_path, story)


def test_each_party_has_an_inbox_of_its_own(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        other = await visiting.stranger(service)
        await visiting.reported(service)
        async with service.records.read() as work:
            (told,) = [each for each in await work.notices.of("provider") if each.type == "ticket:opened"]
        assert told.id in (await staff.see("/console/inbox")).source
        assert told.id not in (await owner.see("/console/inbox?show=all")).source
        notice = await the_notice(service)
        assert notice.id not in (await staff.see("/console/inbox?show=all")).source
        for browser, theirs in ((owner, told), (other, told), (staff, notice), (other, notice)):
            form = (await browser.see("/console/you")).form("/mail")
            page = await browser.post(f"/console/inbox/{theirs.id}/seen", form.fields)
            assert page.status == 404
            assert theirs.title not in page.text
        async with service.records.read() as work:
            for each in (told, notice):
                kept = await work.notices.get(each.id)
                assert kept is not None
                assert kept.seen == {}

    serving.run(tmp_path, story)


def test_how_one_wants_to_be_told(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner = await visiting.customer(service)
        form = (await owner.see("/console/you")).form("/mail")
        assert (await owner.submit(form, on="yes", least="loud")).status == 400
        await owner.submit(form, on="yes", least="warning", digest="yes")
        async with service.records.read() as work:
            (kept,) = await work.preferences.all()
        assert (kept.channel, kept.least, kept.digest) == (notices.Channel.MAIL, notices.Severity.WARNING, True)
        await owner.submit(form)
        async with service.records.read() as work:
            assert await work.preferences.all() == []

    serving.run(tmp_path, story)
