"""What the customer decided: project, network, region and version (1.1-1..4), later changes (2.1-2), policy (3.1.6-6).

From the history of each cluster: who acted, what was named, and which default was accepted where nothing was.
"""

from collections.abc import Sequence

from steward.domain import clusters, contracts, events
from steward.domain.evidence import Outcome
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

EVERY = 120.0
ORDERED, POLICY_CHANGED = "cluster:ordered", "cluster:update-policy-changed"
VERSION_ORDERED = frozenset({"cluster:update-asked", "cluster:reset-asked"})


def jobs(services: Services) -> list[jobs_.Job]:
    pasts = looks.Pasts(services)

    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        past = await pasts.of(cluster.id)
        async with services.records.read() as work:
            accepted = await work.acceptances.of(cluster.project_id)
        return seen(cluster, past, accepted)

    async def act() -> None:
        present = await looks.staying(services)
        pasts.forget_others(present)
        await looks.at_every_cluster(services, look, present)

    return [jobs_.Job(name="evidence-orders", activity=looks.REPORTING, every=EVERY, act=act)]


def seen(
    cluster: clusters.Cluster, past: Sequence[events.Event], accepted: Sequence[contracts.Acceptance]
) -> list[Saw]:
    order = next((each for each in past if each.type == ORDERED), None)
    if order is None:
        return []  # older than the history that is kept: what was seen of it grows stale
    return [
        _project(cluster, order),
        _choice("1.1-2", "network", order, accepted),
        _choice("1.1-3", "region", order, accepted),
        _choice("1.1-4", "version", order, accepted),
        changes(past),
        policy(cluster, order, past, accepted),
    ]


def _project(cluster: clusters.Cluster, order: events.Event) -> Saw:
    facts = {**looks.acted(order), "project": order.project_id}
    if order.project_id != cluster.project_id:
        facts |= {"now": cluster.project_id}
        said = "The cluster is in another project than it was ordered in"
        return Saw(activity="1.1-1", collector="orders", outcome=Outcome.BREACHED, summary=said, facts=facts)
    return _judged("1.1-1", order, "The customer ordered it in this project", facts)


def _choice(activity: str, field: str, order: events.Event, accepted: Sequence[contracts.Acceptance]) -> Saw:
    """Named in the order, or left to a default that had been accepted by then."""
    value = order.facts.get(field, "")
    facts: dict[str, str] = {**looks.acted(order), field: value}
    if field in order.facts.get("named", "").split(","):
        return _judged(activity, order, f"The order names its {field}", {**facts, "chosen": "named"})
    held = _held(accepted, order)
    default = held.default(field) if held is not None else ""
    if held is None or not default or not _is(value, default):
        said = f"The order names no {field}, and no accepted default does"
        return Saw(activity=activity, collector="orders", outcome=Outcome.UNKNOWN, summary=said, facts=facts)
    facts |= {"chosen": "default", "default": default, "acceptance": held.id, "contract": held.version}
    return _judged(activity, order, f"The order takes the {field} that was accepted as the default", facts)


def _is(value: str, default: str) -> bool:
    """A default may name a series, such as 1.36, of which the newest patch is taken."""
    return value == default or value.startswith(f"{default}.")


def _held(accepted: Sequence[contracts.Acceptance], order: events.Event) -> contracts.Acceptance | None:
    before = [each for each in accepted if each.accepted_at <= order.at]
    return max(before, key=lambda each: each.accepted_at, default=None)


def _judged(activity: str, order: events.Event, said: str, facts: dict[str, str]) -> Saw:
    if looks.by_customer(order):
        return Saw(activity=activity, collector="orders", outcome=Outcome.PROVEN, summary=said, facts=facts)
    wrong = "The order was placed by the provider, and nothing that the customer lent allows it"
    return Saw(activity=activity, collector="orders", outcome=Outcome.BREACHED, summary=wrong, facts=facts)


def changes(past: Sequence[events.Event]) -> Saw:
    """Of name and configuration since the delivery (2.1-2)."""
    made = [each for each in past if each.activity == "2.1-2"]
    foreign = [each for each in made if not looks.by_customer(each)]
    facts: dict[str, object] = {"changes": len(made), "latest": looks.acted(made[-1]) if made else None}
    if foreign:
        outcome, said = Outcome.BREACHED, f"{len(foreign)} changes were the provider's, and nothing lent allows them"
        facts |= {"foreign": [looks.acted(each) for each in foreign[-10:]]}
    elif made:
        outcome, said = Outcome.PROVEN, f"All {len(made)} changes since the delivery were the customer's"
    else:
        outcome, said = Outcome.NOT_APPLICABLE, "Nothing was changed since the delivery"
    return Saw(activity="2.1-2", collector="changes", outcome=outcome, summary=said, facts=facts)


def policy(
    cluster: clusters.Cluster,
    order: events.Event,
    past: Sequence[events.Event],
    accepted: Sequence[contracts.Acceptance],
) -> Saw:
    """Who set the policy, and that nothing was updated which it does not allow (3.1.6-6)."""
    changed = [each for each in past if each.type == POLICY_CHANGED]
    latest = changed[-1] if changed else order
    ordered = next((each for each in reversed(past) if each.type in VERSION_ORDERED), order)
    facts: dict[str, object] = {
        **looks.acted(latest),
        "updatePolicy": cluster.update_policy.value,
        "orderedVersion": ordered.facts.get("version", ""),
        "runsVersion": str(cluster.installed_version or ""),
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity="3.1.6-6", collector="policy", outcome=outcome, summary=said, facts=facts)

    if not looks.by_customer(latest):
        return saw(Outcome.BREACHED, "The update policy was set by the provider")
    if cluster.installed_version is None:
        return saw(Outcome.UNKNOWN, "It is not known yet which version runs")
    patched = facts["orderedVersion"] != facts["runsVersion"]
    if patched and cluster.update_policy is clusters.UpdatePolicy.NEVER_UPDATE:
        return saw(Outcome.BREACHED, "Another version runs than was ordered, though the policy is NEVER_UPDATE")
    if not changed and "updatePolicy" not in order.facts.get("named", "").split(","):
        held = _held(accepted, order)
        if held is None or held.default("updatePolicy") != cluster.update_policy.value:
            return saw(Outcome.UNKNOWN, "The order names no update policy, and no accepted default does")
        facts |= {"acceptance": held.id, "contract": held.version}
    ran = "an update that the policy allows was made" if patched else "the version that was ordered runs"
    return saw(Outcome.PROVEN, f"The update policy is the customer's, and {ran}")
