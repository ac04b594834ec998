"""What steward asks of a cluster's own API.

Every call may raise `NotAnswering`: the API is not there (yet), or refused the connection. It is an
expected state of a cluster that is being made, restored or restarted, not a bug.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from steward.domain import clusters, nodepools, versions


class NotAnswering(Exception):
    """The cluster's API did not answer, or not with success; the text says what was tried."""


def digest(certificate: str) -> str:
    """What one authority is told from another by."""
    return hashlib.sha256(certificate.strip().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one cluster's API, as whom."""

    cluster_id: clusters.ClusterId
    server: str  # https://host:port
    authority: str  # PEM
    certificate: str
    key: str = field(repr=False)
    user: str = ""  # whom the certificate names


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestNode:
    name: str
    ready: bool
    reason: str  # of the Ready condition, with its message
    version: str  # kubelet's, without `v`
    unschedulable: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    pods: str = ""  # its pod range
    address: str = ""  # its InternalIP: where the control plane asks for its kubelet
    machine: str = ""  # the id of the machine that its kubelet last reported from


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a cluster says of itself."""

    version: versions.Version  # of the API server
    service: str  # the address of the service `kubernetes`: the first of the services' range
    nodes: Sequence[GuestNode]
    images: Mapping[str, str]  # of the provider's own pods: reference to digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a server shows to whoever connects. `distrust` says why its certificate is not to be trusted."""

    protocol: str  # as in `TLSv1.3`
    old_protocol: bool  # whether it also speaks one before TLS 1.2
    distrust: str
    missing: Sequence[str]  # of the names asked about, those that the certificate does not have
    expires_at: datetime
    anonymous: int  # HTTP status of a request without credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIdentity:
    """What a Node object carries from before its kubelet first reports."""

    name: str
    provider_id: str
    pods: str  # its pod range
    labels: Mapping[str, str]  # the provider's
    template: nodepools.Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """What still runs on a node that is being emptied."""

    left: Sequence[str]  # namespace/name
    held_back: str = ""  # why the first of them stays, e.g. a PodDisruptionBudget


class Guests(Protocol):
    async def version(self, access: Access) -> versions.Version:
        """Of the API server, by an authorised request: whoever holds a certificate may enter from now on."""
        ...

    async def ready(self, access: Access) -> None:
        """Raises `NotAnswering` with the failed checks until the API server calls itself ready, etcd included."""
        ...

    async def stores(self, access: Access) -> None:
        """Raises `NotAnswering` unless the API server has read from a majority of etcd just now."""
        ...

    async def has_default_account(self, access: Access) -> bool:
        """Whether namespace `default` has its service account, without which no pod can be made."""
        ...

    async def authority(self, access: Access) -> str:
        """`digest` of the certificate that pods are handed to know the API server by; empty before there is one."""
        ...

    async def apply(self, access: Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Server-side apply; fields of others are left alone."""
        ...

    async def remove(self, access: Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Delete what they name; what is gone already is no error."""
        ...

    async def unbind(self, access: Access, subjects: Sequence[str], *, operation: str) -> Sequence[str]:
        """Take subjects, as in `User:alice`, out of every binding of rights, and say which bindings named them.

        What names them alone is deleted, what others share is left to those. Empty: none named them any more.
        """
        ...

    async def nodes(self, access: Access) -> Sequence[GuestNode]: ...

    async def register_node(self, access: Access, identity: NodeIdentity) -> None:
        """Make the Node object, or bring the fields that are ours up to date."""
        ...

    async def drain(self, access: Access, node: str, *, since: datetime, force: bool, operation: str = "") -> Draining:
        """Cordon, ask every pod to leave, and say which still stand. `force` deletes instead of evicting.

        The audit log shows `operation` with every request: what the pods have to leave for.
        """
        ...

    async def take_back(self, access: Access, node: str) -> None:
        """Undo the cordon that `drain` made: pods may come again. One of somebody else's stays."""
        ...

    async def sing(self, access: Access, mark: str) -> None:
        """A canary's request: cheap, changes nothing, and always in the audit log, with `mark`."""
        ...

    async def signed_certificates(self, access: Access) -> Mapping[str, str]:
        """The certificates that the cluster's own signing API has given out and still remembers, by request name."""
        ...

    async def remove_node(self, access: Access, node: str) -> None: ...

    async def survey(self, access: Access) -> Survey: ...

    async def admins(self, access: Access) -> Mapping[str, Sequence[str]]:
        """Who is bound to cluster-admin: binding to its subjects, as in `User:alice`."""
        ...

    async def greeting(self, access: Access, names: Sequence[str]) -> Greeting:
        """Of a connection that is made for it alone; the credentials of `access` are not shown."""
        ...

    async def answer_to(self, access: Access, stranger: Access) -> int:
        """The HTTP status that the cluster of `access` answers to the credentials of `stranger`, really tried."""
        ...

    async def forget(self, cluster_id: clusters.ClusterId) -> None:
        """Close connections that were kept for a cluster."""
        ...
