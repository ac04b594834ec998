"""May this actor do that? Pure: the matrix, the actor, the operation and the delegations in, a decision out.

Called before every operation that changes something, for both parties and for automation alike, and by whoever asks
"why?". What exists at all, and for whom, was settled before (`operations/access.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, clusters, decisions, delegations, errors, people
from steward.responsibility import model, operations

_OTHER = {errors.CUSTOMER: errors.PROVIDER, errors.PROVIDER: errors.CUSTOMER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`lent` are the delegations of the project, standing ones included; expired and foreign ones do no harm.

    `row` is for operations whose row is part of what is asked for. `subject` and `size` are of the part of the cluster
    that it is about, where a delegation may be about one part and some sizes alone.
    """

    actor: actors.Actor
    operation: str
    now: datetime
    row: str = ""
    cluster_id: clusters.ClusterId | None = None
    subject: str = ""
    size: int | None = None
    lent: Sequence[delegations.Delegation] = ()


def decide(matrix: model.Matrix, question: Question) -> decisions.Decision:
    """Of an operation of the published table. KeyError on an operation or a row that is not there."""
    rule = operations.RULES[question.operation]
    return decide_activity(matrix, question, rule.activity or question.row, rule.role_of(question.actor.party))


def decide_activity(
    matrix: model.Matrix, question: Question, activity_id: str, least: people.Role | None
) -> decisions.Decision:
    """Also for steps and jobs, whose activity stands where they are defined. `least` is the role it takes."""
    activity, actor = matrix.activity(activity_id), question.actor
    if actor.kind is actors.Kind.AUTOMATION and actor.activity != activity_id:
        return _decision(matrix, question, activity, allowed=False, reason=_foreign(actor, activity_id))
    lent = _lent(question, activity)
    if not _own(activity, question) and lent is None:
        return _decision(matrix, question, activity, allowed=False, reason=_not_theirs(activity, question))
    if actor.kind is not actors.Kind.AUTOMATION and not people.reaches(actor.role, least):
        wanted = least.value if least else "a person of the other party"
        has = actor.role.value if actor.role else "no role"
        reason = f"It takes the role {wanted}, and {actor.name} has {has}"
        return _decision(matrix, question, activity, allowed=False, reason=reason)
    return _decision(matrix, question, activity, allowed=True, reason=_ground(activity, actor, lent), lent=lent)


def granted(matrix: model.Matrix, question: Question, activity_id: str, delegation_id: str = "") -> decisions.Decision:
    """The decision that something was done under, from what was written down of it."""
    activity, done = matrix.activity(activity_id), question.actor
    reason = _ground(activity, done, None)
    if delegation_id:
        reason = f"The {_OTHER[done.party]} had lent R of {activity.id} ({delegation_id})"
    decision = _decision(matrix, question, activity, allowed=True, reason=reason)
    return replace(decision, delegation_id=delegation_id)


def may_carry_out(activity: model.Activity, party: str) -> bool:
    """R carries out. A decides: where nobody has R, and beside the other's R (1.1-4: one chooses, one installs)."""
    return party in activity.able


def owner(activity: model.Activity) -> str:
    """The party that is accountable; there is exactly one."""
    return activity.owner


def lendable(activity: model.Activity, to_party: str) -> str:
    """Why R of it cannot be lent to that party; empty where it can."""
    if activity.id in operations.NEVER_LENT:
        return f"Activity {activity.id} is about who may act for a party; R of it is never lent"
    if may_carry_out(activity, to_party):
        held = model.letters(activity)[to_party]
        return f"The {to_party} has {held} in {activity.id} already; there is nothing to lend"
    return ""


def needs_lent(matrix: model.Matrix, question: Question) -> bool:
    """Whether delegations can make a difference; they need not be read where not."""
    rule = operations.RULES[question.operation]
    activity = matrix.activity(rule.activity or question.row)
    return not rule.accountable and not may_carry_out(activity, question.actor.party)


def whose_turn(decision: decisions.Decision) -> str:
    """Who can make a refusal another answer: the accountable party, or one's own people where a role is missing."""
    rule = operations.RULES.get(decision.operation)
    wanted = {"A"} if rule is not None and rule.accountable else {"R", "A"}
    if wanted & set(decision.letters[decision.party]):
        return decision.party
    return next(party for party, letters in decision.letters.items() if "A" in letters)


