"""The simulated runtime as the suites want it, on virtual time."""

from pathlib import Path

from steward.domain import versions
from steward.ports import control_planes, guests, machines
from steward.runtimes.simulated import audit_logs as audit_logs_
from steward.runtimes.simulated import control_planes as control_planes_
from steward.runtimes.simulated import faults as faults_
from steward.runtimes.simulated import guests as guests_
from steward.runtimes.simulated import hosts as hosts_
from steward.runtimes.simulated import machines as machines_
from steward.runtimes.simulated import private_networks as private_networks_
from steward.runtimes.simulated import probes as probes_
from steward.runtimes.simulated import world as world_
from tests import virtual
from tests.ports import bundles

VERSION = versions.Version(1, 37, 2)


class Orders:
    def control_plane(self, number: int = 0) -> control_planes.ControlPlane:
        return bundles.plain_control_plane(number, {"ca.crt": "an authority"}, VERSION)

    def machine(self, wanted: control_planes.ControlPlane, number: int = 0) -> machines.Machine:
        return bundles.plain_machine(wanted, number, {"ca.crt": "an authority", "kubelet.crt": "a certificate"})

    def access(self, wanted: control_planes.ControlPlane) -> guests.Access:
        server = f"https://{wanted.network.api_address}:6443"
        return guests.Access(
            cluster_id=wanted.cluster_id, server=server, authority="an authority", certificate="", key=""
        )


def runtime(time: virtual.Time, folder: Path) -> bundles.Runtime:
    world = world_.World(clock=time.clock, folder=folder)
    faults = faults_.Faults(world)
    return bundles.Runtime(
        control_planes=control_planes_.SimulatedControlPlanes(world),
        machines=machines_.SimulatedMachines(world),
        guests=guests_.SimulatedGuests(world),
        probes=probes_.SimulatedProbes(world),
        private_networks=private_networks_.SimulatedPrivateNetworks(world),
        audit_logs=audit_logs_.SimulatedAuditLogs(world),
        host=hosts_.SimulatedHost(world),
        clock=time.clock,
        orders=Orders(),
        run=time.run,
        kill_part=lambda wanted, part: faults.kill_part(wanted.cluster_id, part),
        kill_machine=lambda machine: faults.kill_machine(machine.cluster_id, machine.node_id),
        lose_host=faults.lose_host,
        lose_data=lambda wanted: faults.lose_data(wanted.cluster_id),
        leftovers=lambda: [str(each) for each in (*world.places, *folder.iterdir())],
        reopened=lambda: runtime(time, folder),
    )
