"""Applications and consumer keys in the database: found by hash, kept sealed, plain in neither."""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from steward.domain import credentials, projects
from steward.ports.sealing import Sealing
from steward.storage import sessions, tables

_applications = tables.applications
_table = tables.credentials
_APPLICATION = sa.select(_applications).where(_applications.c.key == sa.bindparam("key"))
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_BY_HASH = sa.select(_table).where(_table.c.consumer_key_hash == sa.bindparam("hash"))
_OF_ACCOUNT = sa.select(_table).where(_table.c.account == sa.bindparam("account")).order_by(_table.c.id)
_CHANGE = sa.update(_table).where(_table.c.id == sa.bindparam("row"))
_TOUCH = (
    sa.update(_table)
    .where(_table.c.id == sa.bindparam("row"))
    .where(sa.or_(_table.c.last_use.is_(None), _table.c.last_use < sa.bindparam("at", type_=tables.Moment())))
    .values(last_use=sa.bindparam("at", type_=tables.Moment()))
)
_LARGEST_ID = 2**63 - 1


class Credentials:
    def __init__(self, session: sessions.Session, sealing: Sealing) -> None:
        self._session = session
        self._sealing = sealing

    async def application(self, key: str) -> credentials.Application | None:
        row = await self._session.first(_APPLICATION, key=key)
        if row is None:
            return None
        return credentials.Application(
            key=row.key,
            secret=self._sealing.open(row.sealed_secret, _application_place(row.key)).decode(),
            name=row.name,
            created_at=row.created_at,
        )

    async def save_application(self, application: credentials.Application) -> None:
        sealed = self._sealing.seal(application.secret.encode(), _application_place(application.key))
        await self._session.put(
            _applications,
            {
                "key": application.key,
                "sealed_secret": sealed,
                "name": application.name,
                "created_at": application.created_at,
            },
        )

    async def by_consumer_key(self, consumer_key: str) -> credentials.Credential | None:
        return self._credential(await self._session.first(_BY_HASH, hash=_hash(consumer_key)))

    async def get(self, credential_id: int) -> credentials.Credential | None:
        if not 0 < credential_id <= _LARGEST_ID:
            return None
        return self._credential(await self._session.first(_GET, id=credential_id))

    async def of_account(self, account: projects.AccountId) -> Sequence[credentials.Credential]:
        rows = await self._session.all(_OF_ACCOUNT, account=account)
        return [found for row in rows if (found := self._credential(row))]

    async def add(self, credential: credentials.Credential) -> credentials.Credential:
        given = await self._session.insert(_table, self._columns(credential))
        return dataclasses.replace(credential, id=given)

    async def save(self, credential: credentials.Credential) -> None:
        changed = await self._session.change(_CHANGE, row=credential.id, **self._columns(credential))
        if not changed:
            raise LookupError(f"credential {credential.id} was never added")

    async def touch(self, credential_id: int, at: datetime) -> None:
        await self._session.change(_TOUCH, row=credential_id, at=at)

    def _columns(self, credential: credentials.Credential) -> dict[str, object]:
        digest = _hash(credential.consumer_key)
        return {
            "consumer_key_hash": digest,
            "sealed_consumer_key": self._sealing.seal(credential.consumer_key.encode(), _key_place(digest)),
            "application_key": credential.application_key,
            "account": credential.account,
            "rules": [[rule.method, rule.path] for rule in credential.rules],
            "status": credential.status,
            "allowed_ips": list(credential.allowed_ips),
            "redirection": credential.redirection,
            "description": credential.description,
            "created_at": credential.created_at,
            "expires_at": credential.expires_at,
            "last_use": credential.last_use,
        }

    def _credential(self, row: sessions.Row | None) -> credentials.Credential | None:
        if row is None:
            return None
        plain = self._sealing.open(row.sealed_consumer_key, _key_place(row.consumer_key_hash))
        return credentials.Credential(
            id=row.id,
            consumer_key=credentials.ConsumerKey(plain.decode()),
            application_key=row.application_key,
            account=row.account,
            rules=tuple(credentials.AccessRule(method, path) for method, path in row.rules),
            status=credentials.Status(row.status),
            allowed_ips=tuple(row.allowed_ips),
            redirection=row.redirection,
            description=row.description,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_use=row.last_use,
        )


def _hash(consumer_key: str) -> bytes:
    # Consumer keys are long and random, so a plain digest cannot be guessed backwards.
    return hashlib.sha256(consumer_key.encode(errors="surrogatepass")).digest()


def _application_place(key: str) -> str:
    return f"application:{key}"


def _key_place(digest: bytes) -> str:
    return f"consumer-key:{digest.hex()}"
