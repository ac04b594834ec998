"""Decides on what is being asked for, with what the records say: contract, delegations, roles.

Called by `access` for everything that belongs to a project, and by use cases whose object is no project. `would` gives
the same answer to whoever only asks "why?".
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from steward.domain import accounts, actors, clusters, decisions, delegations, errors, projects
from steward.operations import registry, terms
from steward.ports import records
from steward.responsibility import deciding, matrix, model, operations, standing


class Refused(errors.Forbidden):
    """By the contract or by a role. `decision` says why, and lies in the records for whoever asks later."""

    def __init__(self, decision: decisions.Decision) -> None:
        self.decision = decision
        self.id = str(uuid.uuid4())
        self.whose_turn = deciding.whose_turn(decision)
        details = {
            registry.DECISION: self.id,
            "whoMay": decision.who_may,
            "howToAsk": decision.how_to_ask,
            **decision.details(),
        }
        super().__init__(f"{decision.reason}. {decision.how_to_ask}", details=details)


class NotActive(errors.Forbidden):
    """The account is suspended or closed; only the provider can change that."""

    whose_turn = errors.PROVIDER


def reserved(activity: str, message: str, *, who_may: str) -> errors.Forbidden:
    """Something that is shown to one party alone, by what the contract says of its row."""
    row = matrix.newest().activity(activity)
    details = {
        "activity": activity,
        "activityText": row.text,
        "lettersCustomer": row.shown[errors.CUSTOMER],
        "lettersProvider": row.shown[errors.PROVIDER],
        "whoMay": who_may,
        "howToAsk": "The state of the row, its age and its digest are in the report: steward report",
    }
    return errors.Forbidden(message, details=details)


async def decided(
    work: records.Work,
    actor: actors.Actor,
    *,
    project: projects.Project | None = None,
    cluster: clusters.Cluster | None = None,
) -> None:
    """Nothing while something is only read; else every operation under way must be allowed, or `Refused`."""
    doing = registry.current()
    if doing is None:
        return
    for name in doing.names:
        asked = deciding.Question(actor=actor, operation=name, row=doing.row, now=doing.now)
        contract = await terms.matrix_of(work, project, cluster, doing.contract)
        decision = await under(work, contract, asked, project=project, cluster=cluster)
        doing.taken.append(decision)
        if not decision.allowed:
            refusal = Refused(decision)
            doing.refused = decisions.Kept(
                id=refusal.id,
                at=doing.now,
                project_id=None if project is None else project.id,
                cluster_id=None if cluster is None else cluster.id,
                decision=decision,
            )
            raise refusal
    await _check_account(work, actor, doing.names)


async def _check_account(work: records.Work, actor: actors.Actor, names: Sequence[str]) -> None:
    """Of a customer that is suspended the clusters go on running and can be read; its changes wait."""
    if actor.account is None or all(operations.RULES[name].while_suspended for name in names):
        return
    account = await work.accounts.get(actor.account)
    if account is not None and account.status is not accounts.Status.ACTIVE:
        raise NotActive(
            f"This account is {account.status.value}: {account.reason or 'no reason was given'}. What runs goes on "
            "running and can be read; changes are refused until the provider resumes it",
            code=f"ACCOUNT_{account.status.name}",
            details={
                "account": account.id,
                "reason": account.reason,
                "whoMay": "The provider resumes an account; until then what runs is read and nothing changed",
                "howToAsk": "Settle what the account was suspended for with the provider: steward ticket open",
            },
        )


async def would(
    work: records.Work,
    question: deciding.Question,
    *,
    project: projects.Project | None = None,
    cluster: clusters.Cluster | None = None,
) -> decisions.Decision:
    """The decision under the contract that holds there, with what is lent there; nothing is kept of it."""
    contract = await terms.matrix_of(work, project, cluster)
    return await under(work, contract, question, project=project, cluster=cluster)


async def under(
    work: records.Work,
    contract: model.Matrix,
    question: deciding.Question,
    *,
    project: projects.Project | None,
    cluster: clusters.Cluster | None,
) -> decisions.Decision:
    _check_row(contract, question)
    if project is not None and deciding.needs_lent(contract, question):
        question = replace(question, lent=await in_force(work, project.id, cluster, question.now))
    if cluster is not None:
        question = replace(question, cluster_id=cluster.id)
    return deciding.decide(contract, question)


async def in_force(
    work: records.Work, project_id: projects.ProjectId, cluster: clusters.Cluster | None, now: datetime
) -> Sequence[delegations.Delegation]:
    """What is lent in the project now, with the standing delegations of the cluster."""
    held = [each for each in await work.delegations.of(project_id) if each.holds(now)]
    if cluster is None:
        return held
    return [*held, *standing.of(cluster, await work.nodepools.of_cluster(cluster.id))]


def _check_row(contract: model.Matrix, question: deciding.Question) -> None:
    if not operations.RULES[question.operation].activity and question.row not in contract.activities:
        raise errors.BadInput(
            f"[activity] {question.row[:20]!r} is no activity of version {contract.version} of the contract"
        )
