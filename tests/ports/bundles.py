"""What every implementation of the runtime ports hands to the suites: its parts, its clock, and its bad days."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Protocol, TypeVar

from steward.domain import clusters, flavors, networks, nodepools, nodes, versions
from steward.ports import audit_logs, clock, control_planes, guests, hosts, machines, private_networks, probes
from steward.ports.control_planes import Part
from tests import virtual

T = TypeVar("T")

PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))
PODS, SERVICES = networks.DEFAULT_PODS, networks.DEFAULT_SERVICES
SMALL = flavors.Flavor(name="d2-4", category="d", vcpus=1, ram_gb=2, disk_gb=20)


class Orders(Protocol):
    """How an implementation wants its orders: with credentials that its programs accept."""

    def control_plane(self, number: int = 0) -> control_planes.ControlPlane:
        """Of a cluster with this slot; the same number gives the same order."""
        ...

    def machine(self, wanted: control_planes.ControlPlane, number: int = 0) -> machines.Machine: ...

    def access(self, wanted: control_planes.ControlPlane) -> guests.Access: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """`reopened` gives the same runtime as a new steward on the same machine finds it."""

    control_planes: control_planes.ControlPlanes
    machines: machines.Machines
    guests: guests.Guests
    probes: probes.Probes
    private_networks: private_networks.PrivateNetworks
    audit_logs: audit_logs.AuditLogs
    host: hosts.Host
    clock: clock.Clock
    orders: Orders
    run: Callable[[Coroutine[Any, Any, None]], None]
    kill_part: Callable[[control_planes.ControlPlane, Part], None]
    kill_machine: Callable[[machines.Machine], None]
    lose_host: Callable[[], None]
    lose_data: Callable[[control_planes.ControlPlane], None]
    leftovers: Callable[[], list[str]]  # all that stands of any cluster, as lines that a person understands
    reopened: Callable[[], "Runtime"]


async def start(runtime: Runtime, wanted: control_planes.ControlPlane) -> guests.Access:
    """A whole control plane, to the first answer of its API."""
    for part in Part:
        await runtime.control_planes.ensure(wanted, part)
    access = runtime.orders.access(wanted)
    await eventually(runtime, lambda: answers(runtime, access), what="the API's answer")
    await runtime.control_planes.mark_served(wanted.cluster_id)
    return access


async def reopened(runtime: Runtime) -> Runtime:
    """A new steward on the same machine, as it begins."""
    successor = runtime.reopened()
    await successor.host.prepare()
    return successor


async def join(
    runtime: Runtime, access: guests.Access, machine: machines.Machine, template: nodepools.Template | None = None
) -> None:
    """A machine, to its node being Ready."""
    await runtime.guests.register_node(access, identity(machine, template))
    await runtime.machines.ensure(machine)
    await eventually(runtime, lambda: is_ready(runtime, access, machine.name), what=f"{machine.name} being Ready")


def identity(machine: machines.Machine, template: nodepools.Template | None = None) -> guests.NodeIdentity:
    return guests.NodeIdentity(
        name=machine.name,
        provider_id=f"openstack:///{machine.instance_id}",
        pods=str(networks.node_pods(machine.pods, machine.number)),
        labels={"nodepool": "pool"},
        template=template or nodepools.Template(),
    )


async def answers(runtime: Runtime, access: guests.Access) -> bool:
    try:
        await runtime.guests.ready(access)
    except guests.NotAnswering:
        return False
    return True


async def is_ready(runtime: Runtime, access: guests.Access, name: str) -> bool:
    found = {each.name: each for each in await runtime.guests.nodes(access)}
    return name in found and found[name].ready


async def runs(runtime: Runtime, wanted: control_planes.ControlPlane, part: Part) -> bool:
    return (await runtime.control_planes.observe(wanted.cluster_id))[part].running


async def machine_runs(runtime: Runtime, machine: machines.Machine) -> bool:
    state = (await runtime.machines.observe(machine.cluster_id)).get(machine.node_id)
    return state is not None and state.running


async def eventually(runtime: Runtime, fact: Callable[[], Any], *, what: str, within: float = 90) -> None:
    await virtual.eventually(runtime.clock, fact, within=within, what=what)


def cluster_id(number: int) -> clusters.ClusterId:
    return clusters.ClusterId(f"00000000-0000-4000-8000-{number:012d}")


def plain_control_plane(
    number: int, files: dict[str, str], version: versions.Version, plan: networks.Plan = PLAN
) -> control_planes.ControlPlane:
    return control_planes.ControlPlane(
        cluster_id=cluster_id(number),
        network=plan.cluster(number),
        version=version,
        pods=PODS,
        services=SERVICES,
        files=files,
    )


def plain_machine(wanted: control_planes.ControlPlane, number: int, files: dict[str, str]) -> machines.Machine:
    node_id = nodes.NodeId(f"{number:08d}-0000-4000-8000-{wanted.network.slot:012d}")
    return machines.Machine(
        node_id=node_id,
        cluster_id=wanted.cluster_id,
        name=f"pool-node-{number:06d}",
        number=number,
        network=wanted.network,
        pods=wanted.pods,
        services=wanted.services,
        version=wanted.version,
        flavor=SMALL,
        instance_id=node_id,
        files=files,
    )


def note(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {}}
