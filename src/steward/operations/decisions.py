"""Why: what was refused or done, and what would be decided for either party. Reading alone; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import actors, decisions, errors, people, projects
from steward.operations import access, history, rights, terms
from steward.operations import context as context_
from steward.responsibility import deciding, operations

AUTOMATION = "automation"
PARTIES = (errors.CUSTOMER, errors.PROVIDER, AUTOMATION)
MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`party` is for whom; empty is whoever asks. `row` is of operations whose row is part of what is asked for."""

    operation: str
    project_id: str = ""
    cluster_id: str = ""
    pool_id: str = ""
    size: int | None = None
    row: str = ""
    party: str = ""


async def get(context: context_.Context, actor: actors.Actor, *, decision_id: str) -> decisions.Kept:
    """Both parties of the project may read it; one about no project is read by the provider and by whom it hit.

    The number of an event asks why that was allowed.
    """
    if decision_id.isascii() and decision_id.isdigit():
        return await _of_event(context, actor, int(decision_id[:19]))
    async with context.records.read() as work:
        found = await work.decisions.get(decision_id) if access.is_uuid(decision_id) else None
        # Looked for whether or not there is a decision: the time it takes says nothing.
        project = await work.projects.get(projects.ProjectId((found.project_id or "") if found else ""))
        if found is not None and not actor.of_provider:
            own = (found.decision.party, found.decision.actor) == (actor.party, actor.name)
            if not (actor.reaches(project) if project else own):
                found = None
    if found is None:
        raise errors.NotFound(f"Decision {decision_id[:64]!r} does not exist; the latest 1000 of a project are kept")
    return found


async def _of_event(context: context_.Context, actor: actors.Actor, event_id: int) -> decisions.Kept:
    """Written down with it: what was asked for, under which version of the contract, on which delegation."""
    async with context.records.read() as work:
        found = await work.events.get(event_id)
        project = await work.projects.get(found.project_id if found else projects.ProjectId(""))
        if found is None or project is None or not (actor.of_provider or actor.reaches(project)):
            raise errors.NotFound(f"Decision {str(event_id)!r} does not exist: no event of yours has this number")
        cluster = await work.clusters.get(found.cluster_id)
        contract = await terms.matrix_of(work, project, cluster, found.facts.get(history.CONTRACT, ""))
    party = found.facts.get(history.PARTY, errors.PROVIDER)
    done = actors.Actor(name=found.actor, party=party, kind=actors.Kind.PERSON)
    asked = deciding.Question(actor=done, operation=found.facts.get(history.OPERATION, found.type), now=found.at)
    decision = deciding.granted(contract, asked, found.activity, found.facts.get(history.DELEGATION, ""))
    return decisions.Kept(
        id=str(found.id), at=found.at, project_id=found.project_id, cluster_id=found.cluster_id, decision=decision
    )


async def latest(context: context_.Context, actor: actors.Actor, *, project_id: str) -> Sequence[decisions.Kept]:
    """What was refused in the project, to either party; oldest first."""
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await work.decisions.of(project.id, latest=MOST)


async def would(context: context_.Context, actor: actors.Actor, *, asked: Asked) -> decisions.Decision:
    """The decision that would be taken now; keeps nothing."""
    rule = operations.RULES.get(asked.operation)
    if rule is None:
        raise errors.BadInput(
            f"[operation] {asked.operation[:64]!r} is no operation; the contract's rows name theirs: "
            "/native/contracts/{version}"
        )
    if not (rule.activity or asked.row):
        raise errors.BadInput(f"[activity] {asked.operation} falls under the row it is about; name one")
    question = deciding.Question(
        actor=_for(actor, asked.party, rule.activity or asked.row),
        operation=asked.operation,
        row="" if rule.activity else asked.row,
        now=context.clock.now(),
        subject=f"nodepool:{asked.pool_id}" if asked.pool_id else "",
        size=asked.size,
    )
    async with context.records.read() as work:
        if not asked.project_id:
            return await rights.would(work, question)
        project = await access.project(work, actor, asked.project_id)
        if not asked.cluster_id:
            return await rights.would(work, question, project=project)
        cluster = await access.cluster(work, actor, project.id, asked.cluster_id)
        return await rights.would(work, question, project=project, cluster=cluster)


def _for(actor: actors.Actor, party: str, activity: str) -> actors.Actor:
    """The one who asks, or somebody of the other party who may do the most there; nobody in particular."""
    if party and party not in PARTIES:
        raise errors.BadInput(f"[party] {party[:64]!r} is not one of {', '.join(PARTIES)}")
    if party == AUTOMATION:
        return actors.automation(activity, "asked")
    if not party or party == actor.party:
        return actor
    role = people.Role.OWNER if party == errors.CUSTOMER else people.Role.OPERATOR
    return actors.Actor(name=f"the {party}'s {role.value}", party=party, kind=actors.Kind.PERSON, role=role)
