"""The console's door: signing in and out, and what a session and half of one are good for."""

import dataclasses
import re
from pathlib import Path

from steward.domain import people
from steward.operations import sessions
from tests.api import serving, visiting

OWNER, STAFF = "owner@example.org", "staff@example.org"


def test_signing_in_leads_to_the_page_that_was_asked_for(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        browser = visiting.Browser(service)
        asked = await browser.see("/console/tickets?show=all")
        assert asked.path.startswith("/console/sign-in?next=")
        page = await browser.submit(asked.form("/sign-in"), email=OWNER, password=visiting.PASSWORD)
        assert (page.status, page.path) == (200, "/console/tickets?show=all")
        assert OWNER in page.text

    serving.run(tmp_path, story)


def test_a_wrong_password_and_an_unknown_address_are_told_alike(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        compared = visiting.context_of(service).passwords
        seen = []
        for email in (OWNER, "nobody@example.org"):
            before = compared.compared  # type: ignore[attr-defined]
            page = await visiting.Browser(service).sign_in(email, "not the password at all")
            assert compared.compared == before + 1  # type: ignore[attr-defined]
            assert page.status == 401
            seen.append(re.sub('name="form" value="[0-9a-f]+"', "", page.source.replace(email, "")))
        assert seen[0] == seen[1]
        assert "The address or the password is not right" in seen[0]

    serving.run(tmp_path, story)


def test_too_many_failures_lock_an_address_out_and_say_so(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        for email in (OWNER, "nobody@example.org"):
            for _ in range(sessions.MOST_FAILURES):
                await visiting.Browser(service).sign_in(email, "not the password at all")
            page = await visiting.Browser(service).sign_in(email)
            assert page.status == 401
            assert "try again in 15 minutes" in page.text
        await service.clock.sleep(sessions.LOCKED_FOR.total_seconds())
        await visiting.Browser(service).enter(OWNER)

    serving.run(tmp_path, story)


def test_staff_sign_in_with_a_second_factor(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.staff(service)
        browser = visiting.Browser(service)
        page = await browser.sign_in(STAFF)
        assert (page.status, page.path) == (200, "/console/code?next=%2Fconsole%2Finbox")
        assert visiting.PASSWORD not in page.source
        assert (await browser.see("/console/inbox")).path.startswith("/console/sign-in")
        page = await browser.submit(page.form("/code"), code="000000")
        assert page.status == 401
        assert "The code is not right" in page.text
        page = await browser.submit(page.form("/code"), code="")
        assert page.status == 401
        code = await visiting.code_of(service, STAFF)
        page = await browser.submit(page.form("/code"), code=code)
        assert (page.status, page.path) == (200, "/console/inbox")

        again = visiting.Browser(service)
        page = await again.sign_in(STAFF)
        page = await again.submit(page.form("/code"), code=code)
        assert page.status == 401
        assert "was used already" in page.text

    serving.run(tmp_path, story)


def test_wrong_codes_lock_out_as_wrong_passwords_do(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.staff(service)
        browser = visiting.Browser(service)
        page = await browser.sign_in(STAFF)
        for _ in range(sessions.MOST_FAILURES):
            page = await browser.submit(page.form("/code"), code="000000")
        page = await browser.submit(page.form("/code"), code=await visiting.code_of(service, STAFF))
        assert "try again in 15 minutes" in page.text

    serving.run(tmp_path, story)


def test_half_a_sign_in_ends_soon(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.staff(service)
        browser = visiting.Browser(service)
        page = await browser.sign_in(STAFF)
        await service.clock.sleep(5 * 60 + 1)
        page = await browser.submit(page.form("/code"), code=await visiting.code_of(service, STAFF))
        assert page.path == "/console/sign-in?done=too-late"
        assert "took too long" in page.text

    serving.run(tmp_path, story)


def test_half_a_sign_in_is_good_for_nothing_else(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.staff(service)
        browser = visiting.Browser(service)
        await browser.sign_in(STAFF)
        half = browser.http.cookies["steward-half"]
        thief = visiting.Browser(service)
        thief.http.cookies.set("steward-session", half)
        assert (await thief.see("/console/inbox")).path.startswith("/console/sign-in")
        refused = await service.http.get("/native/me", headers={"authorization": f"Bearer {half}"})
        assert refused.status_code == 403

    serving.run(tmp_path, story)


def test_signing_out_ends_the_session_and_not_only_the_cookie(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        secret = browser.http.cookies["steward-session"]
        assert (await browser.see("/console/sign-out")).status == 404
        page = await browser.see("/console/inbox")
        page = await browser.submit(page.form("/sign-out"))
        assert page.path == "/console/sign-in?done=signed-out"
        assert "steward-session" not in browser.http.cookies
        browser.http.cookies.set("steward-session", secret)
        assert (await browser.see("/console/inbox")).path.startswith("/console/sign-in")

    serving.run(tmp_path, story)


def test_a_session_ends_with_its_time_and_with_its_person(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        await service.clock.sleep(sessions.LIFETIME.total_seconds() + 1)
        assert (await browser.see("/console/inbox")).path.startswith("/console/sign-in")
        await browser.enter(OWNER)
        async with service.records.begin() as work:
            person = await work.people.by_key(OWNER)
            assert person is not None
            await work.people.put(dataclasses.replace(person, status=people.Status.SUSPENDED))
        assert (await browser.see("/console/inbox")).path.startswith("/console/sign-in")
        page = await browser.sign_in(OWNER)
        assert page.status == 401
        assert "You are suspended" in page.text

    serving.run(tmp_path, story)
