"""A steward that can be killed: the real reconcilers, behind gates that close for good at the moment of death.

What the dead process had begun and not finished stays undone: a gate that closed lets nothing through, so no
`finally` of a dying task reaches the records or the world. A transaction that is open at that moment is rolled
back, as the database does it for a process that is gone.
"""

import asyncio
import hashlib
import inspect
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

from steward.domain import clusters, networks
from steward.ports import advisories as advisories_
from steward.ports import clock, log_receivers, records
from steward.ports.certificates import KeyPair, Request
from steward.reconcile import assembly, services
from steward.runtimes.simulated import artifacts as artifacts_
from steward.runtimes.simulated import audit_logs as audit_logs_
from steward.runtimes.simulated import control_planes as control_planes_
from steward.runtimes.simulated import guests as guests_
from steward.runtimes.simulated import hosts as hosts_
from steward.runtimes.simulated import machines as machines_
from steward.runtimes.simulated import private_networks as private_networks_
from steward.runtimes.simulated import probes as probes_
from steward.runtimes.simulated import world as world_

PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))
OnGate = Callable[[], None]  # may raise Killed


class Killed(BaseException):
    """This process is no more. No Exception, because nothing may survive by catching it."""


class Life:
    """`on_gate` and `on_step` are asked at every crossing, and kill by calling `end`."""

    def __init__(self) -> None:
        self.dead = False
        self.died = asyncio.Event()
        self.on_gate: OnGate = lambda: None
        self.on_step: services.OnStep = lambda subject, step, moment: None

    def end(self) -> None:
        self.dead = True
        self.died.set()

    def check(self) -> None:
        if not self.dead:
            self.on_gate()
        if self.dead:
            raise Killed

    def step(self, subject: str, step: str, moment: str) -> None:
        if not self.dead:
            self.on_step(subject, step, moment)
        if self.dead:
            raise Killed


class Gated:
    """Any port: every coroutine function of it passes the gate on its way in and on its way out."""

    def __init__(self, inner: Any, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def through(*arguments: Any, **named: Any) -> Any:
            self._life.check()
            result = await found(*arguments, **named)
            self._life.check()
            return result

        return through


class GatedRecords:
    def __init__(self, inner: records.Records, life: Life) -> None:
        self._inner = inner
        self._life = life

    def begin(self) -> AbstractAsyncContextManager[records.Work]:
        return self._through(self._inner.begin())

    def read(self) -> AbstractAsyncContextManager[records.Work]:
        return self._through(self._inner.read())

    @asynccontextmanager
    async def _through(self, opened: AbstractAsyncContextManager[records.Work]) -> AsyncIterator[records.Work]:
        self._life.check()
        async with opened as work:
            yield work
            self._life.check()
        self._life.check()

    def following(self) -> AbstractContextManager[records.Reads]:
        return self._inner.following()

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        return self._inner.unchanged(seen)

    async def close(self) -> None:
        """It is shared with the successor."""


class PaperCertificates:
    """`ports.certificates` without mathematics: a certificate is the moment of its end, and a number of its own."""

    def __init__(self, clock: clock.Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._series = secrets.token_hex(4)  # another process makes other certificates

    def authority(self, common_name: str) -> KeyPair:
        return self._made(common_name, timedelta(days=3650))

    def issue(self, authority: KeyPair, request: Request) -> KeyPair:
        return self._made(request.common_name, request.valid_for, *request.names)

    def signing_key(self) -> KeyPair:
        return KeyPair(key="a key", certificate="its public half")

    def remaining(self, certificate: str) -> timedelta:
        return datetime.fromisoformat(certificate.split()[0]) - self._clock.now()

    def names(self, certificate: str) -> frozenset[str]:
        return frozenset(certificate.split()[3:])

    def user(self, certificate: str) -> str:
        return certificate.split()[2]

    def fingerprint(self, certificate: str) -> str:
        return hashlib.sha256(certificate.encode()).hexdigest()

    def _made(self, name: str, valid_for: timedelta, *names: str) -> KeyPair:
        end = (self._clock.now() + valid_for).isoformat()
        words = (end, f"{self._series}-{next(self._numbers)}", name, *names)
        return KeyPair(key="a key", certificate=" ".join(words))


def addons(cluster: clusters.Cluster) -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"}}]


class Steward:
    """One process, from its start to its end or death."""

    def __init__(
        self,
        world: world_.World,
        kept: records.Records,
        *,
        owner: str = "here",
        audit_interval: float = 30.0,
        advisories: advisories_.Advisories = advisories_.NO_ADVISORIES,
        receivers: log_receivers.LogReceivers = log_receivers.NO_LOG_RECEIVERS,
    ) -> None:
        self.life = Life()
        asyncio.get_running_loop().set_exception_handler(_bury)
        self.tasks_before = asyncio.all_tasks()
        self._host = hosts_.SimulatedHost(world)
        gated = GatedRecords(kept, self.life)
        time = Gated(world.clock, self.life)

        def around(wake: Callable[[str], None]) -> services.Services:
            return services.Services(
                records=gated,
                clock=time,
                certificates=PaperCertificates(world.clock),
                artifacts=Gated(artifacts_.SimulatedArtifacts(world), self.life),
                control_planes=Gated(control_planes_.SimulatedControlPlanes(world), self.life),
                machines=Gated(machines_.SimulatedMachines(world), self.life),
                guests=Gated(guests_.SimulatedGuests(world), self.life),
                probes=Gated(probes_.SimulatedProbes(world), self.life),
                private_networks=Gated(private_networks_.SimulatedPrivateNetworks(world), self.life),
                audit_logs=Gated(audit_logs_.SimulatedAuditLogs(world), self.life),
                host=self._host,
                plan=PLAN,
                addons=addons,
                wake=wake,
                advisories=advisories,
                log_receivers=Gated(receivers, self.life),
                on_step=self.life.step,
            )

        made = assembly.assemble(around, owner=owner, audit_interval=audit_interval)
        self.engine, self.services = made.engine, made.services

    def wake(self, subject: str) -> None:
        if not self.life.dead:
            self.engine.wake(subject)

    async def start(self) -> None:
        await self.engine.start()

    async def stop(self) -> None:
        """An orderly end."""
        await self.engine.stop()
        await self._host.close()
        self.life.end()

    async def kill(self) -> None:
        """Everything of this process is gone, in the middle of whatever it did."""
        self.life.end()
        await self._host.close()
        mine = asyncio.all_tasks() - self.tasks_before - {asyncio.current_task()}
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)


def _bury(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody waits for a task that died with its process; every other unheard failure is told as usual."""
    reason = context.get("exception")
    if isinstance(reason, BaseExceptionGroup):
        reason = None if reason.split(Killed)[1] is None else reason
    if reason is not None and not isinstance(reason, Killed):
        loop.default_exception_handler(context)
