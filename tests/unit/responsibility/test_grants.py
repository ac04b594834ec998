"""Nothing is granted that the contract does not grant: ten thousand random questions against a reading of its own.

The oracle reads the YAML by itself and knows nothing of `responsibility/deciding.py`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward import catalogue
from steward.domain import actors, delegations, people
from steward.responsibility import deciding, matrix, operations
from tests.unit.responsibility import questions

DOCUMENT = yaml.safe_load((Path(catalogue.__path__[0]) / "responsibility.yaml").read_text(encoding="utf-8"))
ROWS = {row["id"]: {"customer": row["customer"], "provider": row["provider"]} for row in DOCUMENT["activities"]}
RANKS = [["viewer", "admin", "owner"], ["auditor", "support", "operator"]]
KEYS_TO_A_PARTY = ("3.1.2-1", "3.1.2-2", "3.1.2-3")
OTHER = {"customer": "provider", "provider": "customer"}
SUBJECTS = ["", "nodepool:a", "nodepool:b"]

NOW = questions.NOW
MINUTE = timedelta(minutes=1)
AUTOMATION = "automation under the row"
ACTORS: list[actors.Actor | str] = [
    *(questions.person(role) for role in people.Role),
    questions.CUSTOMER,
    *[AUTOMATION] * 4,
    *(actors.automation(activity, "test") for activity in ("", "3.1.6-6", "3.1.3-3", "2.1-1")),
    *(actors.Actor(name="nobody", party=party, kind=actors.Kind.PERSON) for party in OTHER),
]
# What is lent fits the question, but for these; also what nobody could have granted.
STRANGE: list[dict[str, Any]] = [
    *[{}] * 6,
    *({"expires_at": NOW + minutes * MINUTE} for minutes in (-400, -1, 0, 1)),
    {"expires_at": None},
    {"revoked_at": NOW - MINUTE},
    {"activity": "3.1.6-6"},
    {"cluster_id": questions.OTHER},
    {"cluster_id": questions.CLUSTER},
    {"operations": ("cluster.delete",)},
    {"operations": ("nodepool.edit", "nodepool.autoscale")},
    {"subject": "nodepool:a"},
    {"bounds": (1, 3)},
    {"automation_only": True},
    {"to_party": "customer"},
    {"to_party": "provider"},
]
names = st.sampled_from(sorted(operations.RULES))
rows = st.sampled_from(sorted(ROWS))
# Drawn at once: ten thousand questions of twenty draws each would take minutes.
places = st.sampled_from(
    [
        {"cluster_id": cluster, "subject": subject, "size": size}
        for cluster in (None, questions.CLUSTER, questions.OTHER)
        for subject in SUBJECTS
        for size in (None, 0, 1, 3, 4)
    ]
)
oddities = st.lists(st.sampled_from(STRANGE), max_size=3)


@st.composite
def asked(draw: st.DrawFn) -> deciding.Question:
    operation = draw(names)
    row = operations.RULES[operation].activity or draw(rows)
    drawn = draw(st.sampled_from(ACTORS))
    actor = actors.automation(row, "test") if isinstance(drawn, str) else drawn
    fitting = {"activity": row, "to_party": actor.party}
    lent = [questions.lent(**{**fitting, **oddity}) for oddity in draw(oddities)]
    own_row = "" if operations.RULES[operation].activity else row
    return deciding.Question(actor=actor, operation=operation, now=NOW, row=own_row, lent=lent, **draw(places))


def granted(question: deciding.Question) -> bool:
    """What the contract says, read from its text."""
    rule, actor = operations.RULES[question.operation], question.actor
    row = rule.activity or question.row
    letters, automation = ROWS[row][actor.party], actor.kind is actors.Kind.AUTOMATION
    if automation and actor.activity != row:
        return False
    if not automation and not _high_enough(actor, rule.customer if actor.party == "customer" else rule.provider):
        return False
    if rule.accountable:
        return "A" in letters and not automation
    if "R" in letters or "A" in letters:
        return True
    return any(_lends(each, question, row) for each in question.lent)


def _high_enough(actor: actors.Actor, least: people.Role) -> bool:
    if actor.role is None:
        return False
    (order,) = [each for each in RANKS if least.value in each]
    return actor.role.value in order[order.index(least.value) :]


def _lends(lent: delegations.Delegation, question: deciding.Question, row: str) -> bool:
    party = question.actor.party
    return all(
        (
            row not in KEYS_TO_A_PARTY,
            lent.activity == row,
            lent.to_party == party,
            "A" in ROWS[row][OTHER[party]],
            lent.revoked_at is None,
            lent.expires_at is None or lent.expires_at > question.now,
            lent.cluster_id in (None, question.cluster_id),
            not lent.operations or question.operation in lent.operations,
            lent.subject in ("", question.subject),
            _within(lent.bounds, question.size),
            question.actor.kind is actors.Kind.AUTOMATION or not lent.automation_only,
        )
    )


def _within(bounds: tuple[int, int] | None, size: int | None) -> bool:
    return bounds is None or (size is not None and size in range(bounds[0], bounds[1] + 1))


@pytest.mark.campaign
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked())
def test_what_is_granted_is_what_the_contract_grants(question: deciding.Question) -> None:
    decision = deciding.decide(matrix.load("1"), question)
    assert decision.allowed == granted(question)
    assert bool(decision.who_may) != decision.allowed
    assert bool(decision.delegation_id) <= decision.allowed


@settings(max_examples=500, deadline=None)
@given(asked())
def test_whoever_has_more_of_a_role_may_not_do_less(question: deciding.Question) -> None:
    for order in RANKS:
        may = [_allowed(question, people.Role(role)) for role in order]
        assert may == sorted(may), order


def _allowed(question: deciding.Question, role: people.Role) -> bool:
    return deciding.decide(matrix.load("1"), _as(question, actor=questions.person(role))).allowed


@settings(max_examples=1000, deadline=None)
@given(asked())
def test_what_is_ended_lends_nothing(question: deciding.Question) -> None:
    ended = [each for each in question.lent if not each.holds(question.now)]
    without = deciding.decide(matrix.load("1"), _as(question, lent=()))
    assert deciding.decide(matrix.load("1"), _as(question, lent=ended)).allowed == without.allowed


def _as(question: deciding.Question, **changes: Any) -> deciding.Question:
    fields = {name: getattr(question, name) for name in question.__dataclass_fields__}
    return deciding.Question(**{**fields, **changes})


def test_the_questions_are_no_formality() -> None:
    """Among them are enough that are granted, enough that are refused, and some that stand on what was lent."""
    counts = {"granted": 0, "refused": 0, "lent": 0}

    @settings(max_examples=2000, deadline=None, derandomize=True, database=None)
    @given(asked())
    def look(question: deciding.Question) -> None:
        decision = deciding.decide(matrix.load("1"), question)
        counts["granted" if decision.allowed else "refused"] += 1
        counts["lent"] += bool(decision.delegation_id)

    look()
    assert min(counts["granted"], counts["refused"]) > 200
    assert counts["lent"] > 20
