"""The two runtimes, each with its parts plugged together as the settings say."""

import os
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from steward.bootstrap import plans
from steward.components import supply
from steward.domain import errors, networks
from steward.ports import (
    advisories,
    artifacts,
    audit_logs,
    clock,
    control_planes,
    gauges,
    guests,
    hosts,
    machines,
    messengers,
    private_networks,
    probes,
)
from steward.settings import Settings

if TYPE_CHECKING:
    from steward.runtimes.processes import artifacts as artifacts_
    from steward.runtimes.processes import logins
    from steward.runtimes.processes import machines as machines_


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    host: hosts.Host
    control_planes: control_planes.ControlPlanes
    machines: machines.Machines
    guests: guests.Guests
    probes: probes.Probes
    private_networks: private_networks.PrivateNetworks
    audit_logs: audit_logs.AuditLogs
    gauges: gauges.Gauges
    artifacts: artifacts.Artifacts
    close: Callable[[], Awaitable[None]]


def made(settings: Settings, clock_: clock.Clock) -> Runtime:
    return simulated(settings, clock_) if settings.runtime == "simulated" else processes(settings, clock_)


def simulated(settings: Settings, clock_: clock.Clock) -> Runtime:
    from steward.runtimes.simulated import artifacts as artifacts_
    from steward.runtimes.simulated import audit_logs as audit_logs_
    from steward.runtimes.simulated import control_planes as control_planes_
    from steward.runtimes.simulated import gauges as gauges_
    from steward.runtimes.simulated import guests as guests_
    from steward.runtimes.simulated import hosts as hosts_
    from steward.runtimes.simulated import machines as machines_
    from steward.runtimes.simulated import private_networks as private_networks_
    from steward.runtimes.simulated import probes as probes_
    from steward.runtimes.simulated import world

    place = world.World(clock=clock_, folder=settings.state / "simulated")
    host = hosts_.SimulatedHost(place)
    return Runtime(
        host=host,
        control_planes=control_planes_.SimulatedControlPlanes(place),
        machines=machines_.SimulatedMachines(place),
        guests=guests_.SimulatedGuests(place),
        probes=probes_.SimulatedProbes(place),
        private_networks=private_networks_.SimulatedPrivateNetworks(place),
        audit_logs=audit_logs_.SimulatedAuditLogs(place),
        gauges=gauges_.SimulatedGauges(place),
        artifacts=artifacts_.SimulatedArtifacts(place),
        close=host.close,
    )


def _registry_of(components: supply.Components) -> Callable[[], Awaitable[Path]]:
    """The registry's program, obtained when it is first asked for."""

    async def program() -> Path:
        for item in components.plan([supply.default_version()]):
            if item.name == "registry":
                return await components.obtain(item) / "registry"
        raise AssertionError("the catalogue of components names no registry")

    return program


def _filling(components: supply.Components, folder: Path) -> Callable[[str], Awaitable[None]]:
    """Puts the images of a Kubernetes version into the registry's folder."""
    from steward.components import images, registries

    async def fill(version: str) -> None:
        await registries.fill(await _registry_of(components)(), folder, images.images(components, [version]))

    return fill


def _kit(settings: Settings, got: "artifacts_.ComponentArtifacts", registry: str) -> "machines_.Kit":
    from steward.components import images
    from steward.runtimes.processes import host as host_
    from steward.runtimes.processes import machines as machines_

    return machines_.Kit(
        find=got.find,
        shown=lambda version: [got.programs(version).folder],
        pause=lambda version: images.pause_reference(str(version)),
        registry=registry,
        mirrors=tuple(settings.image_mirrors),
        resolvers=host_.resolvers(settings.upstream_dns),
        host=host_.size(settings.state),
        proxy=settings.http_proxy,
    )


