"""What is left of a cluster that is deleted: who asked (5.1-1), and that nothing is there (5.1-2, 5.2-1, 5.2-3).

Called by the flow that deletes a cluster: `find` while something is left on the machine, `prove` in the transaction
that removes the record, after a look at the machine found nothing and with a look at the records themselves. Only what
steward's own stores hold can be looked at from here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from steward.domain import clusters, events, evidence
from steward.domain.evidence import Outcome
from steward.ports import control_planes, records
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw

ASK, SERVICE, DATA, CONFIGURATION = "5.1-1", "5.1-2", "5.2-1", "5.2-3"
PROMISED = timedelta(hours=1)  # from the asking to the end
DELETE_ASKED = "cluster:delete-asked"
SECRETS = ("control-plane-files", "admin-kubeconfig")


def of_a_cluster(work: records.Work) -> tuple[records.Collection[Any], ...]:
    """What has a cluster as its owner and goes with it; its history and its evidence stay."""
    audited = (work.issuances, work.positions, work.findings, work.tallies)
    return *audited, work.log_subscriptions, work.log_links


async def find(work: records.Work, cluster: clusters.Cluster, found: control_planes.Remains, now: datetime) -> None:
    """Something is left: a matter of time at first, a breach when it takes too long."""
    began = cluster.delete_asked_at or now
    outcome = Outcome.BREACHED if now - began > PROMISED else Outcome.UNKNOWN
    saws = [
        _remains(SERVICE, outcome, found.service, "of what served the cluster"),
        _remains(DATA, outcome, found.data, "of the cluster's data"),
    ]
    await looks.keep(work, saws, evidence.of_cluster(cluster.id), cluster.project_id, now)


async def prove(work: records.Work, cluster: clusters.Cluster, now: datetime) -> None:
    """The machine was looked at a moment ago, and held nothing; the records are looked at here."""
    past = await _asked(work, cluster.id)
    left = await _in_records(work, cluster)
    saws = [
        asked(past),
        _remains(SERVICE, Outcome.PROVEN, (), "of what served the cluster"),
        _remains(DATA, Outcome.PROVEN, (), "of the cluster's data"),
        _remains(
            CONFIGURATION, Outcome.BREACHED if left else Outcome.PROVEN, left, "of the cluster's settings and keys"
        ),
    ]
    await looks.keep(work, saws, evidence.of_cluster(cluster.id), cluster.project_id, now)


def asked(past: Sequence[events.Event]) -> Saw:
    if not past:
        said = "The cluster was deleted, and nothing says who asked for it"
        return Saw(activity=ASK, collector="deletions", outcome=Outcome.BREACHED, summary=said)
    facts = looks.acted(past[-1])
    if looks.by_customer(past[-1]):
        said = "The customer asked for the deletion"
        return Saw(activity=ASK, collector="deletions", outcome=Outcome.PROVEN, summary=said, facts=facts)
    said = "The provider asked for the deletion, and nothing that the customer lent allows it"
    return Saw(activity=ASK, collector="deletions", outcome=Outcome.BREACHED, summary=said, facts=facts)


def _remains(activity: str, outcome: Outcome, left: Sequence[str], what: str) -> Saw:
    said = f"{len(left)} things are left {what}" if left else f"It was looked: nothing is left {what}"
    if outcome is Outcome.UNKNOWN and not left:
        said = f"Nothing is left {what}; the deletion goes on"
    return Saw(activity=activity, collector="remains", outcome=outcome, summary=said, facts={"left": list(left)[:20]})


async def _asked(work: records.Work, cluster_id: clusters.ClusterId) -> list[events.Event]:
    found: list[events.Event] = []
    last = 0
    while page := await work.events.of_cluster(cluster_id, after=last, limit=looks.PAGE):
        last = page[-1].id
        found += [each for each in page if each.type == DELETE_ASKED]
    return found


async def _in_records(work: records.Work, cluster: clusters.Cluster) -> list[str]:
    """Rows that are read in the same transaction in which they were removed."""
    left = [] if await work.clusters.get(cluster.id) is None else ["the cluster's record"]
    left += [f"node pool {each.id}" for each in await work.nodepools.of_cluster(cluster.id)]
    left += [f"node {each.id}" for each in await work.nodes.of_cluster(cluster.id)]
    left += [f"sealed {name}" for name in SECRETS if await work.secrets.get(cluster.id, name) is not None]
    left += [f"certificate {each.fingerprint[:12]}" for each in await work.issuances.of(cluster.id)]
    left += [f"log subscription {each.id}" for each in await work.log_subscriptions.of(cluster.id)]
    left += [f"progress {each.subject}" for each in await work.progress.of_cluster(cluster.id)]
    return left
