"""The log of what was done and proven: appended to, signed, checked from outside, never changed.

Each project has a log of its own, the provider one more. A leaf holds no personal data: such values stand in it as
salted commitments, and beside it, erasable, in the clear.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from steward.domain import projects

PROVIDER_LOG = "provider"
KEY_LIFE = timedelta(days=365)  # then another takes its place by itself


def log_of(project_id: projects.ProjectId | None) -> str:
    return PROVIDER_LOG if project_id is None else f"project-{project_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be appended. `personal` values are committed to by salted hashes; `facts` go in as they are."""

    kind: str  # event, evidence, decision, acceptance, delegation, attestation, issuance, key
    at: datetime
    activity: str
    subject: str  # `cluster:<id>`, …
    facts: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`leaf` is the canonical JSON that was hashed; `disclosed` maps personal names to (salt, value), or is erased."""

    log: str
    index: int
    at: datetime
    leaf: str
    hash: bytes
    disclosed: Mapping[str, tuple[str, str]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`note` is the signed note in C2SP form."""

    log: str
    size: int
    root: bytes
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What checkpoints are signed with; the private half lies sealed in the records until another takes its place.

    `service` is the first part of every origin, and stays what it was when the first key was made. `note` is the
    handing over, signed by the key before; the first has none.
    """

    id: str  # a UUID
    service: str
    public: str  # 32 bytes in base64
    created_at: datetime
    retired_at: datetime | None = None
    note: str = ""

    def origin(self, log: str) -> str:
        return f"{self.service}/{log}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """How far one webhook outside the provider has the checkpoints of a log."""

    id: str  # the preference's, and the log
    log: str
    size: int = 0  # of the latest checkpoint that it answered with 2xx
    taken_at: datetime | None = None
    receipt: str = ""
    tried_at: datetime | None = None
    failed_since: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A log whose entries are not what was signed, or not all there; kept until they are whole again."""

    log: str
    found_at: datetime
    index: int  # the first entry that is not proven
    text: str
