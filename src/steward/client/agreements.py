"""What the API answers on the contract between the parties: editions, acceptance, delegations, decisions."""

from typing import Literal, NotRequired, TypedDict


class Edition(TypedDict):
    """A version of the contract between customer and provider."""

    version: str
    digest: str
    activities: int


class Row(TypedDict):
    activity: str
    text: str
    letters: dict[str, str]
    disputed: dict[str, str] | None
    operations: NotRequired[list[str]]


class WholeEdition(Edition):
    parties: list[str]
    rows: list[Row]


class RowChange(TypedDict):
    activity: str
    change: Literal["added", "removed", "changed"]
    what: list[str]
    old: Row | None
    new: Row | None


class EditionDiff(Edition):
    since: Edition
    changes: list[RowChange]


class Acceptance(TypedDict):
    id: str
    projectId: str
    clusterId: str | None
    version: str
    digest: str
    defaults: dict[str, str]
    byOrdering: bool
    acceptedBy: str
    acceptedAt: str


class PinnedCluster(TypedDict):
    id: str
    name: str
    version: str
    newest: str


class Contract(TypedDict):
    """Of a project. `offered` is None where the newest version is accepted."""

    accepted: Acceptance | None
    newest: Edition
    offered: EditionDiff | None
    defaults: dict[str, str]
    clusters: list[PinnedCluster]


class Delegation(TypedDict):
    id: str
    standing: bool
    activity: str
    toParty: str
    cluster: str | None
    operations: list[str]
    subject: str
    bounds: list[int] | None
    automationOnly: bool
    reason: str
    grantedBy: str
    grantedAt: str
    expiresAt: str | None
    revokedAt: str | None
    revokedBy: str


class Decision(TypedDict):
    """With `id`, `at`, `project` and `cluster` where it was taken and kept."""

    id: NotRequired[str]
    at: NotRequired[str]
    project: NotRequired[str | None]
    cluster: NotRequired[str | None]
    allowed: bool
    operation: str
    activity: str
    activityText: str
    letters: dict[str, str]
    matrixVersion: str
    party: str
    actor: str
    role: str
    reason: str
    whoMay: str
    howToAsk: str
    delegation: str | None
    facts: dict[str, str]
