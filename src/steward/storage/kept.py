"""Nouns that are looked for by id, owner, key or date alone: one table, one repository (decisions/0009).

Each noun says in `KINDS` what its owner, key and date are; its values are kept as JSON and checked when they are read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

import pydantic
import sqlalchemy as sa

from steward.domain import (
    accesses,
    accounts,
    audits,
    availability,
    cloud_operations,
    contracts,
    decisions,
    delegations,
    errors,
    evidence,
    incidents,
    ledgers,
    logs,
    notices,
    oauth2,
    people,
    private_networks,
    quotas,
    replays,
    tickets,
)
from steward.storage import sessions, tables

T = TypeVar("T")
PROVIDER = errors.PROVIDER
_table = tables.kept


def _nothing(value: Any) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    name: str
    type: type[T]
    id: Callable[[T], str]
    owner: Callable[[T], str]
    key: Callable[[T], str | None] = _nothing
    due: Callable[[T], datetime | None] = _nothing


def _own_id(value: Any) -> str:
    return str(value.id)


def _project(value: Any) -> str:
    return value.project_id or PROVIDER


def _cluster(value: Any) -> str:
    return str(value.cluster_id)


def _finding(value: audits.Finding) -> str:
    if value.sort is audits.Sort.CUSTOMER_ACT:
        return audits.acts_of(value.cluster_id)
    return str(value.cluster_id)


def _subject(value: Any) -> str:
    return str(value.subject)


KINDS: dict[str, Kind[Any]] = {
    "accounts": Kind(name="accounts", type=accounts.Account, id=_own_id, owner=lambda _: PROVIDER),
    "people": Kind(
        name="people",
        type=people.Person,
        id=_own_id,
        owner=lambda each: each.account or PROVIDER,
        key=lambda each: None if each.status is people.Status.CLOSED else each.email,
    ),
    "tokens": Kind(
        name="tokens",
        type=people.Token,
        id=_own_id,
        owner=lambda each: each.person_id,
        key=lambda each: each.hash,
        due=lambda each: each.expires_at if each.revoked_at is None else None,
    ),
    "identities": Kind(name="identities", type=people.Identity, id=_own_id, owner=lambda each: each.person_id),
    "oauth2_clients": Kind(
        name="oauth2_clients", type=oauth2.Client, id=_own_id, owner=lambda each: each.account or PROVIDER
    ),
    "access_tokens": Kind(
        name="access_tokens",
        type=oauth2.AccessToken,
        id=lambda each: each.hash,
        owner=lambda each: each.client_id,
        due=lambda each: each.expires_at,
    ),
    "attempts": Kind(
        name="attempts", type=people.Attempts, id=_own_id, owner=lambda _: PROVIDER, due=lambda each: each.forget_at
    ),
    "acceptances": Kind(
        name="acceptances",
        type=contracts.Acceptance,
        id=_own_id,
        owner=lambda each: each.cluster_id or each.project_id,
    ),
    "delegations": Kind(
        name="delegations",
        type=delegations.Delegation,
        id=_own_id,
        owner=_project,
        due=lambda each: each.expires_at if each.revoked_at is None else None,
    ),
    "decisions": Kind(name="decisions", type=decisions.Kept, id=_own_id, owner=_project),
    "evidence": Kind(
        name="evidence", type=evidence.Evidence, id=_own_id, owner=_subject, due=lambda each: each.valid_until
    ),
    "attestations": Kind(
        name="attestations",
        type=evidence.Attestation,
        id=_own_id,
        owner=_subject,
        due=lambda each: each.expires_at if each.withdrawn_at is None else None,
    ),
    "risks": Kind(
        name="risks",
        type=evidence.Risk,
        id=_own_id,
        owner=lambda _: PROVIDER,
        due=lambda each: each.review_by if each.closed_at is None else None,
    ),
    "notices": Kind(
        name="notices",
        type=notices.Notice,
        id=_own_id,
        owner=lambda each: PROVIDER if each.party == PROVIDER else _project(each),
    ),
    "deliveries": Kind(
        name="deliveries",
        type=notices.Delivery,
        id=_own_id,
        owner=lambda each: each.notice_id,
        key=lambda each: each.key,
        due=lambda each: each.next_at if each.state is notices.State.PENDING else None,
    ),
    "receipts": Kind(
        name="receipts",
        type=notices.Receipt,
        id=_own_id,
        owner=lambda each: each.row,
        due=lambda each: None if each.received_at or each.missed else each.due_at,
    ),
    "paces": Kind(name="paces", type=notices.Pace, id=_own_id, owner=lambda each: each.preference_id),
    "preferences": Kind(
        name="preferences", type=notices.Preference, id=_own_id, owner=lambda each: each.person_id or _project(each)
    ),
    "tickets": Kind(name="tickets", type=tickets.Ticket, id=_own_id, owner=_project),
    "incidents": Kind(name="incidents", type=incidents.Incident, id=_own_id, owner=lambda each: each.status),
    "outages": Kind(name="outages", type=incidents.Outage, id=_own_id, owner=_cluster),
    "watches": Kind(name="watches", type=availability.Watch, id=_cluster, owner=_cluster),
    "periods": Kind(
        name="periods", type=availability.Period, id=_own_id, owner=_cluster, due=lambda each: each.forgotten_at
    ),
    "accesses": Kind(
        name="accesses",
        type=accesses.Access,
        id=_own_id,
        owner=_cluster,
        due=lambda each: each.expires_at if each.status is accesses.Status.ACTIVE else None,
    ),
    "issuances": Kind(
        name="issuances",
        type=audits.Issuance,
        id=lambda each: each.fingerprint,
        owner=_cluster,
        key=lambda each: each.fingerprint,
        due=lambda each: each.expires_at,
    ),
    "positions": Kind(name="positions", type=audits.Position, id=_cluster, owner=_cluster),
    "findings": Kind(name="findings", type=audits.Finding, id=_own_id, owner=_finding),
    "tallies": Kind(name="tallies", type=audits.Tally, id=_own_id, owner=_cluster),
    "log_streams": Kind(name="log_streams", type=logs.Stream, id=_own_id, owner=lambda each: each.account),
    "log_subscriptions": Kind(
        name="log_subscriptions",
        type=logs.Subscription,
        id=_own_id,
        owner=_cluster,
        key=lambda each: None if each.ending else each.key,
        due=lambda each: each.updated_at if each.waits else None,
    ),
    "log_operations": Kind(
        name="log_operations",
        type=logs.Operation,
        id=_own_id,
        owner=lambda each: each.account,
        due=lambda each: each.forgotten_at,
    ),
    "log_links": Kind(
        name="log_links",
        type=logs.Link,
        id=_own_id,
        owner=_cluster,
        key=lambda each: each.hash,
        due=lambda each: each.expires_at,
    ),
    "ledger_keys": Kind(name="ledger_keys", type=ledgers.Key, id=_own_id, owner=lambda _: PROVIDER),
    "witnesses": Kind(name="witnesses", type=ledgers.Witness, id=_own_id, owner=lambda each: each.log),
    "private_networks": Kind(
        name="private_networks",
        type=private_networks.PrivateNetwork,
        id=_own_id,
        owner=_project,
        key=lambda each: private_networks.key(each.project_id, each.vlan),
    ),
    "subnets": Kind(name="subnets", type=private_networks.Subnet, id=_own_id, owner=lambda each: each.network_id),
    "gateways": Kind(name="gateways", type=private_networks.Gateway, id=_own_id, owner=lambda each: each.network_id),
    "vracks": Kind(name="vracks", type=private_networks.Vrack, id=lambda each: each.project_id, owner=_project),
    "cloud_operations": Kind(name="cloud_operations", type=cloud_operations.CloudOperation, id=_own_id, owner=_project),
    "damages": Kind(name="damages", type=ledgers.Damage, id=lambda each: each.log, owner=lambda _: PROVIDER),
    "quotas": Kind(name="quotas", type=quotas.Quota, id=_project, owner=_project),
    "quota_requests": Kind(name="quota_requests", type=quotas.Request, id=_own_id, owner=_project),
    "replays": Kind(
        name="replays", type=replays.Mark, id=_own_id, owner=lambda _: PROVIDER, due=lambda each: each.until
    ),
}

_OF_KIND = sa.select(_table.c.body).where(_table.c.kind == sa.bindparam("kind"))
_GET = _OF_KIND.where(_table.c.id == sa.bindparam("id"))
_BY_KEY = _OF_KIND.where(_table.c.key == sa.bindparam("key"))
_ALL = _OF_KIND.order_by(_table.c.number)
_OF = _OF_KIND.where(_table.c.owner == sa.bindparam("owner")).order_by(_table.c.number)
_LATEST = (
    _OF_KIND.where(_table.c.owner == sa.bindparam("owner"))
    .order_by(_table.c.number.desc())
    .limit(sa.bindparam("limit", type_=sa.BigInteger()))
)
_DUE = (
    _OF_KIND.where(_table.c.due <= sa.bindparam("now"))
    .order_by(_table.c.due, _table.c.number)
    .limit(sa.bindparam("limit", type_=sa.BigInteger()))
)
_FIND = sa.select(_table.c.number).where(_table.c.kind == sa.bindparam("kind"), _table.c.id == sa.bindparam("id"))
_TAKEN = sa.select(_table.c.id).where(_table.c.kind == sa.bindparam("kind"), _table.c.key == sa.bindparam("key"))
_CHANGE = sa.update(_table).where(_table.c.number == sa.bindparam("row")).values(
    owner=sa.bindparam("new_owner"), key=sa.bindparam("new_key"), due=sa.bindparam("new_due"),
    body=sa.bindparam("new_body"),
)  # fmt: skip
_REMOVE = sa.delete(_table).where(_table.c.kind == sa.bindparam("of_kind"), _table.c.id == sa.bindparam("of_id"))
_REMOVE_OF = sa.delete(_table).where(
    _table.c.kind == sa.bindparam("of_kind"), _table.c.owner == sa.bindparam("of_owner")
)

_OLDEST_KEPT = (
    sa.select(_table.c.number)
    .where(_table.c.kind == sa.bindparam("of_kind"), _table.c.owner == sa.bindparam("of_owner"))
    .order_by(_table.c.number.desc())
    .limit(1)
    .offset(sa.bindparam("beyond", type_=sa.BigInteger()))
)
_FORGET = _REMOVE_OF.where(_table.c.number < sa.bindparam("oldest", type_=sa.BigInteger()))


@cache
def _adapter(kind: str) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(KINDS[kind].type)


class Kept(Generic[T]):
    def __init__(self, session: sessions.Session, kind: Kind[T]) -> None:
        self._session = session
        self._kind = kind

    async def get(self, id: str) -> T | None:
        row = await self._session.first(_GET, kind=self._kind.name, id=id)
        return None if row is None else self._read(row)

    async def by_key(self, key: str) -> T | None:
        row = await self._session.first(_BY_KEY, kind=self._kind.name, key=key)
        return None if row is None else self._read(row)

    async def of(self, owner: str, *, latest: int | None = None) -> Sequence[T]:
        if latest is None:
            return [self._read(row) for row in await self._session.all(_OF, kind=self._kind.name, owner=owner)]
        found = await self._session.all(_LATEST, kind=self._kind.name, owner=owner, limit=latest)
        return [self._read(row) for row in reversed(found)]

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[T]:
        found = await self._session.all(_DUE, kind=self._kind.name, now=now, limit=limit)
        return [self._read(row) for row in found]

    async def all(self) -> Sequence[T]:
        return [self._read(row) for row in await self._session.all(_ALL, kind=self._kind.name)]

    async def put(self, value: T) -> None:
        kind, name = self._kind, self._kind.name
        columns = {"owner": kind.owner(value), "key": kind.key(value), "due": kind.due(value)}
        body = _adapter(name).dump_python(value, mode="json")
        await self._check_key(value, columns["key"])
        row = await self._session.first(_FIND, kind=name, id=kind.id(value))
        if row is None:
            await self._session.insert(_table, {"kind": name, "id": kind.id(value), **columns, "body": body})
            return
        changed = {f"new_{column}": found for column, found in {**columns, "body": body}.items()}
        await self._session.change(_CHANGE, row=row.number, **changed)

    async def _check_key(self, value: T, key: object) -> None:
        if key is None:
            return
        taken = await self._session.first(_TAKEN, kind=self._kind.name, key=key)
        if taken is not None and taken.id != self._kind.id(value):
            raise errors.Conflict(f"There is one of {self._kind.name} already that is known by this", name="Exists")

    async def remove(self, id: str) -> None:
        await self._session.change(_REMOVE, of_kind=self._kind.name, of_id=id)

    async def remove_of(self, owner: str) -> None:
        await self._session.change(_REMOVE_OF, of_kind=self._kind.name, of_owner=owner)

    async def keep_latest(self, owner: str, count: int) -> None:
        oldest = await self._session.first(_OLDEST_KEPT, of_kind=self._kind.name, of_owner=owner, beyond=count - 1)
        if oldest is not None:
            await self._session.change(_FORGET, of_kind=self._kind.name, of_owner=owner, oldest=oldest.number)

    def _read(self, row: sessions.Row) -> T:
        found: T = _adapter(self._kind.name).validate_python(row.body)
        return found


def collections(session: sessions.Session) -> dict[str, Any]:
    """By the name that `ports.records.Work` has for each."""
    return {name: Kept(session, kind) for name, kind in KINDS.items()}
