"""Stand-ins for what operations need: records in memory, a host with room, a list of who was woken.

For unit tests of rules above the storage. What only a real storage can show is tested on real ones.
"""

import copy
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

from steward.domain import (
    clusters,
    credentials,
    errors,
    events,
    flavors,
    ledgers,
    nodepools,
    nodes,
    progress,
    projects,
)
from steward.ports import hosts, records
from steward.storage import kept as kept_


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("operations do not sleep")


@dataclasses.dataclass
class Host:
    room: hosts.Capacity = dataclasses.field(
        default_factory=lambda: hosts.Capacity(
            memory_mb=10_000_000, vcpus=10_000, disk_gb=1_000_000, largest_vcpus=4, largest_memory_mb=16 * 1024
        )
    )

    async def prepare(self) -> None:
        return None

    def capacity(self) -> hosts.Capacity:
        return self.room

    def fits(self, flavor: flavors.Flavor) -> bool:
        return flavor.vcpus <= self.room.largest_vcpus and flavor.ram_mb <= self.room.largest_memory_mb

    def subscribe(self, listener: Callable[[hosts.Change], None]) -> None:
        return None

    async def close(self) -> None:
        return None


class Passwords:
    """At once; `compared` counts, because an unknown address has to cost what a known one does."""

    def __init__(self) -> None:
        self.compared = 0

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password: str, hash: str) -> bool:
        self.compared += 1
        return hash == f"hash of {password}"


class Records:
    """One dictionary per repository; a transaction works on copies and puts them in place at its end."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[Any, Any]] = {}
        self.commits = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[records.Work]:
        changed = copy.copy({name: dict(rows) for name, rows in self.kept.items()})
        yield _work(changed)
        self.kept = changed
        self.commits += 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[records.Work]:
        yield _work({name: dict(rows) for name, rows in self.kept.items()})

    @contextmanager
    def following(self) -> Iterator[records.Reads]:
        yield records.Reads()

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        return False

    async def close(self) -> None:
        return None


def _work(kept: dict[str, dict[Any, Any]]) -> records.Work:
    rows = {field.name: kept.setdefault(field.name, {}) for field in dataclasses.fields(records.Work)}
    return records.Work(
        projects=_Projects(rows["projects"]),
        credentials=_Credentials(rows["credentials"]),
        clusters=_Clusters(rows["clusters"]),
        nodepools=_NodePools(rows["nodepools"]),
        nodes=_Nodes(rows["nodes"], rows["clusters"]),
        events=_Events(rows["events"]),
        progress=_Progress(rows["progress"]),
        allotments=_Allotments(rows["allotments"]),
        secrets=_Secrets(rows["secrets"]),
        leases=_NoLeases(),  # type: ignore[arg-type]  # operations take none
        ledger=_Ledger(rows["ledger"]),
        **{name: _Kept(rows[name], kind) for name, kind in kept_.KINDS.items()},
    )


class _Kept:
    """A collection of `ports.records.Work`, with what storage says of its owner, key and date."""

    def __init__(self, rows: dict[Any, Any], kind: kept_.Kind[Any]) -> None:
        self._rows = rows
        self._kind = kind

    async def get(self, id: str) -> Any:
        return self._rows.get(id)

    async def by_key(self, key: str) -> Any:
        return next((each for each in self._rows.values() if self._kind.key(each) == key), None)

    async def of(self, owner: str, *, latest: int | None = None) -> Sequence[Any]:
        found = [each for each in self._rows.values() if self._kind.owner(each) == owner]
        return found if latest is None else found[-latest:]

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[Any]:
        dated = [(self._kind.due(each), each) for each in self._rows.values()]
        found = sorted(((due, each) for due, each in dated if due is not None and due <= now), key=lambda pair: pair[0])
        return [each for _, each in found][:limit]

    async def all(self) -> Sequence[Any]:
        return list(self._rows.values())

    async def put(self, value: Any) -> None:
        key, id = self._kind.key(value), self._kind.id(value)
        taken = None if key is None else await self.by_key(key)
        if taken is not None and self._kind.id(taken) != id:
            raise errors.Conflict("There is one already that is known by this", name="Exists")
        self._rows[id] = value

    async def remove(self, id: str) -> None:
        self._rows.pop(id, None)

    async def remove_of(self, owner: str) -> None:
        for each in await self.of(owner):
            self._rows.pop(self._kind.id(each), None)

    async def keep_latest(self, owner: str, count: int) -> None:
        for each in (await self.of(owner))[:-count]:
            self._rows.pop(self._kind.id(each), None)


class _Ledger:
    """Appends and lists; its trees are the storage's to test."""

    def __init__(self, logs: dict[Any, Any]) -> None:
        self._logs = logs

    async def append(self, log: str, draft: ledgers.Draft) -> int:
        rows = self._logs[log] = [*self._logs.get(log, []), draft]
        return len(rows) - 1

    async def size(self, log: str) -> int:
        return len(self._logs.get(log, []))

    async def logs(self) -> Sequence[str]:
        return sorted(self._logs)

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"the ledger in memory has no {name}; use the one of the storage")


