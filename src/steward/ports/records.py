"""Where state is kept: one unit of work is one transaction.

Rules, all mandatory, tested by `tests/storage`:

- `Records.begin()` opens a writing transaction: what it reads is locked against other writers until its
  end, so read-change-save loses no update. It commits at the end of the `async with` block, and rolls
  back when the block raises.
- `Records.read()` opens a reading one; saving in it is a bug (RuntimeError).
- A storage that is full or read-only raises `errors.Unavailable` from writes and goes on reading.
- Secrets (application secrets, consumer keys, sealed blobs) are not plain in the database.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from steward.domain import (
    accesses,
    accounts,
    audits,
    availability,
    clusters,
    contracts,
    credentials,
    decisions,
    delegations,
    events,
    ledgers,
    logs,
    nodepools,
    nodes,
    oauth2,
    progress,
    projects,
    replays,
    tickets,
)
from steward.domain import (
    cloud_operations as cloud_operations_,
)
from steward.domain import (
    evidence as evidence_,
)
from steward.domain import (
    incidents as incidents_,
)
from steward.domain import (
    notices as notices_,
)
from steward.domain import (
    people as people_,
)
from steward.domain import (
    private_networks as private_networks_,
)
from steward.domain import (
    quotas as quotas_,
)

T = TypeVar("T")


class Projects(Protocol):
    async def get(self, project_id: projects.ProjectId) -> projects.Project | None: ...
    async def of_account(self, account: projects.AccountId) -> Sequence[projects.Project]: ...
    async def all(self) -> Sequence[projects.Project]: ...
    async def save(self, project: projects.Project) -> None: ...


class Credentials(Protocol):
    async def application(self, key: str) -> credentials.Application | None: ...
    async def save_application(self, application: credentials.Application) -> None: ...
    async def by_consumer_key(self, consumer_key: str) -> credentials.Credential | None: ...
    async def get(self, credential_id: int) -> credentials.Credential | None: ...
    async def of_account(self, account: projects.AccountId) -> Sequence[credentials.Credential]: ...
    async def add(self, credential: credentials.Credential) -> credentials.Credential:
        """Stored with an id of the storage's choosing (the given one is ignored)."""
        ...

    async def save(self, credential: credentials.Credential) -> None: ...

    async def touch(self, credential_id: int, at: datetime) -> None:
        """Note a use, never an earlier one than is noted; one small statement, yet a commit like any other:
        callers note a use once in a while, not with every request."""
        ...


class Clusters(Protocol):
    """`remove` forgets the cluster, its pools, nodes, progress and secrets; its events stay."""

    async def get(self, cluster_id: clusters.ClusterId) -> clusters.Cluster | None: ...
    async def of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.Cluster]: ...
    async def ids_of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.ClusterId]: ...
    async def all(self) -> Sequence[clusters.Cluster]: ...
    async def save(self, cluster: clusters.Cluster) -> None: ...
    async def remove(self, cluster_id: clusters.ClusterId) -> None: ...


class NodePools(Protocol):
    async def get(self, pool_id: nodepools.NodePoolId) -> nodepools.NodePool | None: ...
    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodepools.NodePool]: ...
    async def all(self) -> Sequence[nodepools.NodePool]: ...
    async def save(self, pool: nodepools.NodePool) -> None: ...
    async def remove(self, pool_id: nodepools.NodePoolId) -> None: ...


class Nodes(Protocol):
    """Lists hold nodes that are not deleted, oldest first; `history` the deleted ones, latest first."""

    async def get(self, node_id: nodes.NodeId) -> nodes.Node | None: ...
    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]: ...
    async def of_project(self, project_id: projects.ProjectId) -> Sequence[nodes.Node]: ...
    async def of_pool(self, pool_id: nodepools.NodePoolId) -> Sequence[nodes.Node]: ...
    async def history(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]: ...
    async def all(self) -> Sequence[nodes.Node]: ...
    async def save(self, node: nodes.Node) -> None: ...


class Events(Protocol):
    async def add(self, event: events.Event) -> None: ...
    async def get(self, event_id: int) -> events.Event | None: ...
    async def of_cluster(
        self, cluster_id: clusters.ClusterId, *, after: int = 0, limit: int = 100
    ) -> Sequence[events.Event]:
        """Rising by id, those with a greater id than `after`. They outlive the cluster."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget those that are older; how many there were. The ledger keeps what it holds of them."""
        ...


