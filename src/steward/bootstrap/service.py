"""The service: everything plugged together, started in order, ended in the reverse.

`running` is what `steward serve` keeps open; tests use it with their own settings and their own `on_step`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from steward.bootstrap import editions, openid, plans, runtimes, state
from steward.catalogue import addons
from steward.domain import clusters, errors, networks
from steward.operations import context as context_
from steward.operations import people
from steward.outside import certificates, clock, log_receivers, passwords, sealing, webhooks
from steward.reconcile import assembly, services
from steward.settings import Settings
from steward.storage import records

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    context: context_.Context
    operator_token: str
    assembled: assembly.Assembly


def _nothing(subject: str, step: str, moment: str) -> None:
    """Of what steps do, the service itself needs to know nothing."""


@asynccontextmanager
async def running(settings: Settings, on_step: services.OnStep = _nothing) -> AsyncIterator[Running]:
    """From a locked state folder to woken reconcilers; nothing of a cluster ends at its end."""
    check(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(state.hold(settings.state))
        stack.enter_context(runtimes.claimed(settings))
        token, kept = state.operator_token(settings.state), await _opened(settings)
        stack.push_async_callback(kept.close)
        await editions.check_accepted(kept)
        now = clock.SystemClock()
        runtime = runtimes.made(settings, now)
        stack.push_async_callback(runtime.close)
        hooks = webhooks.HttpWebhooks(now, allowed=settings.webhook_networks)
        stack.push_async_callback(hooks.close)
        receivers = log_receivers.NetworkLogReceivers(allowed=settings.webhook_networks)

        def around(wake: Callable[[str], None]) -> services.Services:
            return services.Services(
                records=kept,
                clock=now,
                certificates=certificates.EllipticCertificates(now),
                artifacts=runtime.artifacts,
                control_planes=runtime.control_planes,
                machines=runtime.machines,
                guests=runtime.guests,
                probes=runtime.probes,
                private_networks=runtime.private_networks,
                audit_logs=runtime.audit_logs,
                host=runtime.host,
                plan=plans.of(settings),
                addons=addons_of(settings),
                wake=wake,
                mail=runtimes.mail(settings, now),
                webhooks=hooks,
                log_receivers=receivers,
                advisories=runtimes.vulnerabilities(settings),
                ledger_name=settings.ledger_name,
                on_step=on_step,
            )

        assembled = assembly.assemble(around, owner=runtimes.owner(), audit_interval=settings.audit_interval)
        await runtime.host.prepare()
        stack.push_async_callback(assembled.engine.stop)
        await assembled.engine.start()
        context = context_.Context(
            records=kept,
            clock=now,
            host=runtime.host,
            passwords=passwords.Argon2Passwords(),
            wake=assembled.engine.wake,
            webhooks=hooks,
            openid=await stack.enter_async_context(openid.provider(settings, now)),
            ledger_name=settings.ledger_name,
            audit_logs=runtime.audit_logs,
            log_receivers=receivers,
            gauges=runtime.gauges,
            own_range=settings.network,
        )
        await people.begin(context, token)
        yield Running(context=context, operator_token=token, assembled=assembled)


async def _opened(settings: Settings) -> records.SqlRecords:
    """The records; a key file that is missing is made only for a database that has nothing sealed yet."""
    path = settings.state / "seal.key"
    if not path.exists():
        # Looked at before the key is made: one that is made and then found wrong would be taken for the right one
        # by the next start, were this one killed in between.
        looked = await records.open(settings.database_url, sealing.MissingKey())
        try:
            async with looked.read() as work:
                used = await work.secrets.any() or bool(await work.projects.all())
        finally:
            await looked.close()
        if used:
            raise errors.Unavailable(
                f"The key file {path} is missing, and without it no secret in the database opens; restore it from a "
                "backup"
            )
    return await records.open(settings.database_url, sealing.FileKeySealing(path))


def check(settings: Settings) -> None:
    """What would make serving unsafe, refused before anything is changed."""
    editions.publish(settings.contracts)
    openid.check(settings)
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise errors.Unavailable("STEWARD_TLS_CERTIFICATE and STEWARD_TLS_KEY go together; set both or none")
    host = settings.listen.rpartition(":")[0]
    if host not in LOOPBACK and settings.tls_certificate is None:
        raise errors.Unavailable(
            f"On {host}, which is not a loopback address, steward serves with TLS alone: set STEWARD_TLS_CERTIFICATE "
            "and STEWARD_TLS_KEY, or listen on 127.0.0.1 behind a proxy that has them"
        )


def addons_of(settings: Settings) -> Callable[[clusters.Cluster], list[dict[str, Any]]]:
    """The manifests of a cluster's services, with the versions that this release was built with."""
    from steward.components import recipes

    def rendered(cluster: clusters.Cluster) -> list[dict[str, Any]]:
        built = {
            each.name: each.version
            for each in recipes.recipes(recipes.modules_folder(), [str(cluster.version)], with_bench=False)
        }
        return addons.manifests(
            dns_address=str(networks.service_address(cluster.services, 10)),
            coredns_version=built["coredns"],
            metrics_server_version=built["metrics-server"],
        )

    def simulated(cluster: clusters.Cluster) -> list[dict[str, Any]]:
        return addons.rights()

    return simulated if settings.runtime == "simulated" else rendered
