"""May this actor do that, and why: an answer with its grounds, and whose turn it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from steward.domain import clusters, errors, projects

NO_PROJECT = errors.PROVIDER  # owner of what was decided about no project


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`letters` is each party's, as in `RA`; `who_may` and `how_to_ask` are sentences for people."""

    allowed: bool
    operation: str
    activity: str
    activity_text: str
    letters: Mapping[str, str]
    matrix_version: str
    party: str
    actor: str
    role: str
    reason: str
    who_may: str = ""
    how_to_ask: str = ""
    delegation_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def details(self) -> dict[str, str]:
        """What a refusal says of it beside its sentence; flat, as OVHcloud's clients read them."""
        return {
            "operation": self.operation,
            "activity": self.activity,
            "activityText": self.activity_text,
            "lettersCustomer": self.letters.get(errors.CUSTOMER, ""),
            "lettersProvider": self.letters.get(errors.PROVIDER, ""),
            "matrixVersion": self.matrix_version,
            **self.facts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A decision that was taken, to be asked about later by its id."""

    id: str  # a UUID
    at: datetime
    project_id: projects.ProjectId | None
    cluster_id: clusters.ClusterId | None
    decision: Decision
