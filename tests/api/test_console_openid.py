"""The console's door by an OpenID provider: whom it lets in, and that nobody comes back in another's place."""

import dataclasses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from steward.domain import errors, people
from steward.ports import openid
from tests.api import serving, visiting

ISSUER = "https://id.example"
OWNER, STAFF = "owner@example.org", "staff@example.org"


class Provider:
    """Proves whom a code names."""

    name = "Example ID"
    issuer = ISSUER

    def __init__(self) -> None:
        self.codes: dict[str, openid.Claims] = {}
        self.attempts: list[openid.Attempt] = []
        self.away = False

    async def address(self, attempt: openid.Attempt) -> str:
        if self.away:
            raise errors.Unavailable("The sign-in provider does not answer", code="OPENID_UNAVAILABLE")
        return f"{ISSUER}/auth?state={attempt.state}&nonce={attempt.nonce}"

    async def claims(self, attempt: openid.Attempt, code: str) -> openid.Claims:
        self.attempts.append(attempt)
        if code not in self.codes:
            raise errors.Unauthenticated("It did not accept the code", code="OPENID_REFUSED")
        return self.codes[code]

    def knows(self, email: str, *, subject: str = "", verified: bool = True, second_factor: bool = False) -> str:
        """The code that a sign-in there ends with."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = openid.Claims(
            issuer=ISSUER,
            subject=subject or email,
            email=email,
            email_verified=verified,
            second_factor=second_factor,
        )
        return code


def run(folder: Path, story: Any) -> None:
    provider = Provider()

    async def within(service: serving.Service) -> None:
        await story(service, provider)

    serving.run(folder, within, openid=provider)


async def there(browser: visiting.Browser, path: str = "/console/openid") -> dict[str, str]:
    """As far as the provider's page; what its address holds."""
    answer = await browser.http.get(path)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{ISSUER}/auth?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def back(browser: visiting.Browser, **said: str) -> visiting.Page:
    return await browser.see(f"/console/openid/back?{httpx2.QueryParams(said)}")


async def entered(service: serving.Service, code: str, path: str = "/console/openid") -> visiting.Page:
    browser = visiting.Browser(service)
    asked = await there(browser, path)
    return await back(browser, code=code, state=asked["state"])


async def person(service: serving.Service, email: str) -> people.Person:
    async with service.records.read() as work:
        found = await work.people.by_key(email)
    assert found is not None
    return found


