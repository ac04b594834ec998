"""Requests made from our description, sent to a served steward by callers of different standing, and what must hold.

Schemathesis makes the requests, valid ones and broken ones. Identities in paths are often replaced by ones that answers
have named before, of the caller's own project or of a foreign one, so that requests reach objects in every state.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import requests
import schemathesis
from schemathesis.specs.openapi import checks

from steward.client import signing

CHECKS = [checks.response_schema_conformance, checks.content_type_conformance, checks.status_code_conformance]
_MOST_KNOWN = 40
# What would take the callers' own standing away; only somebody who has none may ask for it.
ENDING = (
    ("POST", "/auth/logout"), ("DELETE", "/me/"), ("POST", "/native/accounts/"), ("DELETE", "/native/people"),
    ("PUT", "/native/people"), ("POST", "/native/people"), ("POST", "/native/me/"), ("DELETE", "/native/me/"),
    ("DELETE", "/native/sessions"), ("POST", "/native/sessions"),
    ("DELETE", "/native/projects/{project_id}/credentials"),
)  # fmt: skip


@dataclass
class Caller:
    """Signs with keys, or bears a token."""

    name: str
    project: str = ""
    keys: tuple[str, str, str] = ("", "", "")
    token: str = ""
    known: dict[str, list[str]] = field(default_factory=dict)

    def headers(self, method: str, url: str, body: bytes, now: int) -> dict[str, str]:
        if self.token:
            return {"authorization": f"Bearer {self.token}"}
        application, secret, consumer = self.keys
        given = signing.signature(
            application_secret=secret, consumer_key=consumer, method=method, url=url, body=body, timestamp=now
        )
        return {
            "x-ovh-application": application,
            "x-ovh-consumer": consumer,
            "x-ovh-timestamp": str(now),
            "x-ovh-signature": given,
        }

    def learn(self, names: Sequence[str], body: object) -> None:
        """Identities of what was answered, under the parameter that a deeper path calls them by."""
        for each in body if isinstance(body, list) else [body]:
            identity = each.get("id") or each.get("subscriptionId") if isinstance(each, dict) else each
            if isinstance(identity, str) and 0 < len(identity) < 80:
                for name in names:
                    known = self.known.setdefault(name, [])
                    if identity not in known:
                        known.append(identity)
                        del known[:-_MOST_KNOWN]


@dataclass
class Campaign:
    """Ends after so many requests, or when its time is over."""

    base: str
    callers: Sequence[Caller]
    most: int
    until: float
    chance: random.Random
    sent: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)  # by operation and kind, the first of each

    def __post_init__(self) -> None:
        self.http = httpx2.Client(trust_env=False, timeout=60)

    def note(self, case: schemathesis.Case, fault: BaseException) -> None:
        where = f"{case.method} {case.operation.path}"
        self.faults.setdefault(f"{where}: {type(fault).__name__}", f"{where}: {_said(fault)}")

    @property
    def over(self) -> bool:
        return self.sent >= self.most or time.monotonic() > self.until

    def send(self, case: schemathesis.Case, caller: Caller) -> httpx2.Response:
        prefix = "" if case.operation.path.startswith("/native") else self.chance.choice(("/1.0", "/v1"))
        given = case.as_transport_kwargs(base_url=f"{self.base}{prefix}")
        given = {
            name: given[name]
            for name in ("method", "url", "params", "json", "data", "headers", "cookies")
            if name in given
        }
        headers = {
            name: value for name, value in (given.pop("headers", None) or {}).items() if _may_be_sent(name, value)
        }
        prepared = requests.Request(**given, headers=headers).prepare()
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        url = str(prepared.url)
        signed = caller.headers(str(prepared.method), url, body, int(time.time()))
        kept = {
            name: value for name, value in prepared.headers.items() if name.lower() not in ("content-length", "cookie")
        }
        response = self.http.request(str(prepared.method), url, content=body or None, headers={**kept, **signed})
        self.sent += 1
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        return response


def _said(fault: BaseException) -> str:
    if isinstance(fault, BaseExceptionGroup):
        return "; ".join(_said(each) for each in fault.exceptions)
    return str(fault)[:1500]


def _may_be_sent(name: str, value: object) -> bool:
    return name.lower() not in ("authorization",) and not name.lower().startswith("x-ovh-") and str(value).isprintable()


def ends_somebody(case: schemathesis.Case) -> bool:
    return any(case.method.upper() == method and case.operation.path.startswith(path) for method, path in ENDING)


def aim(campaign: Campaign, case: schemathesis.Case, caller: Caller) -> None:
    """Often at something that is there."""
    if ends_somebody(case):
        return
    for name in case.path_parameters or {}:
        whose = campaign.chance.choice(campaign.callers) if campaign.chance.random() < 0.1 else caller
        if name in ("serviceName", "project_id") and whose.project and campaign.chance.random() < 0.9:
            case.path_parameters[name] = whose.project
        elif whose.known.get(name) and campaign.chance.random() < 0.8:
            case.path_parameters[name] = campaign.chance.choice(whose.known[name])


def check(case: schemathesis.Case, response: httpx2.Response, caller: Caller, foreign: Mapping[str, str]) -> None:
    """No failure of ours, the answer as described, nobody in a project that is not its own."""
    asked = f"{caller.name}: {response.request.method} {response.request.url} {response.request.content[:300]!r}"
    what = f"{asked} -> {response.status_code} {response.text[:300]}"
    full = response.status_code == 503 and response.json().get("errorCode") == "INSUFFICIENT_CAPACITY"
    assert response.status_code < 500 or full, what
    assert response.headers["x-ovh-queryid"], what
    case.validate_response(response, checks=CHECKS)
    path = urlsplit(str(response.request.url)).path
    for project, owner in foreign.items():
        if project in path.split("/") and not caller.token and owner != caller.name:
            assert response.status_code in (400, 401, 403, 404, 405, 429), what


def answered(response: httpx2.Response) -> Any:
    """What a good answer holds, where it is one JSON value."""
    json_ = response.headers.get("content-type", "").partition(";")[0] == "application/json"
    return response.json() if response.status_code == 200 and json_ else None


def parameters_below(document: Mapping[str, Any], path: str) -> list[str]:
    """Names under which paths one step deeper take what this path lists or makes."""
    deeper = [each for each in document["paths"] if each.startswith(f"{path}/{{")]
    return sorted({each[len(path) + 2 :].partition("}")[0] for each in deeper})


def operations(document: Mapping[str, Any]) -> Iterator[schemathesis.APIOperation]:
    schema = schemathesis.openapi.from_dict(dict(document))
    for each in schema.get_all_operations():
        yield each.ok()
