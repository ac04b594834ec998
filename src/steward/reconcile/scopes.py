"""What one pass knows of its cluster; made by `clusters`, handed to all that its steps call."""

from dataclasses import dataclass, field

from steward.domain import clusters, conditions, networks, restrictions, versions
from steward.ports import control_planes
from steward.reconcile import credentials, engine

_REASON = conditions.Reason
CHANGES = frozenset({_REASON.REDEPLOYING, _REASON.UPDATING, _REASON.RESETTING, _REASON.INSTALLING})


@dataclass(slots=True)
class Scope:
    """What one pass knows of its cluster."""

    cluster: clusters.Cluster
    network: networks.ClusterNetwork
    lease: engine.Lease
    files: dict[str, str] = field(default_factory=dict, repr=False)
    seen_version: versions.Version | None = None
    serves: bool = False  # its API is known to answer, whatever else is being done

    @property
    def change(self) -> conditions.Condition | None:
        """What was ordered of the standing cluster and is not done yet."""
        found = conditions.find(self.cluster.conditions, conditions.Kind.PROGRESSING)
        if self.cluster.installed_at is None or found is None or not found.holds:
            return None
        return found if found.reason in CHANGES else None

    @property
    def wanted(self) -> control_planes.ControlPlane:
        return control_planes.ControlPlane(
            cluster_id=self.cluster.id,
            network=self.network,
            version=self.cluster.version,
            pods=self.cluster.pods,
            services=self.cluster.services,
            files=credentials.for_runtime(self.files),
            sources=restrictions.admitted(self.cluster.restrictions) if self.cluster.restrictions else None,
            admission_plugins=self.cluster.customization.plugins.on,
            openid=self.cluster.openid,
            etcd_quota_bytes=control_planes.ETCD_QUOTA[self.cluster.plan],
            generation=self.cluster.generation,
            at_once=self.cluster.at_once,
        )
