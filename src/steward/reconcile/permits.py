"""Whether the provider's automation may take a step: decided by the cluster's contract, before each step of a flow.

Called by `services.run`, and by `jobs` before each round. The decision itself is `responsibility/deciding.py`'s, as for
everybody who asks by the API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, clusters, delegations, errors
from steward.operations import rights
from steward.ports import records
from steward.reconcile import flow, outcome
from steward.responsibility import deciding, matrix, model, operations, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """For one pass over a flow; what is lent or taken back counts from the next one on."""

    contract: model.Matrix
    now: datetime
    cluster_id: clusters.ClusterId | None
    lent: Sequence[delegations.Delegation] = ()

    def refuses(self, subject: str, step: flow.Step) -> outcome.Blocked | None:
        if step.activity not in self.contract.activities:
            said = f"Version {self.contract.version} of the contract has no activity {step.activity} to act under"
            return outcome.Blocked(message=said, whose_turn=errors.PROVIDER)
        question = deciding.Question(
            actor=actors.automation(step.activity, "flow"),
            operation=step.operation or step.name,
            now=self.now,
            cluster_id=self.cluster_id,
            subject=subject,
            size=step.size,
            lent=self.lent,
        )
        decision = deciding.decide_activity(self.contract, question, step.activity, None)
        if decision.allowed:
            return None
        return outcome.Blocked(
            message=f"{decision.reason}. {decision.how_to_ask}",
            whose_turn=deciding.whose_turn(decision),
            activity=step.activity,
        )


async def of(work: records.Work, wanted: flow.Flow, cluster_id: clusters.ClusterId, now: datetime) -> Permit:
    """Delegations are read only where a step needs one: no flow of every day does."""
    cluster = await work.clusters.get(cluster_id)
    contract = matrix.load("" if cluster is None else cluster.contract)
    lent: Sequence[delegations.Delegation] = ()
    if cluster is not None and not all(_own(contract, step) for step in wanted.steps):
        lent = await rights.in_force(work, cluster.project_id, cluster, now)
    return Permit(contract=contract, now=now, cluster_id=cluster_id, lent=lent)


def may_run(activity: str) -> bool:
    """A job is of no single cluster: the newest contract decides, and nothing is lent to it."""
    row = matrix.newest().activities.get(activity)
    return row is not None and deciding.may_carry_out(row, errors.PROVIDER)


def lends(cluster: clusters.Cluster, operation: str, now: datetime) -> bool:
    """Whether a setting of the customer's on the cluster itself lets automation do that: asked by jobs."""
    activity = operations.ACTIVITY_OF[operation]
    contract = matrix.load(cluster.contract)
    if activity not in contract.activities:
        return False
    question = deciding.Question(
        actor=actors.automation(activity, "job"),
        operation=operation,
        now=now,
        cluster_id=cluster.id,
        lent=list(standing.of(cluster, ())),
    )
    return deciding.decide(contract, question).allowed


def _own(contract: model.Matrix, step: flow.Step) -> bool:
    row = contract.activities.get(step.activity)
    return row is not None and deciding.may_carry_out(row, errors.PROVIDER)