class Progresses(Protocol):
    async def get(self, subject: str) -> progress.Progress | None: ...
    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[progress.Progress]: ...
    async def save(self, cluster_id: clusters.ClusterId, made: progress.Progress) -> None: ...
    async def remove(self, subject: str) -> None: ...


class Allotments(Protocol):
    """Numbers that are given out once at a time: slots of clusters, numbers of nodes."""

    async def take(self, pool: str, owner: str, *, below: int) -> int | None:
        """The smallest free number of the pool; the owner's own if it holds one; None when all are taken."""
        ...

    async def give_back(self, pool: str, owner: str) -> None: ...

    async def drop_pool(self, pool: str) -> None: ...


class Secrets(Protocol):
    """Sealed by the storage on the way in, opened on the way out."""

    async def any(self) -> bool:
        """Whether something was ever sealed and is there still; asks for no key."""
        ...

    async def get(self, owner: str, name: str) -> bytes | None: ...
    async def put(self, owner: str, name: str, plain: bytes) -> None: ...
    async def remove_all(self, owner: str) -> None: ...


class Leases(Protocol):
    """Who works on what. A token is greater than every one given before it for the same subject."""

    async def acquire(self, subject: str, owner: str, *, now: datetime, until: datetime) -> int | None:
        """A token, or None while another owner's lease has not ended."""
        ...

    async def renew_all(self, owner: str, *, until: datetime) -> Mapping[str, int]:
        """Subject and token of everything that the owner still holds."""
        ...

    async def holds(self, subject: str, token: int) -> bool:
        """Asked in the transaction that applies a result: a stale worker changes nothing."""
        ...

    async def release(self, subject: str, token: int) -> None: ...

    async def release_all(self, owner: str) -> None: ...


class Collection(Protocol[T]):
    """Values that are looked for by their id, an owner, a unique key or a date; never by their content.

    What owner, key and date of a noun are is said beside its repository in `Work`.
    """

    async def get(self, id: str) -> T | None: ...

    async def by_key(self, key: str) -> T | None: ...

    async def of(self, owner: str, *, latest: int | None = None) -> Sequence[T]:
        """Oldest first; of many, the latest so many."""
        ...

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[T]:
        """Those whose date has come, earliest first."""
        ...

    async def all(self) -> Sequence[T]: ...

    async def put(self, value: T) -> None:
        """Add it, or replace the one with its id. `errors.Conflict` where another one has its key."""
        ...

    async def remove(self, id: str) -> None: ...

    async def remove_of(self, owner: str) -> None: ...

    async def keep_latest(self, owner: str, count: int) -> None:
        """Forget the owner's oldest ones beyond so many."""
        ...


