"""A browser without a screen: keeps cookies, follows redirects, fills in the forms that are on the page."""

import dataclasses
import uuid
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2

from steward.api import edge
from steward.domain import accesses, actors, people, projects
from steward.kit import totp
from steward.operations import accesses as accesses_
from steward.operations import context, sessions, tickets
from tests.api import serving

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='alert(2)'>{{ 7*7 }}"
CUSTOMER = actors.customer(projects.AccountId("ab1-local"))
MOST_REDIRECTS = 5


@dataclasses.dataclass
class Form:
    method: str = ""
    action: str = ""
    fields: dict[str, str] = dataclasses.field(default_factory=dict)


class _Reader(HTMLParser):
    """Forms, links, and the elements by name; text as a person would read it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "form":
            self.forms.append(Form(given.get("method", "get"), given.get("action", "")))
        if tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag == "a":
            self.links.append(given.get("href", ""))

    def handle_data(self, data: str) -> None:
        self.text += data


class Page:
    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.path = str(response.url).removeprefix(serving.BASE)
        self.source = response.text
        read = _Reader()
        read.feed(response.text)
        self.forms, self.links, self.tags = read.forms, read.links, read.tags
        self.text = " ".join(read.text.split())

    def form(self, action: str) -> Form:
        """The first one whose address ends so."""
        return next(each for each in self.forms if each.action.endswith(action))

    def has_form(self, action: str) -> bool:
        return any(each.action.endswith(action) for each in self.forms)


class Browser:
    def __init__(self, service: serving.Service, base: str = serving.BASE) -> None:
        self.service = service
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=service.app), base_url=base)
        self.set_cookies: list[str] = []

    async def see(self, path: str, **headers: str) -> Page:
        return await self._followed(await self.http.get(path, headers=headers))

    async def submit(self, form: Form, **fields: str) -> Page:
        return await self.post(form.action, {**form.fields, **fields})

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        return await self._followed(await self.http.post(path, data=fields, headers=headers))

    async def _followed(self, response: httpx2.Response) -> Page:
        for _ in range(MOST_REDIRECTS):
            self.set_cookies += response.headers.get_list("set-cookie")
            if response.status_code != 303:
                return Page(response)
            where = response.headers["location"]
            assert not urlsplit(where).netloc, where
            response = await self.http.get(where)
        raise AssertionError("too many redirects")

    async def sign_in(self, email: str, password: str = PASSWORD, *, at: str = "/console/sign-in") -> Page:
        page = await self.see(at)
        return await self.submit(page.form("/sign-in"), email=email, password=password)

    async def enter(self, email: str) -> "Browser":
        """Signed in, with the second factor where there is one."""
        page = await self.sign_in(email)
        if page.path.startswith("/console/code"):
            page = await self.submit(page.form("/code"), code=await code_of(self.service, email))
        assert page.status == 200, page.text
        assert page.path == "/console/inbox", page.text
        return self

    async def close(self) -> None:
        await self.http.aclose()


def context_of(service: serving.Service) -> context.Context:
    """For what tests do without a page."""
    assert isinstance(service.app, edge.Edge)
    found = service.app.app.state.wiring.context
    assert isinstance(found, context.Context)
    return found


async def access_asked_for(service: serving.Service, cluster_id: str, by: str, **fields: Any) -> accesses.Access:
    """By a person of the provider."""
    async with service.records.read() as work:
        person = await work.people.by_key(by)
    assert person is not None
    asked = {"activity": "3.2.1-3", "scope": accesses.Scope.VIEW, "reason": "Look at what fails", "minutes": 30}
    return await accesses_.request(
        context_of(service),
        actors.person(person),
        project_id=service.project,
        cluster_id=cluster_id,
        wanted=accesses_.Request(**{**asked, **fields}),
    )


async def stranger(service: serving.Service) -> Browser:
    """An owner of another account, which has a project of its own."""
    await service.customer_of("zz9-local")
    return await customer(service, "stranger@example.org", account="zz9-local")


async def reported(service: serving.Service, title: str = "It is slow") -> str:
    report = tickets.Report(title=title, text=f"{title}, since noon")
    made = await tickets.open_(context_of(service), CUSTOMER, project_id=service.project, report=report)
    return made.id


async def code_of(service: serving.Service, email: str) -> str:
    """What the person's authenticator shows at the next step: a code counts once."""
    await service.clock.sleep(totp.STEP_SECONDS)
    async with service.records.read() as work:
        person = await work.people.by_key(email)
        assert person is not None
        secret = await work.secrets.get(person.id, sessions.SECOND_FACTOR)
    assert secret is not None
    return totp.code(secret, service.clock.now())


async def invited(service: serving.Service, email: str, role: str, *, account: str = "", **more: Any) -> str:
    """By whoever may; the invitation."""
    body = {"email": email, "role": role, "name": email.partition("@")[0], **more}
    if account:
        body["account"] = account
    made = await service.operator("POST", "/native/people", body)
    assert made.status == 200, made.text
    return str(made.body["invitation"])


async def staff(service: serving.Service, email: str = "staff@example.org", role: str = "operator") -> Browser:
    browser = Browser(service)
    page = await browser.see(f"/console/password?token={await invited(service, email, role)}")
    page = await browser.submit(page.form("/password"), password=PASSWORD, again=PASSWORD)
    assert page.status == 200, page.text
    return await browser.enter(email)


async def customer(
    service: serving.Service, email: str = "owner@example.org", role: str = "owner", account: str = "ab1-local"
) -> Browser:
    await put_customer(service, email, role, account)
    return await Browser(service).enter(email)


async def put_customer(
    service: serving.Service, email: str, role: str = "owner", account: str = "ab1-local"
) -> people.Person:
    """A person of the account, as an owner's invitation would have made it."""
    made = people.Person(
        id=people.PersonId(_uuid_of(email)),
        email=email,
        name=email.partition("@")[0],
        role=people.Role(role),
        account=projects.AccountId(account),
        status=people.Status.ACTIVE,
        password_hash=f"hash of {PASSWORD}",
        created_at=service.clock.now(),
    )
    async with service.records.begin() as work:
        await work.people.put(made)
    return made


def _uuid_of(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
