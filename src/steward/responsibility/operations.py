"""Which activity of the matrix each operation falls under (decisions/0003).

Operations are what somebody asks for; steps of flows name their activity where they are defined.
"""

from types import MappingProxyType

ACTIVITY_OF = MappingProxyType(
    {
        "project.create": "1.1-1",
        "credential.create": "3.1.2-1",
        "credential.request": "3.1.2-1",
        "credential.validate": "3.1.2-1",
        "credential.revoke": "3.1.2-1",
        "project.edit": "3.1.2-1",
        "cluster.create": "1.1-1",  # with 1.1-2 (network), 1.1-3 (region), 1.1-4 (version)
        "cluster.rename": "2.1-2",
        "cluster.update_policy": "3.1.6-6",
        "cluster.kubeconfig": "3.1.2-3",
        "cluster.delete": "5.1-1",
        "nodepool.create": "3.1.3-3",
        "nodepool.edit": "3.1.3-3",
        "nodepool.delete": "3.1.3-3",
        "node.delete": "3.1.3-3",
    }
)

# Fields of an order that are decisions of their own.
ACTIVITY_OF_FIELD = MappingProxyType(
    {
        "cluster.create.projectId": "1.1-1",
        "cluster.create.privateNetworkId": "1.1-2",
        "cluster.create.region": "1.1-3",
        "cluster.create.version": "1.1-4",
        "cluster.create.updatePolicy": "3.1.6-6",
        "nodepool.create.autoscale": "3.1.3-3",
    }
)
