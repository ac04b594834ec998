"""What happened to a cluster, as facts that people read.

`type` is a typed tag `subject:action`; progress of long work is kept apart (`domain/progress.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from steward.domain import clusters, projects


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`id` is given by storage, rising; `activity` is the row of the matrix it falls under."""

    id: int = 0
    at: datetime
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId
    subject: str  # `cluster`, `nodepool` or `node`
    subject_id: str
    type: str  # as in `cluster:ordered`, `component:restarted`
    message: str
    actor: str  # who did it: a consumer's account, `operator`, `automation`
    activity: str
    facts: Mapping[str, str] = field(default_factory=dict)