class Ledger(Protocol):
    """RFC 6962 logs, one per `ledgers.log_of`; appended to in the transaction of what is logged."""

    async def append(self, log: str, draft: ledgers.Draft) -> int:
        """The entry's index."""
        ...

    async def size(self, log: str) -> int: ...

    async def root(self, log: str, size: int) -> bytes:
        """Of its first `size` entries; ValueError beyond its end.

        This and the proofs raise `errors.Unavailable` where the storage has lost a part of the tree.
        """
        ...

    async def entry(self, log: str, index: int) -> ledgers.Entry | None: ...

    async def entries(self, log: str, *, start: int = 0, limit: int = 1000) -> Sequence[ledgers.Entry]: ...

    async def inclusion(self, log: str, index: int, size: int) -> Sequence[bytes]: ...

    async def consistency(self, log: str, old: int, new: int) -> Sequence[bytes]: ...

    async def subtrees(self, log: str, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """The stored roots of whole subtrees, by level and position; those that are lost are not among them."""
        ...

    async def erase(self, log: str, index: int) -> None:
        """Forget the personal values of an entry; its hash stays."""
        ...

    async def logs(self) -> Sequence[str]: ...

    async def grown(self) -> Sequence[str]:
        """Logs whose latest checkpoint is of another size than theirs."""
        ...

    async def save_checkpoint(self, checkpoint: ledgers.Checkpoint) -> None: ...

    async def checkpoint(self, log: str) -> ledgers.Checkpoint | None:
        """The latest."""
        ...

    async def checkpoints(self, log: str, *, limit: int = 1000) -> Sequence[ledgers.Checkpoint]:
        """The latest so many, oldest first."""
        ...

    async def checkpoints_between(self, log: str, after: int, until: int) -> Sequence[ledgers.Checkpoint]:
        """Those of sizes after the first up to the last, smallest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The repositories of one transaction."""

    projects: Projects
    credentials: Credentials
    clusters: Clusters
    nodepools: NodePools
    nodes: Nodes
    events: Events
    progress: Progresses
    allotments: Allotments
    secrets: Secrets
    leases: Leases
    ledger: Ledger
    # Nouns of the responsibility model; in brackets their owner, key and date.
    accounts: Collection[accounts.Account]
    people: Collection[people_.Person]  # [account or `provider`; email until closed]
    tokens: Collection[people_.Token]  # [person; hash; expiry]
    identities: Collection[people_.Identity]  # [person]
    oauth2_clients: Collection[oauth2.Client]  # [account or `provider`]
    access_tokens: Collection[oauth2.AccessToken]  # id: hash [client; ; expiry]
    attempts: Collection[people_.Attempts]  # [; ; when they are forgotten]
    acceptances: Collection[contracts.Acceptance]  # [project, or cluster of those for one]
    delegations: Collection[delegations.Delegation]  # [project; ; expiry of those that hold]
    decisions: Collection[decisions.Kept]  # [project or `provider`]
    evidence: Collection[evidence_.Evidence]  # [subject; ; end of validity]
    attestations: Collection[evidence_.Attestation]  # [subject; ; expiry]
    risks: Collection[evidence_.Risk]  # [`provider`; ; review date]
    notices: Collection[notices_.Notice]  # [project, or `provider` where the provider is informed]
    deliveries: Collection[notices_.Delivery]  # [notice; what it is gathered under; next attempt of pending ones]
    receipts: Collection[notices_.Receipt]  # [activity, subject and party; ; deadline while it is owed]
    paces: Collection[notices_.Pace]  # [preference]
    preferences: Collection[notices_.Preference]  # [person; of a webhook the project]
    tickets: Collection[tickets.Ticket]  # [project]
    incidents: Collection[incidents_.Incident]  # [status]
    outages: Collection[incidents_.Outage]  # [cluster]
    watches: Collection[availability.Watch]  # id: cluster
    periods: Collection[availability.Period]  # [cluster; ; when it is forgotten]
    accesses: Collection[accesses.Access]  # [cluster; ; expiry of active ones]
    issuances: Collection[audits.Issuance]  # [cluster; fingerprint; expiry]
    positions: Collection[audits.Position]  # id: cluster
    findings: Collection[audits.Finding]  # [cluster]
    tallies: Collection[audits.Tally]  # [cluster]
    log_streams: Collection[logs.Stream]  # [account]
    log_subscriptions: Collection[logs.Subscription]  # [cluster; cluster, kind and stream; while it waits]
    log_operations: Collection[logs.Operation]  # [account; ; when it is forgotten]
    log_links: Collection[logs.Link]  # [cluster; the token's hash; expiry]
    ledger_keys: Collection[ledgers.Key]  # [`provider`]
    witnesses: Collection[ledgers.Witness]  # [log]
    damages: Collection[ledgers.Damage]  # id: log
    quotas: Collection[quotas_.Quota]  # id: project
    quota_requests: Collection[quotas_.Request]  # [project]
    replays: Collection[replays.Mark]  # [; ; when its signature is too old]
    private_networks: Collection[private_networks_.PrivateNetwork]  # [project; project and VLAN]
    subnets: Collection[private_networks_.Subnet]  # [network]
    gateways: Collection[private_networks_.Gateway]  # [network]
    vracks: Collection[private_networks_.Vrack]  # id: project
    cloud_operations: Collection[cloud_operations_.CloudOperation]  # [project]


@dataclass(slots=True)
class Reads:
    """What a piece of work read, with how often each noun had been written to before; None: cannot be known."""

    seen: Mapping[str, int] | None = None


class Records(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Work]: ...

    def read(self) -> AbstractAsyncContextManager[Work]: ...

    def following(self) -> AbstractContextManager[Reads]:
        """Notes what this task reads meanwhile; `seen` is known at the end."""
        ...

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        """Whether nothing was written since to what was read; a commit counts before it is acknowledged."""
        ...

    async def close(self) -> None: ...
