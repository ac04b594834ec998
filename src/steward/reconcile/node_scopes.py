"""What one pass knows of its node, and the machine that follows from it; made by `nodes`, handed to its steps."""

from dataclasses import dataclass

from steward.catalogue import loading
from steward.domain import clusters, errors, flavors, networks, nodepools, nodes, private_networks
from steward.ports import machines
from steward.reconcile import engine, identities


@dataclass(slots=True)
class Scope:
    node: nodes.Node
    pool: nodepools.NodePool
    cluster: clusters.Cluster
    network: networks.ClusterNetwork
    lease: engine.Lease
    cluster_files: dict[str, str]
    files: dict[str, str]
    subnet: private_networks.Subnet | None = None  # of the private network that it is to be on
    segment: int = -1  # that network's

    @property
    def leg(self) -> private_networks.Leg | None:
        on, subnet, address = self.cluster.network, self.subnet, self.node.private_address
        if on is None or subnet is None or address is None:
            return None
        return private_networks.Leg(
            segment=self.segment,
            address=address,
            prefix=subnet.cidr.prefixlen,
            default_via=private_networks.default_via(on, subnet),
        )

    @property
    def machine(self) -> machines.Machine:
        return machines.Machine(
            node_id=self.node.id,
            cluster_id=self.cluster.id,
            name=self.node.name,
            number=self.node.number,
            network=self.network,
            pods=self.cluster.pods,
            services=self.cluster.services,
            version=self.node.version,
            generation=self.node.generation,
            flavor=flavor_named(self.node.flavor),
            proxy_mode=self.cluster.proxy_mode,
            proxy=self.cluster.customization.kube_proxy,
            leg=self.leg,
            instance_id=identities.instance_of(self.node),
            files=self.files,
        )


def flavor_named(name: str) -> flavors.Flavor:
    for fact in loading.flavors():
        if fact.name == name:
            return flavors.Flavor(
                name=fact.name, category=fact.category, vcpus=fact.vcpus, ram_gb=fact.ram, disk_gb=fact.disk
            )
    raise errors.Unavailable(f"The flavor {name} is no longer in the catalogue; put it back, nodes of it stand")
