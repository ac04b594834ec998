"""The page on which a customer grants what an application asked for, as browsers and as attackers use it."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from steward.domain import people
from steward.operations import sessions
from tests.api import pages, persons, serving

PATH = "/1.0/auth/validate"


async def asked(service: serving.Service, **fields: object) -> tuple[str, serving.Keys]:
    """The link, and what the application signs with."""
    wanted = {"accessRules": [{"method": "GET", "path": "/cloud/*"}], **fields}
    answer = await service.http.post(
        "/1.0/auth/credential", json=wanted, headers={"X-Ovh-Application": service.keys.application}
    )
    made = answer.json()
    return made["validationUrl"], serving.Keys(service.keys.application, service.keys.secret, made["consumerKey"])


def filled(page: httpx2.Response, person: persons.Person, **fields: Any) -> dict[str, Any]:
    form = {**pages.fields(page.text), "email": person.email, "password": persons.PASSWORD, "decision": "grant"}
    return {**form, **fields}


async def sessions_of(service: serving.Service, person: persons.Person) -> int:
    async with service.records.read() as work:
        held = await work.tokens.of(person.id)
    return sum(each.purpose is people.Purpose.SESSION and each.usable(service.clock.now()) for each in held)


def test_granted_and_sent_back_to_the_application(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, keys = await asked(service, redirection="https://x.example:8443/done?a=1")
        before = await sessions_of(service, ann)
        page = await service.http.get(link)
        answer = await service.http.post(PATH, data=filled(page, ann))
        assert (answer.status_code, answer.headers["location"]) == (303, "https://x.example:8443/done?a=1")
        assert (await service.call("GET", "/cloud/project", keys=keys)).body == [service.project]
        assert await sessions_of(service, ann) == before
        assert "pendingValidation" not in (await service.http.get(link)).text

    serving.run(tmp_path, story)


def test_refused(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, keys = await asked(service)
        page = await service.http.get(link)
        answer = await service.http.post(PATH, data=filled(page, ann, decision="refuse"))
        assert (answer.status_code, "was refused" in answer.text) == (200, True)
        assert (await service.call("GET", "/cloud/project", keys=keys)).body["errorCode"] == "INVALID_CREDENTIAL"

    serving.run(tmp_path, story)


def test_the_page_is_closed_to_everything_from_elsewhere(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        link, _ = await asked(
            service, redirection="https://x.example/", accessRules=[{"method": "GET", "path": "/<b>"}]
        )
        page = await service.http.get(link)
        policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == "'self' https://x.example"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "<b>" not in page.text.replace("<b>project", "")
        assert "&lt;b&gt;" in page.text
        for label in ("email", "password", "code"):
            assert f"<label for={label}>" in page.text
        assert "http://" not in page.text
        assert "<script" not in page.text

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "redirection",
    ["javascript:alert(1)", "data:text/html,x", "//x.example/", "https://a b/", "https://x';/", "nowhere"],
)
def test_no_browser_is_sent_to_strange_places(tmp_path: Path, redirection: str) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, _ = await asked(service, redirection=redirection)
        page = await service.http.get(link)
        assert "form-action 'self';" in page.headers["content-security-policy"]
        answer = await service.http.post(PATH, data=filled(page, ann))
        assert (answer.status_code, "location" in answer.headers) == (200, False)
        assert redirection not in answer.text

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "wrong wrong wrong"}, 401),
        ({"email": "nobody@x.example"}, 401),
        ({"email": ""}, 401),
        ({"decision": "perhaps"}, 400),
        ({"form": "0" * 64}, 403),
        ({"form": ""}, 403),
        ({"token": "0" * 64}, 404),
        ({"id": "99"}, 404),
        ({"id": "x"}, 404),
    ],
)
def test_wrong_forms_change_nothing(tmp_path: Path, changes: dict[str, str], status: int) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, keys = await asked(service)
        page = await service.http.get(link)
        answer = await service.http.post(PATH, data=filled(page, ann, **changes))
        assert answer.status_code == status
        assert persons.PASSWORD not in answer.text
        assert (await service.call("GET", "/cloud/project", keys=keys)).body["errorCode"] == "INVALID_CREDENTIAL"
        if status not in (404,):
            assert "role=alert" in answer.text
            assert (await service.http.post(PATH, data=filled(answer, ann))).status_code == 200

    serving.run(tmp_path, story)


def test_a_form_of_another_browser_is_refused(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, _ = await asked(service)
        page = await service.http.get(link)
        service.http.cookies.clear()
        answer = await service.http.post(PATH, data=filled(page, ann))
        assert answer.status_code == 403
        other, _ = await asked(service)
        second = await service.http.get(other)
        mixed = {**filled(second, ann), "form": pages.fields(page.text)["form"]}
        assert (await service.http.post(PATH, data=mixed)).status_code == 403

    serving.run(tmp_path, story)


@pytest.mark.parametrize("role", ["admin", "viewer", "operator"])
def test_only_owners_grant(tmp_path: Path, role: str) -> None:
    async def story(service: serving.Service) -> None:
        person = await persons.present(service, role)
        link, _ = await asked(service)
        page = await service.http.get(link)
        answer = await service.http.post(PATH, data=filled(page, person, code=await person.code()))
        assert (answer.status_code, "role=alert" in answer.text) == (403, True)

    serving.run(tmp_path, story)


def test_the_page_counts_failures_like_any_sign_in(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        link, _ = await asked(service)
        for _ in range(sessions.MOST_FAILURES):
            page = await service.http.get(link)
            await service.http.post(PATH, data=filled(page, ann, password="wrong wrong wrong"))
        assert (await ann.signs_in()).body["errorCode"] == "SIGN_IN_LOCKED"

    serving.run(tmp_path, story)


def test_what_is_no_form_is_refused(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for content, kind in (
            (b"{}", "application/json"),
            (b"a=1&" * 50, "application/x-www-form-urlencoded"),
            (b"", ""),
        ):
            answer = await service.http.post(PATH, content=content, headers={"content-type": kind})
            assert answer.status_code == 400
        odd = await service.http.post(
            PATH, content=b"\xff\x00=%ff", headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert odd.status_code == 404
        link, _ = await asked(service)
        assert parse_qs(urlsplit(link).query).keys() == {"id", "token"}

    serving.run(tmp_path, story)
