"""Who set the size of every node pool (3.1.3-3), and that what was asked for was delivered (3.2.2-4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from steward.domain import clusters, conditions, errors, events, evidence, nodepools, nodes
from steward.domain.evidence import Outcome
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

APPLY = "3.2.2-4"
EVERY = 120.0
PROMISED = timedelta(minutes=30)  # from a request to its capacity
SIZED = ("nodepool:ordered", "nodepool:resize-asked", "node:delete-asked")
ASKED = (*SIZED, "nodepool:edited", "nodepool:delete-asked")


def jobs(services: Services) -> list[jobs_.Job]:
    pasts = looks.Pasts(services)

    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        past = await pasts.of(cluster.id)
        async with services.records.read() as work:
            pools = await work.nodepools.of_cluster(cluster.id)
            members = await work.nodes.of_cluster(cluster.id)
            before = await work.evidence.get(f"{APPLY}/{evidence.of_cluster(cluster.id)}/capacity")
        return [adjusted(past, pools), delivered(past, pools, members, before, services.clock.now())]

    async def act() -> None:
        present = await looks.staying(services)
        pasts.forget_others(present)
        await looks.at_every_cluster(services, look, present)

    return [jobs_.Job(name="evidence-sizes", activity=APPLY, every=EVERY, act=act)]


def adjusted(past: Sequence[events.Event], pools: Sequence[nodepools.NodePool]) -> Saw:
    """Every request was the customer's, and no pool has a size that nobody asked for."""
    asked = [each for each in past if each.type in ASKED]
    foreign = [each for each in asked if not looks.by_customer(each)]
    sizes = {each.id: each.desired for each in pools if not each.deleting}
    requests = [(each, _requested(past, each)) for each in pools if not each.deleting]
    unasked = [pool.id for pool, found in requests if found is None or found[1] != pool.desired]
    outside = [each.id for each in pools if not each.minimum <= each.desired <= each.maximum]
    facts = {"requests": len(asked), "pools": sizes, "latest": looks.acted(asked[-1]) if asked else None}

    def saw(outcome: Outcome, said: str, **more: object) -> Saw:
        return Saw(activity="3.1.3-3", collector="sizes", outcome=outcome, summary=said, facts={**facts, **more})

    if foreign:
        shown = [looks.acted(each) for each in foreign[-10:]]
        return saw(Outcome.BREACHED, f"{len(foreign)} requests were the provider's, and nothing lent allows them",
                   foreign=shown)  # fmt: skip
    if unasked or outside:
        said = f"{len({*unasked, *outside})} pools have a size that nobody asked for"
        return saw(Outcome.BREACHED, said, unasked=sorted({*unasked, *outside}))
    if not asked:
        return saw(Outcome.NOT_APPLICABLE, "No node pool was asked for yet")
    return saw(Outcome.PROVEN, f"All {len(asked)} requests were the customer's, and every pool has the size asked for")


def _requested(past: Sequence[events.Event], pool: nodepools.NodePool) -> tuple[events.Event, int] | None:
    """The latest request for a size of the pool."""
    for event in reversed(past):
        about = event.facts.get("nodepool", event.subject_id)
        if event.type in SIZED and about == pool.id and event.facts.get("to", "").isdigit():
            return event, int(event.facts["to"])
    return None


def delivered(
    past: Sequence[events.Event],
    pools: Sequence[nodepools.NodePool],
    members: Sequence[nodes.Node],
    before: evidence.Evidence | None,
    now: datetime,
) -> Saw:
    """Request by request: once as many nodes were ready as were asked for, it is carried out, and stays so."""
    late: list[str] = []
    under_way: list[str] = []
    shown: dict[str, dict[str, object]] = {}
    carried_out = _carried_out(before)
    for pool in pools:
        found = _requested(past, pool)
        if found is None or pool.deleting:
            continue
        event, size = found
        ready = sum(1 for each in members if each.nodepool_id == pool.id and nodes.status(each) is nodes.Status.READY)
        done = ready == size or carried_out.get(pool.id) == str(event.id)
        shown[pool.id] = {"request": str(event.id), "at": event.at.isoformat(), "asked": size, "carriedOut": done}
        if not done:
            overdue = now - event.at > PROMISED and not _customers_turn(pool)
            (late if overdue else under_way).append(pool.id)

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=APPLY, collector="capacity", outcome=outcome, summary=said, facts={"pools": shown})

    if late:
        minutes = int(PROMISED.total_seconds() // 60)
        return saw(Outcome.BREACHED, f"{len(late)} pools do not have the size asked for after {minutes} minutes")
    if under_way:
        return saw(Outcome.UNKNOWN, f"{len(under_way)} requests are being carried out")
    if not shown:
        return saw(Outcome.NOT_APPLICABLE, "Nothing was asked for yet")
    return saw(Outcome.PROVEN, f"The latest requests for all {len(shown)} pools were carried out")


def _carried_out(before: evidence.Evidence | None) -> dict[str, str]:
    """Pool to the request that was seen carried out: what happens to a node later is no matter of the request."""
    pools = before.facts.get("pools", {}) if before is not None else {}
    return {pool: each["request"] for pool, each in pools.items() if each.get("carriedOut")}


def _customers_turn(pool: nodepools.NodePool) -> bool:
    blocked = conditions.find(pool.conditions, conditions.Kind.BLOCKED)
    return blocked is not None and blocked.holds and blocked.whose_turn == errors.CUSTOMER
