"""What keeps strangers' pages from using a session, and the console's own pages from showing more than they should."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.api import serving, visiting

OWNER, STAFF = "owner@example.org", "staff@example.org"
PAGES = ("inbox", "clusters", "contract", "accesses", "delegations", "tickets", "tickets/new", "you", "nonsense")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/console/inbox",
        "/console/..//evil.example",
        "/console/\\evil.example",
        "/\\evil.example",
        "/console/inbox\r\nset-cookie: a=b",
        "/console/inbox#@evil.example",
        "/native/me",
        "javascript:alert(1)",
        "/console/" + "a" * 600,
    ],
)
def test_nobody_is_led_elsewhere(tmp_path: Path, elsewhere: str) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        browser = visiting.Browser(service)
        page = await browser.see("/console/sign-in")
        form = page.form("/sign-in")
        form.fields["next"] = elsewhere
        page = await browser.submit(form, email=OWNER, password=visiting.PASSWORD)
        assert page.path == "/console/inbox"
        at = await visiting.Browser(service).http.get("/console/sign-in", params={"next": elsewhere})
        assert elsewhere not in at.text

    serving.run(tmp_path, story)


@pytest.mark.parametrize(("base", "tls"), [(serving.BASE, False), ("https://steward.test", True)])
def test_cookies_are_out_of_reach(tmp_path: Path, base: str, tls: bool) -> None:
    async def story(service: serving.Service) -> None:
        email = OWNER if tls else STAFF
        if tls:
            await visiting.put_customer(service, OWNER)
        else:
            await visiting.staff(service)
        browser = visiting.Browser(service, base)
        page = await browser.sign_in(email)
        if not tls:
            await browser.submit(page.form("/code"), code=await visiting.code_of(service, email))
        given = {
            each.partition("=")[0]: each.lower() for each in browser.set_cookies if "max-age=0" not in each.lower()
        }
        prefix = "__Host-" if tls else ""
        expected = ["steward-form", "steward-session"] if tls else ["steward-form", "steward-half", "steward-session"]
        assert sorted(given) == [prefix + name for name in expected]
        for name, text in given.items():
            assert "; httponly" in text
            assert "; path=/" in text
            assert "domain=" not in text
            assert ("; secure" in text) is tls
            assert ("; samesite=strict" if name.endswith("form") else "; samesite=lax") in text

    serving.run(tmp_path, story, base_url=base)


def test_forms_without_the_token_of_their_session_change_nothing(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        other = await visiting.customer(service, "second@example.org", "admin")
        form = (await browser.see("/console/you")).form("/mail")
        theirs = (await other.see("/console/you")).form("/mail")
        for fields in ({}, {"form": ""}, {"form": "0" * 64}, {"form": "ä"}, theirs.fields):
            page = await browser.post(form.action, {**fields, "on": "yes"})
            assert page.status == 403, fields
            assert "not from your session" in page.text
        for site in ("cross-site", "same-site"):
            page = await browser.post(form.action, {**form.fields, "on": "yes"}, **{"sec-fetch-site": site})
            assert page.status == 403
        sent = await browser.http.post(form.action, json={**form.fields, "on": "yes"})
        assert sent.status_code == 400
        async with service.records.read() as work:
            assert await work.preferences.all() == []
        page = await browser.post(form.action, {**form.fields, "on": "yes"}, **{"sec-fetch-site": "same-origin"})
        assert page.path == "/console/you?done=preferences"
        async with service.records.read() as work:
            assert len(await work.preferences.all()) == 1

    serving.run(tmp_path, story)


def test_nobody_is_signed_in_by_a_strangers_form(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        form = (await visiting.Browser(service).see("/console/sign-in")).form("/sign-in")
        victim = visiting.Browser(service)
        page = await victim.submit(form, email=OWNER, password=visiting.PASSWORD)
        assert page.status == 403
        assert "steward-session" not in victim.http.cookies

    serving.run(tmp_path, story)


def test_pages_let_nothing_else_in_and_are_kept_nowhere(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        cluster = await service.ready(name="shop")
        pages = [await browser.see(f"/console/{each}") for each in (*PAGES, f"clusters/{cluster['id']}/report")]
        pages += [await visiting.Browser(service).see(f"/console/{each}") for each in ("sign-in", "password")]
        for page in pages:
            assert page.headers["content-security-policy"] == (
                "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
                "frame-ancestors 'none'; base-uri 'none'"
            )
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["referrer-policy"] == "same-origin"
            assert page.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in page.headers
            assert not {"script", "style", "iframe", "object"} & set(page.tags), page.path
            assert not re.search(r'\s(style|on\w+)="', page.source), page.path
            outside = [
                each for each in re.findall(r'(?:href|src|action)="([^"]*)"', page.source) if each[:1] not in "/#"
            ]
            assert [each for each in outside if not each.startswith("data:")] == []
            assert {"h1", "main", "title", "header"} <= set(page.tags)
            assert page.tags.count("h1") == 1

    serving.run(tmp_path, story)


def test_the_style_may_be_kept(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        page = await visiting.Browser(service).see("/console/sign-in")
        (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.source)
        sheet = await service.http.get(address)
        assert sheet.headers["content-type"] == "text/css; charset=utf-8"
        assert "max-age" in sheet.headers["cache-control"]
        assert "url(" not in sheet.text
        assert "@import" not in sheet.text

    serving.run(tmp_path, story)


@pytest.mark.parametrize("path", ["/1.0/console/inbox", "/v1/console/sign-in"])
def test_the_apis_prefixes_lead_to_no_page(tmp_path: Path, path: str) -> None:
    async def story(service: serving.Service) -> None:
        assert (await service.http.get(path)).status_code == 404

    serving.run(tmp_path, story)


def test_what_breaks_is_a_page_that_shows_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("secret=hunter2")

        monkeypatch.setattr("steward.operations.notices.inbox", broken)
        page = await browser.see("/console/inbox")
        assert page.status == 500
        assert "hunter2" not in page.source
        assert "Query id LOCAL.ext-1." in page.text

    serving.run(tmp_path, story)


def test_forms_are_small(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        form = (await browser.see("/console/you")).form("/mail")
        many = {f"field{number}": "x" for number in range(100)}
        assert (await browser.post(form.action, {**form.fields, **many})).status == 400

    serving.run(tmp_path, story)


def test_no_cookies_no_sign_in(tmp_path: Path) -> None:
    """A browser that keeps none is told, and does not go in circles."""

    async def story(service: serving.Service) -> None:
        await visiting.customer(service)
        form = (await visiting.Browser(service).see("/console/sign-in")).form("/sign-in")
        bare = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=service.app), base_url=serving.BASE)
        sent = await bare.post(form.action, data={**form.fields, "email": OWNER, "password": visiting.PASSWORD})
        assert sent.status_code == 403
        await bare.aclose()

    serving.run(tmp_path, story)