class _NoLeases:
    pass


class _Rows:
    def __init__(self, rows: dict[Any, Any]) -> None:
        self.rows = rows

    async def get(self, key: Any) -> Any:
        return self.rows.get(key)

    async def all(self) -> Sequence[Any]:
        return list(self.rows.values())

    async def save(self, value: Any) -> None:
        self.rows[value.id] = value

    async def remove(self, key: Any) -> None:
        self.rows.pop(key, None)


class _Projects(_Rows):
    async def of_account(self, account: projects.AccountId) -> Sequence[projects.Project]:
        return [each for each in self.rows.values() if each.account == account]


class _Credentials(_Rows):
    async def application(self, key: str) -> credentials.Application | None:
        found: credentials.Application | None = self.rows.get(f"application {key}")
        return found

    async def save_application(self, application: credentials.Application) -> None:
        self.rows[f"application {application.key}"] = application

    def _all(self) -> list[credentials.Credential]:
        return [each for each in self.rows.values() if isinstance(each, credentials.Credential)]

    async def by_consumer_key(self, consumer_key: str) -> credentials.Credential | None:
        return next((each for each in self._all() if each.consumer_key == consumer_key), None)

    async def of_account(self, account: projects.AccountId) -> Sequence[credentials.Credential]:
        return [each for each in self._all() if each.account == account]

    async def add(self, credential: credentials.Credential) -> credentials.Credential:
        added = dataclasses.replace(credential, id=len(self._all()) + 1)
        self.rows[added.id] = added
        return added

    async def touch(self, credential_id: int, at: datetime) -> None:
        if credential_id in self.rows:
            self.rows[credential_id] = dataclasses.replace(self.rows[credential_id], last_use=at)


class _Clusters(_Rows):
    async def of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.Cluster]:
        return [each for each in self.rows.values() if each.project_id == project_id]

    async def ids_of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.ClusterId]:
        return [each.id for each in await self.of_project(project_id)]


class _NodePools(_Rows):
    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodepools.NodePool]:
        return [each for each in self.rows.values() if each.cluster_id == cluster_id]


class _Nodes(_Rows):
    def __init__(self, rows: dict[Any, Any], of: dict[Any, Any]) -> None:
        super().__init__(rows)
        self._clusters = of

    async def of_project(self, project_id: projects.ProjectId) -> Sequence[nodes.Node]:
        of_it = {each.id for each in self._clusters.values() if each.project_id == project_id}
        return [each for each in self.rows.values() if each.cluster_id in of_it and each.deleted_at is None]

    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]:
        return [each for each in self.rows.values() if each.cluster_id == cluster_id and each.deleted_at is None]

    async def of_pool(self, pool_id: nodepools.NodePoolId) -> Sequence[nodes.Node]:
        return [each for each in self.rows.values() if each.nodepool_id == pool_id and each.deleted_at is None]

    async def history(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]:
        return [each for each in self.rows.values() if each.cluster_id == cluster_id and each.deleted_at is not None]


class _Events(_Rows):
    async def add(self, event: events.Event) -> None:
        self.rows[len(self.rows) + 1] = dataclasses.replace(event, id=len(self.rows) + 1)

    async def of_cluster(
        self, cluster_id: clusters.ClusterId, *, after: int = 0, limit: int = 100
    ) -> Sequence[events.Event]:
        found = [each for each in self.rows.values() if each.cluster_id == cluster_id and each.id > after]
        return found[:limit]

    async def prune(self, before: datetime) -> int:
        old = [key for key, each in self.rows.items() if each.at < before]
        for key in old:
            del self.rows[key]
        return len(old)


class _Progress(_Rows):
    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[progress.Progress]:
        return [made for owner, made in self.rows.values() if owner == cluster_id]

    async def save(self, cluster_id: clusters.ClusterId, made: progress.Progress) -> None:  # type: ignore[override]  # the port's
        self.rows[made.subject] = (cluster_id, made)


class _Allotments(_Rows):
    async def take(self, pool: str, owner: str, *, below: int) -> int | None:
        taken = self.rows.setdefault(pool, {})
        self.rows[pool] = taken = dict(taken)
        if owner in taken:
            return int(taken[owner])
        free = next((number for number in range(below) if number not in taken.values()), None)
        if free is not None:
            taken[owner] = free
        return free

    async def give_back(self, pool: str, owner: str) -> None:
        self.rows[pool] = {key: value for key, value in self.rows.get(pool, {}).items() if key != owner}

    async def drop_pool(self, pool: str) -> None:
        self.rows.pop(pool, None)


class _Secrets(_Rows):
    async def get(self, owner: str, name: str) -> bytes | None:  # type: ignore[override]  # the port's
        found: bytes | None = self.rows.get((owner, name))
        return found

    async def put(self, owner: str, name: str, plain: bytes) -> None:
        self.rows[(owner, name)] = plain

    async def remove_all(self, owner: str) -> None:
        for key in [each for each in self.rows if each[0] == owner]:
            del self.rows[key]
