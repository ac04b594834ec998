"""States of rows: a breach wins, what is old is never proven, a word ends, nothing is green without a fact."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.domain import errors, evidence
from steward.domain.evidence import Outcome
from steward.responsibility import coverage, evidence_rules, matrix, model
from steward.responsibility.coverage import State, Told

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
TOLD = {party: Told(noted=True, received_at=NOW) for party in (errors.CUSTOMER, errors.PROVIDER)}


def piece(activity: str, collector: str, outcome: Outcome = Outcome.PROVEN, **changes: Any) -> evidence.Evidence:
    fields: dict[str, Any] = {
        "activity": activity,
        "subject": "cluster:one",
        "collector": collector,
        "observed_at": NOW - timedelta(minutes=5),
        "valid_until": NOW + timedelta(hours=1),
        "outcome": outcome,
        "summary": f"{collector} saw it",
        "facts": {"of": collector},
    }
    return evidence.Evidence(**{**fields, **changes})


def word(activity: str, party: str = errors.CUSTOMER, **changes: Any) -> evidence.Attestation:
    fields: dict[str, Any] = {
        "id": "one",
        "activity": activity,
        "subject": "cluster:one",
        "party": party,
        "person": "ada@example.org",
        "statement": "It is so",
        "made_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=30),
    }
    return evidence.Attestation(**{**fields, **changes})


def judged(
    activity: str,
    *pieces: evidence.Evidence,
    words: Sequence[evidence.Attestation] = (),
    now: datetime = NOW,
    **changes: Any,
) -> coverage.Row:
    fields: dict[str, Any] = {"told": TOLD, "began_at": NOW - timedelta(days=1)}
    seen = coverage.Seen(
        rule=evidence_rules.RULES[activity],
        activity=matrix.newest().activity(activity),
        pieces=pieces,
        words=words,
        **{**fields, **changes},
    )
    return coverage.judged(seen, now)


def test_a_row_of_two_sources_needs_both() -> None:
    both = (piece("1.1-4", "orders"), piece("1.1-4", "versions"))
    assert judged("1.1-4", *both).state is State.PROVEN
    for one in both:
        row = judged("1.1-4", one)
        assert row.state is State.UNKNOWN
        assert "Nobody has looked" in row.reason


def test_the_weakest_part_gives_age_and_end() -> None:
    old = piece("1.1-4", "versions", observed_at=LONG_AGO, valid_until=NOW + timedelta(minutes=1))
    row = judged("1.1-4", piece("1.1-4", "orders"), old)
    assert (row.observed_at, row.valid_until) == (LONG_AGO, NOW + timedelta(minutes=1))


def test_the_digest_binds_the_facts_of_all_parts() -> None:
    one, two = piece("1.1-4", "orders"), piece("1.1-4", "versions")
    other = piece("1.1-4", "versions", facts={"of": "something else"})
    assert judged("1.1-4", one, two).digest == judged("1.1-4", two, one).digest
    assert judged("1.1-4", one, two).digest != judged("1.1-4", one, other).digest
    assert judged("1.1-4").digest == ""


def test_a_breach_wins_whoever_saw_it_and_does_not_fade() -> None:
    both = (piece("1.1-4", "orders"), piece("1.1-4", "versions"))
    old = {"observed_at": LONG_AGO, "valid_until": LONG_AGO}
    for breach in (piece("1.1-4", "somebody", Outcome.BREACHED), piece("1.1-4", "x", Outcome.BREACHED, **old)):
        assert judged("1.1-4", *both, breach).state is State.BREACHED


def test_what_is_not_received_by_the_customer_is_not_proven() -> None:
    done = piece("2.1-1", "installation")
    assert judged("2.1-1", done).state is State.PROVEN
    for told, said in ((Told(), "was not told"), (Told(noted=True), "has not received it")):
        row = judged("2.1-1", done, told={errors.CUSTOMER: told})
        assert row.state is State.UNKNOWN
        assert said in row.reason


def test_for_the_provider_its_inbox_is_enough() -> None:
    done = (piece("3.1.3-3", "sizes"),)
    assert judged("3.1.3-3", *done, told={errors.PROVIDER: Told(noted=True)}).state is State.PROVEN
    assert judged("3.1.3-3", *done, told={}).state is State.UNKNOWN


def test_what_waits_is_unknown_and_says_for_what() -> None:
    row = judged("3.1.7-2")
    assert row.state is State.UNKNOWN
    assert row.waits_for in row.reason
    # A word stands in for a signal that does not exist yet, and for nothing that a machine has to prove.
    assert judged("3.1.7-4", words=[word("3.1.7-4")]).state is State.ATTESTED
    assert judged("3.1.7-2", words=[word("3.1.7-2", errors.PROVIDER)]).state is State.UNKNOWN


def test_a_word_names_who_gave_it_and_ends() -> None:
    row = judged("1.1-5", words=[word("1.1-5")])
    assert (row.state, row.attested_by) == (State.ATTESTED, "ada@example.org")
    assert row.valid_until == NOW + timedelta(days=30)
    assert judged("1.1-5", words=[word("1.1-5")], now=NOW + timedelta(days=31)).state is State.STALE
    assert judged("1.1-5", words=[word("1.1-5", withdrawn_at=NOW)]).state is State.UNKNOWN
    assert judged("1.1-5", words=[word("1.1-5", errors.PROVIDER)]).state is State.UNKNOWN


def test_no_collector_attests() -> None:
    claimed = piece("1.1-4", "orders", Outcome.ATTESTED, attested_by="a program")
    assert judged("1.1-4", claimed, piece("1.1-4", "versions")).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, State.PROVEN), (89, State.PROVEN), (91, State.STALE), (179, State.STALE), (181, State.BREACHED)],
)
def test_a_review_is_due_every_ninety_days(days: int, state: State) -> None:
    now = NOW + timedelta(days=days)
    fresh = {"observed_at": now, "valid_until": now + timedelta(hours=1)}
    done = word("3.1.2-1", review="members", made_at=NOW, expires_at=NOW + timedelta(days=90))
    row = judged("3.1.2-1", piece("3.1.2-1", "members", **fresh), words=[done], now=now)
    assert row.state is state


def test_what_was_never_reviewed_is_unknown_and_one_day_a_breach() -> None:
    for days, state in ((1, State.UNKNOWN), (120, State.UNKNOWN), (181, State.BREACHED)):
        row = judged("3.1.2-1", piece("3.1.2-1", "members"), began_at=NOW - timedelta(days=days))
        assert row.state is state


def test_a_review_by_the_other_party_is_none() -> None:
    done = word("3.1.2-1", errors.PROVIDER, review="members", made_at=NOW)
    assert judged("3.1.2-1", piece("3.1.2-1", "members"), words=[done]).state is State.UNKNOWN


def test_what_belongs_to_the_end_is_not_applicable_before_it() -> None:
    assert judged("5.1-2").state is State.NOT_APPLICABLE
    assert judged("5.1-2", ended=True).state is State.UNKNOWN
    assert judged("5.1-2", piece("5.1-2", "remains"), ended=True).state is State.PROVEN


def test_a_clock_that_went_wrong_proves_nothing() -> None:
    ahead = piece("3.1.5-4", "connections", observed_at=NOW + timedelta(days=1), valid_until=NOW + timedelta(days=2))
    row = judged("3.1.5-4", ahead, piece("3.1.5-4", "strangers"))
    assert row.state is State.UNKNOWN
    assert "clock" in row.reason


def test_a_part_that_does_not_apply_leaves_the_row_to_the_others() -> None:
    alone = piece("3.1.5-4", "strangers", Outcome.NOT_APPLICABLE)
    assert judged("3.1.5-4", piece("3.1.5-4", "connections"), alone).state is State.PROVEN
    assert judged("2.1-2", piece("2.1-2", "changes", Outcome.NOT_APPLICABLE)).state is State.NOT_APPLICABLE


ACTIVITIES = st.sampled_from(sorted(evidence_rules.RULES))
HOURS = st.integers(min_value=-3000, max_value=3000)


@st.composite
def pieces(draw: st.DrawFn, activity: str) -> evidence.Evidence:
    known = [each.collector for each in evidence_rules.RULES[activity].sources]
    observed = NOW + timedelta(hours=draw(HOURS))
    return piece(
        activity,
        draw(st.sampled_from([*known, "another"])),
        draw(st.sampled_from(Outcome)),
        observed_at=observed,
        valid_until=observed + timedelta(hours=draw(st.integers(min_value=0, max_value=5000))),
        attested_by="a program",
    )


@st.composite
def words(draw: st.DrawFn, activity: str) -> evidence.Attestation:
    made = NOW + timedelta(hours=draw(HOURS))
    return word(
        activity,
        draw(st.sampled_from([errors.CUSTOMER, errors.PROVIDER])),
        made_at=made,
        expires_at=made + timedelta(hours=draw(st.integers(min_value=0, max_value=9000))),
        withdrawn_at=draw(st.none() | st.just(NOW)),
        review=draw(st.sampled_from(["", "members", "admins", "register"])),
    )


@st.composite
def rows(draw: st.DrawFn) -> coverage.Seen:
    activity = draw(ACTIVITIES)
    told = st.builds(Told, noted=st.booleans(), received_at=st.none() | st.just(NOW))
    return coverage.Seen(
        rule=evidence_rules.RULES[activity],
        activity=matrix.newest().activity(activity),
        pieces=draw(st.lists(pieces(activity), max_size=5)),
        words=draw(st.lists(words(activity), max_size=4)),
        told={errors.CUSTOMER: draw(told), errors.PROVIDER: draw(told)},
        began_at=NOW - timedelta(days=draw(st.integers(min_value=0, max_value=400))),
        ended=draw(st.booleans()),
    )


@given(rows())
def test_whatever_is_known_no_row_is_better_than_its_facts(seen: coverage.Seen) -> None:
    row = coverage.judged(seen, NOW)
    if any(each.outcome is Outcome.BREACHED for each in seen.pieces):
        assert row.state is State.BREACHED
    if row.state is State.PROVEN:
        _assert_proven(seen)
    if row.state is State.ATTESTED:
        assert any(each.holds(NOW) and each.made_at <= NOW + coverage.SKEW for each in seen.words)
        assert row.attested_by
    if not seen.rule.carried:
        assert row.state in (State.UNKNOWN, State.BREACHED, State.ATTESTED)
    assert row.reason


def _assert_proven(seen: coverage.Seen) -> None:
    """Every source was seen, is fresh and not from the future; the customer has what it is to be told."""
    proven = 0
    for source in seen.rule.sources:
        own = [each for each in seen.pieces if each.collector == source.collector]
        latest = max(own, key=lambda each: each.observed_at)
        assert latest.outcome in (Outcome.PROVEN, Outcome.NOT_APPLICABLE)
        assert latest.fresh(NOW)
        assert latest.observed_at <= NOW + coverage.SKEW
        proven += latest.outcome is Outcome.PROVEN
    assert proven
    if model.Letter.I in seen.activity.letters[errors.CUSTOMER]:
        assert seen.told[errors.CUSTOMER].received_at is not None


@given(rows(), st.integers(min_value=1, max_value=20_000))
def test_time_alone_makes_no_row_better(seen: coverage.Seen, hours: int) -> None:
    """Nothing that is stale, unknown or breached becomes proven or attested by waiting."""
    before, later = coverage.judged(seen, NOW), coverage.judged(seen, NOW + timedelta(hours=hours))
    past = all(each.observed_at <= NOW for each in seen.pieces) and all(each.made_at <= NOW for each in seen.words)
    if past and before.state not in (State.PROVEN, State.ATTESTED):
        assert later.state not in (State.PROVEN, State.ATTESTED)
