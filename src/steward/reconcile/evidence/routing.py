"""Who decided how packets are routed (3.1.5-2), that it is read back as it was decided, and that the nodes route so.

From the history of each cluster on a private network, its record, and the routing tables of its nodes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from steward.domain import clusters, events, evidence
from steward.domain.evidence import Outcome
from steward.operations import cluster_networks
from steward.reconcile import jobs as jobs_
from steward.reconcile import routes
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

ROUTES = "3.1.5-2"
EVERY = 120.0
MAY_LAST = timedelta(minutes=10)  # that a node routes otherwise, while it is being restored


def jobs(services: Services) -> list[jobs_.Job]:
    pasts = looks.Pasts(services)

    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        past = await pasts.of(cluster.id)
        nodes = await routes.seen(services, cluster)
        async with services.records.read() as work:
            before = await work.evidence.get(f"{ROUTES}/{evidence.of_cluster(cluster.id)}/routing")
        return [routed(cluster, past, nodes, before, services.clock.now())]

    async def act() -> None:
        present = await looks.staying(services)
        pasts.forget_others(present)
        await looks.at_every_cluster(services, look, present)

    return [jobs_.Job(name="evidence-routing", activity=looks.REPORTING, every=EVERY, act=act)]


def routed(
    cluster: clusters.Cluster,
    past: Sequence[events.Event],
    nodes: Sequence[routes.Seen],
    before: evidence.Evidence | None,
    now: datetime,
) -> Saw:
    decided = [each for each in past if "network" in each.facts]
    declared = cluster_networks.facts_of(cluster)
    facts: dict[str, Any] = {"declared": declared, "latest": looks.acted(decided[-1]) if decided else None}

    def saw(outcome: Outcome, said: str, **more: Any) -> Saw:
        return Saw(activity=ROUTES, collector="routing", outcome=outcome, summary=said, facts={**facts, **more})

    foreign = [looks.acted(each) for each in decided if not looks.by_customer(each)]
    if foreign:
        said = f"{len(foreign)} changes of the routing were the provider's, and nothing lent allows them"
        return saw(Outcome.BREACHED, said, foreign=foreign[-10:])
    if cluster.network is None:
        return saw(Outcome.NOT_APPLICABLE, "The cluster is on the public network: nothing is routed otherwise")
    if not decided:
        return saw(Outcome.UNKNOWN, "Who decided the routing is older than the history that is kept")
    asked = {name: decided[-1].facts.get(name, "") for name in declared}
    if asked != declared:
        return saw(Outcome.BREACHED, "The routing is not what was asked for last", asked=asked)
    wrong = sorted(each.node.name for each in nodes if not each.right)
    if wrong:
        since = (before.facts.get("since") if before is not None else None) or now.isoformat()
        lasts = now - datetime.fromisoformat(since) >= MAY_LAST
        said = f"{len(wrong)} of {len(nodes)} nodes do not route as was asked for"
        return saw(Outcome.BREACHED if lasts else Outcome.UNKNOWN, said, wrong=wrong, since=since)
    if not nodes:
        return saw(Outcome.UNKNOWN, "No node stands that could show how it routes")
    facts["nodes"] = {each.node.name: [each.leg.address, each.leg.default_via] for each in nodes}
    said = f"The routing is the customer's, is read back without a difference, and all {len(nodes)} nodes route so"
    return saw(Outcome.PROVEN, said)
