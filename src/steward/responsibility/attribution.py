"""To whose account an outage is put: published rules over what stands in its timeline. Pure.

It proposes and decides nothing: `operations/outages` has the disputes, and undecided counts against the provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from steward.catalogue import loading


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is empty is not asked about; without `types`, `acted` and `failures` it always fits."""

    name: str
    types: tuple[str, ...] = ()
    acted: str = ""
    activities: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    except_: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    before: timedelta = timedelta(0)
    activity: str
    party: str
    grounds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event, or one act that the audit log shows. `party` is whose act it was."""

    at: datetime
    type: str
    party: str
    activity: str
    text: str
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    rule: str
    activity: str
    party: str
    grounds: str


@cache
def rules() -> tuple[Rule, ...]:
    """In their order; ValueError where the last one does not fit everything."""
    found = tuple(_rule(each) for each in loading.attribution())
    if not found or not _always(found[-1]):
        raise ValueError("the last rule of attribution.yaml has to fit every outage")
    return found


def proposed(facts: Sequence[Fact], failures: Sequence[str], began: datetime, ended: datetime) -> Proposal:
    for rule in rules():
        if _always(rule) or _failed(rule, failures):
            return _proposal(rule, "")
        fact = next((each for each in facts if _fits(rule, each, began, ended)), None)
        if fact is not None:
            return _proposal(rule, f": {fact.text} ({fact.at:%H:%M:%S} UTC)")
    raise AssertionError("the last rule fits always")


@cache
def watched() -> frozenset[str]:
    """Kinds of objects (`plural.group`) whose changes the audit log has to be followed for."""
    return frozenset(each for rule in rules() for each in rule.resources)


def longest_before() -> timedelta:
    return max(rule.before for rule in rules())


def _fits(rule: Rule, fact: Fact, began: datetime, ended: datetime) -> bool:
    if not (rule.types or rule.acted) or fact.type in rule.except_:
        return False
    asked = (
        (rule.types, fact.type),
        ((rule.acted,) if rule.acted else (), fact.party),
        (rule.activities, fact.activity),
        (rule.resources, fact.resource),
    )
    return began - rule.before <= fact.at <= ended and all(not known or value in known for known, value in asked)


def _failed(rule: Rule, failures: Sequence[str]) -> bool:
    return any(text in failure for text in rule.failures for failure in failures)


def _always(rule: Rule) -> bool:
    return not (rule.types or rule.acted or rule.failures)


def _proposal(rule: Rule, which: str) -> Proposal:
    return Proposal(rule=rule.name, activity=rule.activity, party=rule.party, grounds=rule.grounds + which)


def _rule(fact: loading.AttributionFact) -> Rule:
    return Rule(
        name=fact.name,
        types=fact.types,
        acted=fact.acted,
        activities=fact.activities,
        resources=fact.resources,
        except_=fact.except_,
        failures=fact.failures,
        before=timedelta(seconds=fact.before),
        activity=fact.activity,
        party=fact.party,
        grounds=fact.grounds,
    )
