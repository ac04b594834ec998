"""What tests of forwarded logs do and look at: streams, subscriptions, lines that a customer leaves, what arrived."""

from steward.domain import conditions, logs
from steward.operations import log_streams
from steward.operations import logs as logs_
from steward.operations.logs import Where
from steward.runtimes.simulated import audit_logs
from tests.unit.reconcile.sites import CUSTOMER, Site

URL = "gelf+tls://logs.example.org:12202"
SOON = 10.0


async def stream(site: Site, url: str = URL, token: str | None = "a-secret") -> str:
    made = await log_streams.create(site.context, CUSTOMER, title="mine")
    assert made.stream_id is not None
    if url:
        wanted = log_streams.Destination(url=url, token=token)
        await log_streams.redirect(site.context, CUSTOMER, made.stream_id, wanted)
    return made.stream_id


def where(site: Site, cluster_id: str) -> Where:
    return Where(project_id=site.project_id, cluster_id=cluster_id)


async def ordered(site: Site, cluster_id: str, stream_id: str) -> logs.Operation:
    return await logs_.subscribe(site.context, CUSTOMER, where(site, cluster_id), kind=logs.AUDIT, stream_id=stream_id)


async def subscribed(site: Site, cluster_id: str, url: str = URL) -> str:
    """Taken up; the subscription's id."""
    begun = await ordered(site, cluster_id, await stream(site, url))
    await over(site, begun)
    assert begun.subscription_id is not None
    return begun.subscription_id


async def over(site: Site, begun: logs.Operation, within: float = SOON) -> None:
    async def success() -> bool:
        found = await log_streams.operation_of(site.context, CUSTOMER, begun.id)
        return found.state is logs.State.SUCCESS

    await site.clock.until(success, within=within, what="the operation's success")


async def kept(site: Site, subscription_id: str) -> logs.Subscription:
    async with site.records.read() as work:
        found = await work.log_subscriptions.get(subscription_id)
    assert found is not None
    return found


async def condition(site: Site, cluster_id: str) -> conditions.Condition | None:
    cluster = await site.cluster(cluster_id)
    assert cluster is not None
    return conditions.find(cluster.conditions, conditions.Kind.LOGS_FORWARDED)


def write(site: Site, cluster_id: str, name: str) -> None:
    """As if the customer had made something of that name."""
    deed = audit_logs.Deed(verb="create", resource="configmaps", namespace="shop", name=name, agent="kubectl")
    audit_logs.write(site.world, cluster_id, audit_logs.event(site.clock.now(), {"username": "alice"}, deed))


def arrived(site: Site, url: str = URL) -> list[str]:
    """Names of what the customer made, in the order in which it arrived."""
    return [each["_name"] for each in site.receivers.way(url).got if each.get("_user") == "alice"]


async def until_arrived(site: Site, *names: str, url: str = URL, within: float = SOON) -> None:
    await site.clock.until(lambda: set(names) <= set(arrived(site, url)), within=within, what=f"{names} at {url}")
