"""What a node is called in its cluster, and which labels the provider gives it."""

from steward.domain import clusters, networks, nodepools, nodes
from steward.ports import guests

VIRTUAL = "steward/failure-domain"  # on nodes whose pool asked for a zone or for anti-affinity
ZONE_OF_ONE = "nova"  # what OVHcloud calls the zone of a region that has one


def of(node: nodes.Node, cluster: clusters.Cluster, pool: nodepools.NodePool) -> guests.NodeIdentity:
    zone = pool.availability_zones[0] if pool.availability_zones else ZONE_OF_ONE
    return guests.NodeIdentity(
        name=node.name,
        provider_id=f"openstack:///{instance_of(node)}",
        pods=str(networks.node_pods(cluster.pods, node.number)),
        labels={
            "nodepool": pool.name,
            "node.k8s.ovh/type": "standard",
            "node.kubernetes.io/instance-type": node.flavor,
            "topology.kubernetes.io/region": cluster.region,
            "topology.kubernetes.io/zone": zone,
            **({VIRTUAL: "virtual"} if pool.availability_zones or pool.anti_affinity else {}),
        },
        template=pool.template,
    )


def instance_of(node: nodes.Node) -> str:
    """The machine's own id. A machine is made once for a node here, so the node's serves."""
    return node.instance_id or node.id
