"""Whether the customer has its cluster's log handed over, and whether it arrives (3.1.3-5): a signal, and no proof.

What is kept of it, and of the workloads' own logs, the customer alone knows; so nothing seen here makes the row proven.
"""

from collections.abc import Sequence

from steward.domain import clusters, logs
from steward.domain.evidence import Outcome
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

EVERY = 300.0


def jobs(services: Services) -> list[jobs_.Job]:
    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        async with services.records.read() as work:
            return [signal(await work.log_subscriptions.of(cluster.id))]

    async def act() -> None:
        await looks.at_every_cluster(services, look)

    return [jobs_.Job(name="evidence-logs", activity=looks.REPORTING, every=EVERY, act=act)]


def signal(found: Sequence[logs.Subscription]) -> Saw:
    taken = [each for each in found if not each.waits]
    broken = [each for each in taken if each.failing_since is not None]
    facts = {"subscriptions": len(taken), "broken": len(broken), "arrived": any(each.handed_over for each in taken)}
    said = "The customer has the audit log handed over nowhere"
    if taken:
        said = f"The audit log is handed over to {len(taken)} stream(s) of the customer's"
    if broken:
        said += f", of which {len(broken)} take nothing now"
    said += "; what is kept of it, only the customer knows"
    return Saw(activity=logs.ACTIVITY, collector="logs", outcome=Outcome.UNKNOWN, summary=said, facts=facts)