def processes(settings: Settings, clock_: clock.Clock) -> Runtime:
    from steward.components import registries
    from steward.outside import guests as guests_
    from steward.runtimes.processes import artifacts as artifacts_
    from steward.runtimes.processes import audit_logs as audit_logs_
    from steward.runtimes.processes import control_planes as control_planes_
    from steward.runtimes.processes import gauges as gauges_
    from steward.runtimes.processes import host as host_
    from steward.runtimes.processes import machines as machines_
    from steward.runtimes.processes import places, segments, supervision
    from steward.runtimes.processes import private_networks as private_networks_
    from steward.runtimes.processes import probes as probes_

    spot = places.Places(settings.state, settings.instance)
    plan = plans.of(settings)
    supervisor = supervision.Supervisor()
    components = supply.of(settings)
    registry_program = _registry_of(components)
    got = artifacts_.ComponentArtifacts(components, _filling(components, spot.registry / "images"))
    listen = f"{plan.registry}:{networks.REGISTRY_PORT}"
    host = host_.ProcessHost(
        spot,
        plan,
        supervisor,
        host_.Overcommit(memory=settings.overcommit_memory, cpu=settings.overcommit_cpu, disk=settings.overcommit_disk),
        host_.Registry(
            program=registry_program,
            configuration=registries.registry_config(spot.registry / "images", listen, read_only=True),
            environment=registries.registry_environment(),
        ),
    )
    asking = probes_.ProcessProbes(spot, clock_)
    segments_ = segments.Segments(spot)

    async def close() -> None:
        await asking.close()
        got.close()
        await host.close()

    return Runtime(
        host=host,
        control_planes=control_planes_.ProcessControlPlanes(
            spot, supervisor, got.find, plan.caller, surroundings=_surroundings(settings)
        ),
        machines=machines_.ProcessMachines(spot, supervisor, _kit(settings, got, host.registry_url), segments_),
        guests=guests_.HttpGuests(clock_, source=str(plan.caller)),
        probes=asking,
        private_networks=private_networks_.ProcessPrivateNetworks(segments_),
        audit_logs=audit_logs_.ProcessAuditLogs(spot),
        gauges=gauges_.ProcessGauges(spot),
        artifacts=got,
        close=close,
    )


def _surroundings(settings: Settings) -> "logins.Surroundings":
    from steward.runtimes.processes import host, logins

    return logins.Surroundings(
        resolvers=host.resolvers(settings.upstream_dns),
        allowed=[each for each in settings.webhook_networks if isinstance(each, IPv4Network)],
    )


def mail(settings: Settings, clock_: clock.Clock) -> messengers.Mail:
    """The way to people's mailboxes that the settings name."""
    from steward.outside import mail as mail_

    url = settings.smtp_url.get_secret_value()
    if not url:
        return messengers.NoMail()
    authority = None
    if settings.smtp_authority is not None:
        authority = ssl.create_default_context(cafile=str(settings.smtp_authority))
    return mail_.SmtpMail(mail_.server(url), settings.mail_from, clock_, authority=authority)


def vulnerabilities(settings: Settings) -> advisories.Advisories:
    """The database that the settings name."""
    from steward.components import recipes
    from steward.outside import advisories as advisories_

    if not settings.vulnerabilities:
        return advisories.NO_ADVISORIES
    return advisories_.OsvAdvisories(settings.vulnerabilities, recipes.modules_folder)


def claimed(settings: Settings) -> AbstractContextManager[None]:
    """Names and addresses of this machine are this service's, until the end."""
    from steward.runtimes.processes import claims, places

    if settings.runtime == "simulated":
        return nullcontext()
    spot = places.Places(settings.state, settings.instance)
    return claims.held(spot, plans.of(settings), settings.listen)


def check_own(settings: Settings) -> None:
    """Refuses settings under which the clusters of this folder would not be found, and others' might be."""
    from steward.runtimes.processes import claims, places

    strange = claims.estranged(places.Places(settings.state, settings.instance), plans.of(settings))
    if strange:
        raise errors.Unavailable(f"Nothing was changed: {strange}. Set them as they were")


async def torn_down(settings: Settings) -> None:
    """What `prepare` of the processes runtime made is taken away again."""
    from steward.runtimes.processes import cgroups, claims, host, links, places, supervision

    if settings.runtime == "simulated":
        return
    spot = places.Places(settings.state, settings.instance)
    await supervision.Supervisor().stop("registry", host.registry_record(spot), grace=5.0)
    await links.remove_networks(settings.instance)
    await links.remove_host(settings.instance, plans.of(settings))
    cgroups.Cgroups().remove(settings.instance)
    claims.give_up(spot)


def owner() -> str:
    """Names this process among several that share a database."""
    return f"{os.uname().nodename}"
