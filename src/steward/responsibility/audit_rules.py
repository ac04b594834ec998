"""How one event of a cluster's audit log is read: what was done, and which row of the contract it falls under.

The tables are published (`catalogue/audit_rules.yaml`, docs/audit.md). Pure: whose credential it was, and whether it
was allowed, is for `reconcile/audits.py`, which knows the ledgers.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from steward.catalogue import loading
from steward.kit import times

READS = frozenset({"get", "list", "watch", "head"})
LONG = frozenset({"log", "exec", "attach", "portforward", "proxy"})  # subresources whose requests stay open
# What leads through an object into containers, or gives a credential: never the provider's own, whoever's the object.
ENTERING = LONG | {"ephemeralcontainers", "eviction", "binding", "token"}
# Of these the API server does not heed `dryRun`: what they lead to happens, and a token is signed and handed out.
UNREHEARSED = LONG | {"token"}
ANONYMOUS = "system:anonymous"
ADMIN = "kubernetes-admin"  # whose certificate the customer is given
NEGATIVE = ("2.3-1", "2.3-2", "2.3-3", "2.3-4", "3.1.1-2", "3.1.2-3", "3.2.1-5", "3.2.2-2")
IMPORT_EXPORT = "2.2-1"
CREDENTIALS = "3.1.2-2"
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_X509 = "X509SHA256="
_OPERATION = re.compile(r"\(operation ([a-z]+:[0-9A-Za-z-]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One request, as far as the log tells it. `fingerprint` is of the client's certificate, if it came with one."""

    id: str
    at: datetime
    user: str
    groups: tuple[str, ...] = ()
    fingerprint: str = ""
    verb: str
    group: str = ""
    resource: str = ""  # empty: a path that is no resource
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    query: Mapping[str, Sequence[str]]
    agent: str = ""
    code: int
    counts: bool  # the one event of its request that is counted

    @property
    def reads(self) -> bool:
        return self.verb in READS

    @property
    def refused(self) -> bool:
        """Nothing came of it. An answer of 5xx may have had an effect, so it counts."""
        return 400 <= self.code < 500

    @property
    def rehearsal(self) -> bool:
        """Whether `dryRun` kept it from having an effect; of what reads, the effect is the answer."""
        return "All" in self.query.get("dryRun", ()) and not self.reads and self.subresource not in UNREHEARSED

    @property
    def made(self) -> bool:
        return self.verb == "create" or (self.verb in ("patch", "update") and self.code == 201)

    @property
    def kind(self) -> str:
        """As the tables write it: `deployments/scale.apps`."""
        plain = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{plain}.{self.group}" if self.group else plain

    @property
    def object(self) -> str:
        return f"{self.kind} {'/'.join(part for part in (self.namespace, self.name) if part)}".strip()

    @property
    def operation(self) -> str:
        """What steward said that it was for."""
        found = _OPERATION.search(self.agent)
        return found.group(1) if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    activity: str
    what: str
    verbs: frozenset[str]
    resources: tuple[str, ...]
    managers: tuple[str, ...] = ()
    during_incident: bool = False

    def matches(self, act: Act, *, incident: bool) -> bool:
        if self.during_incident and not incident:
            return False
        if self.managers and not any(each.startswith(self.managers) for each in act.query.get("fieldManager", ())):
            return False
        return _verb_in(self.verbs, act) and any(_is(each, act) for each in self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    resource: str
    namespace: str = ""
    names: tuple[str, ...] = ()  # none: all of them; with a `*` at its end, all that begin so
    why: str = ""
    with_access: bool = False  # only for an access that was approved

    def holds(self, act: Act) -> bool:
        if act.subresource in ENTERING:
            return False
        plain = act.kind.replace(f"/{act.subresource}", "") if act.subresource else act.kind
        if plain != self.resource or act.namespace != self.namespace:
            return False
        return not self.names or any(_named(each, act.name) for each in self.names)


def _named(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class Broken(ValueError):
    """A line that is no event."""


def parsed(line: bytes) -> Act:
    try:
        document = json.loads(line)
        return _parsed(document)
    except (ValueError, KeyError, TypeError, AttributeError) as reason:
        raise Broken(f"a line of the log is no event: {type(reason).__name__}") from None


def _parsed(document: Mapping[str, Any]) -> Act:
    reference = document.get("objectRef") or {}
    user = document["user"]
    uri = urlsplit(document["requestURI"])
    subresource, verb = reference.get("subresource", ""), document["verb"]
    return Act(
        id=document["auditID"],
        at=times.parsed(document["requestReceivedTimestamp"]),
        user=user.get("username", ""),
        groups=tuple(user.get("groups", ())),
        fingerprint=_fingerprint(user),
        verb=verb,
        group=reference.get("apiGroup", ""),
        resource=reference.get("resource", ""),
        subresource=subresource,
        namespace=reference.get("namespace", ""),
        name=reference.get("name", ""),
        path=uri.path,
        query=parse_qs(uri.query),
        agent=document.get("userAgent", ""),
        code=int((document.get("responseStatus") or {}).get("code", 0)),
        counts=_counts(document["stage"], verb, subresource),
    )


def _counts(stage: str, verb: str, subresource: str) -> bool:
    """Of requests that stay open the beginning: their end may be a day away."""
    if verb == "watch" or subresource in LONG:
        return stage in ("ResponseStarted", "Panic")
    return stage in ("ResponseComplete", "Panic")


def _fingerprint(user: Mapping[str, Any]) -> str:
    for each in (user.get("extra") or {}).get(_CREDENTIAL, ()):
        if each.startswith(_X509):
            return str(each.removeprefix(_X509).lower())
    return ""


def row_of(act: Act, *, incident: bool = False) -> Row | None:
    """The one row that a write, or the reading of Secrets and logs, falls under; None for every other reading."""
    if not act.resource:
        return None
    table = tables()
    if any(_is(each, act) for each in table.none):
        return None
    return next((each for each in table.rows if each.matches(act, incident=incident)), None)


def owned(act: Act) -> Owned | None:
    """The line of the list of the provider's own objects that this one is on."""
    return next((each for each in tables().owned if each.holds(act)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    none: tuple[str, ...]
    rows: tuple[Row, ...]
    owned: tuple[Owned, ...]


@cache
def tables() -> Tables:
    document = loading.audit_rules()
    return Tables(
        none=tuple(name for each in document["none"] for name in each["resources"]),
        rows=tuple(_row(each) for each in document["rows"]),
        owned=tuple(_owned(each) for each in document["owned"]),
    )


def _row(given: Mapping[str, Any]) -> Row:
    return Row(
        activity=given["activity"],
        what=given["what"],
        verbs=frozenset(given["verbs"]),
        resources=tuple(given["resources"]),
        managers=tuple(given.get("managers", ())),
        during_incident=given.get("during") == "incident",
    )


def _owned(given: Mapping[str, Any]) -> Owned:
    return Owned(
        resource=given["resource"],
        namespace=given.get("namespace", ""),
        names=tuple(given.get("names", ())),
        why=given.get("why", ""),
        with_access=given.get("with") == "access",
    )


def _verb_in(verbs: frozenset[str], act: Act) -> bool:
    if "create" in verbs and act.made:
        return True
    return ("read" if act.reads else "write") in verbs or (act.verb in verbs and act.verb != "create")


def _is(pattern: str, act: Act) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return act.group == pattern[2:]
    return pattern == act.kind


class Party(StrEnum):
    """Who acts, as the names and groups of Kubernetes tell; certificates are checked against the ledger beside it."""

    PROVIDER = "provider"  # steward, or a person of the provider
    COMPONENT = "component"  # the control plane's own programs and nodes: what they do follows from others' wishes
    CUSTOMER = "customer"


STEWARD = "steward:"
_PROGRAMS = ("system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:apiserver")
_BY_CERTIFICATE = (STEWARD, *_PROGRAMS[:3], "system:node:", ADMIN)  # nobody has these names without one


def party_of(act: Act) -> Party:
    if act.user.startswith(STEWARD):
        return Party.PROVIDER
    if act.user in _PROGRAMS or act.user.startswith(("system:node:", "system:serviceaccount:kube-system:")):
        return Party.COMPONENT
    return Party.CUSTOMER


def needs_certificate(act: Act) -> bool:
    return act.user.startswith(_BY_CERTIFICATE)