def test_an_invited_person_comes_in_without_a_password(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        asked = await service.call("POST", "/native/people", {"email": OWNER, "role": "owner"}, prefix="")
        invitation = asked.body["invitation"]
        page = await visiting.Browser(service).see("/console/sign-in?next=/console/tickets")
        link = next(each for each in page.links if each.startswith("/console/openid"))
        assert "Sign in with Example ID" in page.text
        page = await entered(service, provider.knows(OWNER.upper()), link)
        assert (page.status, page.path) == (200, "/console/tickets")
        found = await person(service, OWNER)
        assert (found.status, found.role) == (people.Status.ACTIVE, people.Role.OWNER)
        used = await visiting.Browser(service).see(f"/console/password?token={invitation}")
        assert "not valid" in used.text

    run(tmp_path, story)


def test_the_subject_counts_from_then_on(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.put_customer(service, OWNER)
        assert (await entered(service, provider.knows(OWNER, subject="7"))).status == 200
        for moved in ("other@example.org", "", OWNER):
            page = await entered(service, provider.knows(moved, subject="7", verified=False))
            assert page.path == "/console/inbox", page.text
        taken = await entered(service, provider.knows(OWNER, subject="8"))
        assert (taken.status, "another account at the provider" in taken.text) == (401, True)
        found = await person(service, OWNER)
        reset = await service.call("POST", f"/native/people/{found.id}/reset", {}, prefix="")
        assert reset.status == 200
        assert (await entered(service, provider.knows(OWNER, subject="8"))).path == "/console/inbox"
        lost = await entered(service, provider.knows("", subject="7"))
        assert lost.status == 401

    run(tmp_path, story)


@pytest.mark.parametrize("how", ["unknown", "unverified", "suspended", "closed"])
def test_who_is_not_let_in(tmp_path: Path, how: str) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.put_customer(service, "first@example.org")
        known = await visiting.put_customer(service, OWNER)
        code = provider.knows("nobody@example.org" if how == "unknown" else OWNER, verified=how != "unverified")
        if how in ("suspended", "closed"):
            assert (await entered(service, code)).path == "/console/inbox"
            async with service.records.begin() as work:
                await work.people.put(dataclasses.replace(known, status=people.Status(how)))
        page = await entered(service, code)
        assert (page.status, page.path.partition("?")[0]) == (401, "/console/openid/back")
        assert page.has_form("/sign-in")
        assert ("suspended" if how == "suspended" else "invited") in page.text
        async with service.records.read() as work:
            assert len(await work.people.of("ab1-local")) == 2

    run(tmp_path, story)


def test_staff_give_their_code_unless_the_provider_saw_one(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.staff(service, STAFF)
        browser = visiting.Browser(service)
        asked = await there(browser)
        page = await back(browser, code=provider.knows(STAFF), state=asked["state"])
        assert page.path.startswith("/console/code")
        wrong = await browser.submit(page.form("/code"), code="000000")
        assert wrong.status == 401
        page = await browser.submit(page.form("/code"), code=await visiting.code_of(service, STAFF))
        assert page.path == "/console/inbox"
        assert (await entered(service, provider.knows(STAFF, second_factor=True))).path == "/console/inbox"

    run(tmp_path, story)


def test_invited_staff_need_a_second_factor_first(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.invited(service, STAFF, "support")
        page = await entered(service, provider.knows(STAFF))
        assert (page.status, "second factor" in page.text) == (401, True)
        assert (await person(service, STAFF)).status is people.Status.INVITED
        assert (await entered(service, provider.knows(STAFF, second_factor=True))).path == "/console/inbox"

    run(tmp_path, story)


def test_what_it_says_of_such_a_session(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.put_customer(service, OWNER)
        browser = visiting.Browser(service)
        asked = await there(browser)
        await back(browser, code=provider.knows(OWNER), state=asked["state"])
        session = browser.http.cookies["steward-session"]
        details = await service.operator("GET", "/1.0/auth/details", token=session)
        assert (details.body["method"], details.body["user"]) == ("provider", OWNER)
        ledger = str((await service.call("GET", f"/native/projects/{service.project}/ledger/entries", prefix="")).body)
        assert "signs in by the OpenID provider from now on" in ledger

    run(tmp_path, story)


def test_nobody_comes_back_in_anothers_place(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.put_customer(service, OWNER)
        code = provider.knows(OWNER)
        ours, theirs = visiting.Browser(service), visiting.Browser(service)
        asked, foreign = await there(ours), await there(theirs)
        assert asked["state"] != foreign["state"]
        assert asked["nonce"] != asked["state"]
        for browser, state in ((visiting.Browser(service), asked["state"]), (theirs, asked["state"]), (ours, "")):
            page = await back(browser, code=code, state=state)
            assert (page.status, "was not begun in this browser" in page.text) == (401, True)
        assert provider.attempts == []
        asked = await there(ours)
        other = await back(ours, code=code, state=asked["state"], iss="https://evil.example")
        assert other.status == 401
        asked = await there(ours)
        assert (await back(ours, code=code, state=asked["state"], iss=ISSUER)).path == "/console/inbox"
        again = await back(ours, code=code, state=asked["state"])
        assert again.status == 401
        (attempt,) = provider.attempts
        assert attempt.back_to == f"{serving.BASE}/console/openid/back"
        assert len(attempt.verifier) == 43
        assert len({attempt.state, attempt.nonce, attempt.verifier}) == 3

    run(tmp_path, story)


def test_a_sign_in_that_took_too_long(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        answer = await visiting.Browser(service).http.get("/console/openid")
        cookie = answer.headers.get_list("set-cookie")
        (own,) = [each.lower() for each in cookie if each.startswith("steward-openid")]
        assert "max-age=600" in own
        assert "httponly" in own
        assert "samesite=lax" in own

    run(tmp_path, story)


@pytest.mark.parametrize("said", [{"error": "access_denied"}, {"error": "<script>"}, {}, {"code": "unknown"}])
def test_a_provider_that_says_no(tmp_path: Path, said: dict[str, str]) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        browser = visiting.Browser(service)
        asked = await there(browser, "/console/openid?next=/console/you")
        page = await back(browser, state=asked["state"], **said)
        assert (page.status, page.has_form("/sign-in")) == (401, True)
        assert "<script" not in page.source
        assert page.form("/sign-in").fields["next"] == "/console/you"

    run(tmp_path, story)


def test_passwords_work_while_the_provider_is_away(tmp_path: Path) -> None:
    async def story(service: serving.Service, provider: Provider) -> None:
        await visiting.put_customer(service, OWNER)
        provider.away = True
        browser = visiting.Browser(service)
        page = await browser.see("/console/openid")
        assert (page.status, "does not answer" in page.text) == (503, True)
        page = await browser.submit(page.form("/sign-in"), email=OWNER, password=visiting.PASSWORD)
        assert page.path == "/console/inbox"

    run(tmp_path, story)


def test_without_a_provider_there_is_no_such_door(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = visiting.Browser(service)
        assert "Sign in with" not in (await browser.see("/console/sign-in")).text
        for path in ("/console/openid", "/console/openid/back?code=x&state=y"):
            assert (await browser.see(path)).status in (401, 404)

    serving.run(tmp_path, story)
