"""What the simulated world consists of: plain mutable values that fit into a JSON file.

Written by `world.py` and `faults.py` alone. Nothing here ticks: a thing keeps the moments at which it began, and
`laws.py` says what has come of it by now.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from steward.ports import control_planes

MOST_LINES = 5000  # of an audit log


@dataclass(slots=True, kw_only=True)
class Timings:
    """How long things take, in seconds: roughly what the real components take on a small machine."""

    etcd: float = 0.5  # from start to serving
    api_server: float = 3.0  # from etcd serving and the network standing
    controller_manager: float = 1.0  # from the API serving
    default_account: float = 1.0  # from the controller-manager working
    node: float = 1.5  # from machine, Node object and API to Ready
    node_grace: float = 40.0  # of a silent node, until it is NotReady
    pod_leaves: float = 1.0  # each, when a node is drained
    first_backoff: float = 0.2  # before a part that died starts again; doubles
    longest_backoff: float = 30.0
    stable_after: float = 60.0  # running this long, a part's back-off begins anew
    request: float = 0.01  # of one request to a cluster's API
    verb: float = 0.001  # of one verb of a runtime
    pods_per_node: int = 1  # that a new node gets, so that draining it takes a while


@dataclass(slots=True, kw_only=True)
class Running:
    """A part or a machine: something that was started, and may have died since.

    `again_at` is when the runtime itself starts it again; None where nobody will before the next `ensure`.
    """

    version: str
    running: bool = False
    started_at: datetime
    ended_at: datetime | None = None
    again_at: datetime | None = None
    restarts: int = 0
    failures: int = 0  # in a row
    reason: str = ""
    mark: str = ""  # what a part was started with
    authority: str = ""  # whom it trusts, and by whom it is known


@dataclass(slots=True, kw_only=True)
class Box(Running):
    """A machine. `number` is its place in the cluster's network."""

    node_id: str
    name: str
    number: int
    instance_id: str
    generation: int = 0
    proxy_mode: str = ""
    address: str = ""  # what its node is known by
    private_address: str = ""
    default_via: str = ""
    segment: int | None = None
    parameters: str = ""


@dataclass(slots=True, kw_only=True)
class Pod:
    name: str  # namespace/name
    held_by: str = ""  # a PodDisruptionBudget that allows no disruption
    leaves_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class NodeObject:
    """A Node in the cluster's API, with the pods bound to it."""

    name: str
    registered_at: datetime
    provider_id: str
    pod_range: str
    labels: dict[str, str] = field(default_factory=dict)
    owned_labels: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    owned_annotations: list[str] = field(default_factory=list)
    taints: list[tuple[str, str, str]] = field(default_factory=list)
    finalizers: list[str] = field(default_factory=list)
    unschedulable: bool = False
    ready: bool = False
    seen: bool = False  # it was ready once
    version: str = ""
    address: str = ""
    machine: str = ""
    cordoned_by_us: bool = False
    unschedulable_by_template: bool = False
    silent_since: datetime | None = None
    pods: list[Pod] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Data:
    """What etcd holds. `torn` is what a power cut may leave of a member: it never serves."""

    torn: bool = False
    default_account: bool = False
    authority: str = ""  # what pods are handed to know the API server by
    nodes: dict[str, NodeObject] = field(default_factory=dict)
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    admins: dict[str, list[str]] = field(default_factory=dict)  # binding to the subjects that the customer gave it
    signed_certificates: dict[str, str] = field(default_factory=dict)  # by the name of the signing request


@dataclass(slots=True, kw_only=True)
class Faults:
    refused: dict[str, str] = field(default_factory=dict)  # part or node id: the reason why it does not start
    muted: bool = False  # the API accepts no request, though all runs
    slowness: float = 1.0
    distrust: str = ""  # why the server's certificate is not to be trusted
    old_protocol: bool = False
    unnamed: list[str] = field(default_factory=list)  # names that the certificate does not have
    refuses_restrictions: bool = False  # who may reach the API cannot be changed
    admits_anybody: bool = False  # without credentials, or with those of another cluster
    image: str = ""  # the digest of what the provider's own pods run, where it is another than was installed


@dataclass(slots=True, kw_only=True)
class Place:
    """All that exists of one cluster. `served` is the durable marker beside etcd's data."""

    cluster_id: str
    slot: int
    services: str = ""  # the first address of the services' range
    parts: dict[control_planes.Part, Running] = field(default_factory=dict)
    successor: Running | None = None  # an API server that comes up beside the one that serves
    boxes: dict[str, Box] = field(default_factory=dict)
    data: Data | None = None
    served: bool = False
    sources: list[str] | None = None  # who is let in to the API; None: everybody
    refused: int = 0  # strangers that were turned away
    faults: Faults = field(default_factory=Faults)


@dataclass(slots=True)
class Trail:
    """A cluster's audit log: the latest lines of a file that only grows. Kept in memory alone."""

    inode: int
    lines: list[bytes] = field(default_factory=list)
    began: int = 0  # bytes at its beginning that were forgotten
    written: int = 0
    number: int = 0  # of events that were ever written
    writer: str = ""  # which run of the API server wrote last

    def add(self, line: bytes) -> None:
        self.lines.append(line + b"\n")
        self.written += len(line) + 1
        self.number += 1
        if len(self.lines) > MOST_LINES:
            gone, self.lines = self.lines[: MOST_LINES // 2], self.lines[MOST_LINES // 2 :]
            self.began += sum(map(len, gone))
