"""In which state each row of the contract is: pure, from what was observed, stated and received.

Called by `operations/coverage`. The rules: a breach wins and does not fade by nobody looking; a row with several
sources takes the worst of them; what nobody looked at is unknown; what is past its time is stale; where a party is to
be informed, nothing is proven without its receipt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from steward.domain import errors, evidence
from steward.responsibility import evidence_rules, model
from steward.responsibility.evidence_rules import Word

# What is dated later than now was written by a clock that went wrong, or ours does.
SKEW = timedelta(minutes=2)


class State(StrEnum):
    PROVEN = "proven"
    ATTESTED = "attested"
    NOT_APPLICABLE = "not applicable"
    STALE = "stale"
    UNKNOWN = "unknown"
    BREACHED = "breached"


_WORST_FIRST = (State.BREACHED, State.UNKNOWN, State.STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whether a party that is to be informed was: that something was put into its inbox, and its receipt."""

    noted: bool = False
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that is known of one row for one cluster. `ended` is when its deletion was asked for."""

    rule: evidence_rules.RowRule
    activity: model.Activity
    pieces: Sequence[evidence.Evidence] = ()
    words: Sequence[evidence.Attestation] = ()
    told: Mapping[str, Told] = field(default_factory=dict)  # by party
    began_at: datetime
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the things that a row needs: a source, a review, a person's word, a receipt."""

    name: str
    state: State
    reason: str
    observed_at: datetime | None = None
    valid_until: datetime | None = None
    digest: str = ""
    attested_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`observed_at` and `valid_until` are those of the weakest part; `digest` binds the facts of all."""

    activity: str
    state: State
    reason: str
    observed_at: datetime | None = None
    valid_until: datetime | None = None
    attested_by: str = ""
    digest: str = ""
    waits_for: str = ""
    parts: tuple[Part, ...] = ()


def judged(seen: Seen, now: datetime) -> Row:
    parts = _parts(seen, now)
    decided = _decided(seen, parts)
    digests = {each.name: each.digest for each in parts if each.digest}
    observed = [each.observed_at for each in parts if each.observed_at is not None]
    ends = [each.valid_until for each in parts if each.valid_until is not None]
    return Row(
        activity=seen.activity.id,
        state=decided.state,
        reason=decided.reason,
        observed_at=min(observed, default=None),
        valid_until=min(ends, default=None),
        attested_by=", ".join(dict.fromkeys(each.attested_by for each in parts if each.attested_by)),
        digest=evidence.digest(digests) if digests else "",
        waits_for=seen.rule.waits_for,
        parts=tuple(parts),
    )


def _decided(seen: Seen, parts: Sequence[Part]) -> Part:
    """The part that speaks for the row."""
    for state in _WORST_FIRST:
        found = next((each for each in parts if each.state is state), None)
        if found is not None:
            return found
    if not parts:
        return Part(name="", state=State.UNKNOWN, reason="Nothing proves this row yet")
    proven = [each for each in parts if each.state is State.PROVEN]
    attested = [each for each in parts if each.state is State.ATTESTED]
    if not proven:
        return (attested or parts)[0]
    missing = _not_told(seen)
    if missing is not None:
        return missing
    return proven[0]


def _parts(seen: Seen, now: datetime) -> list[Part]:
    rule = seen.rule
    parts = [_source(seen, each.collector, now) for each in rule.sources]
    wanted = {each.collector for each in rule.sources}
    # A breach counts whoever saw it.
    parts += [_of_piece(each, now) for each in seen.pieces if each.collector not in wanted and _is_breach(each)]
    if any(each.state is State.BREACHED for each in parts):
        return parts
    if rule.at_end and not seen.ended:
        return [Part(name="end", state=State.NOT_APPLICABLE, reason="Nobody has asked for the cluster's deletion")]
    if rule.word is not Word.NOTHING:
        parts.append(_word(seen, now))
    if rule.review is not None:
        parts.append(_review(seen, rule.review, now))
    if rule.waits_for and all(each.state is not State.ATTESTED for each in parts):
        waiting = f"Nobody looks at this yet; it waits for {rule.waits_for}"
        parts = [each for each in parts if each.name != "word"]
        parts.insert(0, Part(name="waits", state=State.UNKNOWN, reason=waiting))
    return parts


def _source(seen: Seen, collector: str, now: datetime) -> Part:
    found = [each for each in seen.pieces if each.collector == collector]
    if not found:
        return Part(name=collector, state=State.UNKNOWN, reason=f"Nobody has looked yet ({collector})")
    breach = next((each for each in found if _is_breach(each)), None)
    return _of_piece(breach or max(found, key=lambda each: each.observed_at), now)


def _is_breach(piece: evidence.Evidence) -> bool:
    return piece.outcome is evidence.Outcome.BREACHED


def _of_piece(piece: evidence.Evidence, now: datetime) -> Part:
    state, reason = _outcome(piece, now)
    return Part(
        name=piece.collector,
        state=state,
        reason=reason,
        observed_at=piece.observed_at,
        valid_until=piece.valid_until,
        digest=piece.digest,
        attested_by=piece.attested_by,
    )


def _outcome(piece: evidence.Evidence, now: datetime) -> tuple[State, str]:
    outcome = piece.outcome
    if outcome is evidence.Outcome.BREACHED:
        return State.BREACHED, piece.summary
    if piece.observed_at > now + SKEW:
        return State.UNKNOWN, f"The latest look is dated in the future: a clock went wrong ({piece.collector})"
    if outcome is evidence.Outcome.UNKNOWN:
        return State.UNKNOWN, piece.summary
    if outcome is evidence.Outcome.ATTESTED:
        # A person's word comes as an attestation; nothing else may bring it.
        return State.UNKNOWN, f"{piece.collector} is no person and cannot attest"
    if not piece.fresh(now):
        return State.STALE, f"Nobody has looked since {_day(piece.observed_at)}: {piece.summary}"
    if outcome is evidence.Outcome.NOT_APPLICABLE:
        return State.NOT_APPLICABLE, piece.summary
    return State.PROVEN, piece.summary


def _word(seen: Seen, now: datetime) -> Part:
    accountable = next(party for party, held in seen.activity.letters.items() if model.Letter.A in held)
    given = [each for each in _given(seen.words, now) if not each.review and each.party == accountable]
    if not given:
        asked = f"No named person of the {accountable} has stated that {seen.rule.word_on}"
        if seen.rule.word is Word.IS_NEEDED:
            asked = f"No named person of the {accountable} has stated {seen.rule.word_on}"
        return Part(name="word", state=State.UNKNOWN, reason=asked)
    latest = max(given, key=lambda each: each.expires_at)
    holds = latest.holds(now)
    until = f"until {_day(latest.expires_at)}"
    return Part(
        name="word",
        state=State.ATTESTED if holds else State.STALE,
        reason=f"Stated by {latest.person} {until}" if holds else f"What {latest.person} stated held {until}",
        observed_at=latest.made_at,
        valid_until=latest.expires_at,
        digest=latest.document_digest,
        attested_by=latest.person,
    )


def _given(words: Sequence[evidence.Attestation], now: datetime) -> list[evidence.Attestation]:
    return [each for each in words if each.withdrawn_at is None and each.made_at <= now + SKEW]


def _review(seen: Seen, review: evidence_rules.Review, now: datetime) -> Part:
    made = [each for each in _given(seen.words, now) if each.review == review.name and each.party == review.party]
    name = f"review {review.name}"
    if not made:
        due = seen.began_at + review.every
        if now >= seen.began_at + 2 * review.every:
            return Part(name=name, state=State.BREACHED, reason=f"The {review.party} has never reviewed {review.list}")
        reason = f"The {review.party} has not reviewed {review.list} yet; it is due by {_day(due)}"
        return Part(name=name, state=State.UNKNOWN, reason=reason)
    latest = max(made, key=lambda each: each.made_at)
    due = latest.made_at + review.every
    state = State.ATTESTED
    said = f"{latest.person} reviewed {review.list} on {_day(latest.made_at)}"
    if now >= latest.made_at + 2 * review.every:
        state, said = State.BREACHED, f"{said}; the next review is overdue since {_day(due)}"
    elif now >= due:
        state, said = State.STALE, f"{said}; the next was due by {_day(due)}"
    return Part(
        name=name,
        state=state,
        reason=said,
        observed_at=latest.made_at,
        valid_until=due,
        digest=latest.document_digest,
        attested_by=latest.person,
    )


def _not_told(seen: Seen) -> Part | None:
    """A receipt is asked of the customer's side; of the provider's, that it stands in its inbox."""
    for party, held in seen.activity.letters.items():
        if model.Letter.I not in held:
            continue
        told = seen.told.get(party, Told())
        if party == errors.CUSTOMER and told.received_at is None:
            said = "was told and has not received it yet" if told.noted else "was not told yet"
            return Part(name="receipt", state=State.UNKNOWN, reason=f"Observed, but the customer {said}")
        if party == errors.PROVIDER and not told.noted:
            return Part(name="receipt", state=State.UNKNOWN, reason="Observed, but it is not in the provider's inbox")
    return None


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
