"""What a customer waits for beside clusters: work on networks and gateways, with an id of its own.

OVHcloud's `cloud.Operation`. Clusters, pools and nodes have none: their status is looked at.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from steward.domain import projects

KEPT = 200  # of a project; older ones are forgotten


class Status(StrEnum):
    """Values of `cloud.OperationStatusEnum`."""

    CANCELED = "canceled"
    COMPLETED = "completed"
    CREATED = "created"
    IN_ERROR = "in-error"
    IN_PROGRESS = "in-progress"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOperation:
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    project_id: projects.ProjectId
    action: str  # as in `gateway#create`
    resource_id: str = ""
    region: str = ""
    created_at: datetime
    completed_at: datetime | None = None

    @property
    def status(self) -> Status:
        return Status.IN_PROGRESS if self.completed_at is None else Status.COMPLETED
