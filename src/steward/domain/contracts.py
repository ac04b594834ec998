"""The customer's acceptance of a version of the responsibility matrix, per project or for one cluster."""

from dataclasses import dataclass
from datetime import datetime

from steward.domain import clusters, projects


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """`defaults` are those that were shown with it: what an order takes where it names nothing itself."""

    id: str  # a UUID
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId | None = None  # None: for clusters that the project orders from now on
    version: str  # of the matrix
    digest: str  # SHA-256 of its canonical text, hex
    defaults: tuple[tuple[str, str], ...]  # field of an order to value
    by_ordering: bool = False  # nobody accepted explicitly: the project's first order did
    accepted_by: str  # an actor's name
    accepted_at: datetime

    def default(self, field: str) -> str:
        """Empty where none was shown."""
        return dict(self.defaults).get(field, "")