def _own(activity: model.Activity, question: Question) -> bool:
    rule = operations.RULES.get(question.operation)
    if rule is not None and rule.accountable:
        return owner(activity) == question.actor.party and question.actor.kind is not actors.Kind.AUTOMATION
    return may_carry_out(activity, question.actor.party)


def _lent(question: Question, activity: model.Activity) -> delegations.Delegation | None:
    if not question.lent or activity.id in operations.NEVER_LENT or may_carry_out(activity, question.actor.party):
        return None
    rule = operations.RULES.get(question.operation)
    if rule is not None and rule.accountable:
        return None
    # Of many, few are of this row: the others are passed by first.
    return next((each for each in question.lent if each.activity == activity.id and _counts(each, question)), None)


def _counts(lent: delegations.Delegation, question: Question) -> bool:
    """Of one of the row: whether it lends what is asked for, to whom asks, now."""
    actor = question.actor
    if lent.to_party != actor.party or not lent.holds(question.now):
        return False
    if lent.automation_only and actor.kind is not actors.Kind.AUTOMATION:
        return False
    covers = lent.covers(lent.activity, question.operation, question.cluster_id)
    return covers and lent.reaches(question.subject, question.size)


def _foreign(actor: actors.Actor, activity_id: str) -> str:
    under = f"under {actor.activity}" if actor.activity else "under no activity"
    return f"Automation acts under a named activity; this one acts {under}, the operation belongs to {activity_id}"


def _not_theirs(activity: model.Activity, question: Question) -> str:
    party = question.actor.party
    if may_carry_out(activity, party):  # it takes A, or a person
        return f"Activity {activity.id} has the {owner(activity)} accountable, whose own people alone do this"
    return f"Activity {activity.id} is the {owner(activity)}'s; the {party} may not carry it out"


def _ground(activity: model.Activity, actor: actors.Actor, lent: delegations.Delegation | None) -> str:
    if lent is not None:
        until = f" until {lent.expires_at:%Y-%m-%d %H:%M} UTC" if lent.expires_at else " until it is revoked"
        return f"The {_OTHER[actor.party]} lent R of {activity.id} ({lent.id}){until}: {lent.reason}"
    return f"The {actor.party} has {activity.shown[actor.party]} in {activity.id}"


def _decision(
    matrix: model.Matrix,
    question: Question,
    activity: model.Activity,
    *,
    allowed: bool,
    reason: str,
    lent: delegations.Delegation | None = None,
) -> decisions.Decision:
    actor = question.actor
    who, how = ("", "") if allowed else _way_out(question, activity)
    return decisions.Decision(
        allowed=allowed,
        operation=question.operation,
        activity=activity.id,
        activity_text=activity.text,
        letters=model.letters(activity),
        matrix_version=matrix.version,
        party=actor.party,
        actor=actor.name,
        role=actor.role.value if actor.role else "",
        reason=reason,
        who_may=who,
        how_to_ask=how,
        delegation_id=lent.id if lent else "",
        facts={"disputed": _dispute(activity)} if activity.disputed else {},
    )


def _dispute(activity: model.Activity) -> str:
    other = ", ".join(f"{party} {held or 'none'}" for party, held in model.other_reading(activity).items())
    return f"The editions of the contract's source disagree about this row; the other reading is {other}"


def _way_out(question: Question, activity: model.Activity) -> tuple[str, str]:
    """Who may, and how the one who was refused gets it done."""
    actor, owning = question.actor, owner(activity)
    rule = operations.RULES.get(question.operation)
    if _own(activity, question):
        role = rule.role_of(actor.party) if rule else None
        wanted = f" with the role {role.value} or more" if role else ""
        return f"A person of the {actor.party}{wanted}", f"Ask one of the {actor.party}'s own people who has that role"
    if owning == errors.PROVIDER:
        return "The provider: its operators and automation", "Ask the provider with a ticket: steward ticket open"
    lending = f", or to lend R of {activity.id}: steward delegate {activity.id} --to provider"
    own_alone = (rule is not None and rule.accountable) or lendable(activity, actor.party)
    return (
        "The customer: its credentials, owners and admins",
        f"Ask the customer to do it{'' if own_alone else lending}",
    )
