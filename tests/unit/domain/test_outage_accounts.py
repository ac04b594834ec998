"""To whose account an outage is put: the published rules, disputes, and what it takes to settle."""

from datetime import UTC, datetime, timedelta

import pytest

from steward.domain import errors, incidents
from steward.responsibility import attribution, matrix
from tests.unit.domain.test_availability import outage

BEGAN = datetime(2030, 1, 1, 12, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=5)


def fact(type_: str, party: str, activity: str, before: float = 60, resource: str = "") -> attribution.Fact:
    at = BEGAN - timedelta(seconds=before)
    return attribution.Fact(at=at, type=type_, party=party, activity=activity, text=type_, resource=resource)


ENDS = fact("component:ended", errors.PROVIDER, "3.2.1-3", before=1)
RESTART = fact("cluster:restarted", errors.CUSTOMER, "3.2.1-4")
WEBHOOK = fact(
    "audit:write", errors.CUSTOMER, "2.3-1", resource="validatingwebhookconfigurations.admissionregistration.k8s.io"
)
RENAME = fact("cluster:renamed", errors.CUSTOMER, "2.1-2")
INSIDE = fact("access:active", errors.PROVIDER, "3.1.2-2", before=3600)
ANNOUNCED = fact("maintenance:began", errors.PROVIDER, "3.2.2-1")


@pytest.mark.parametrize(
    ("facts", "failure", "expected"),
    [
        ([], "refused", ("nothing found", errors.PROVIDER, "3.1.1-1")),
        ([ENDS], "refused", ("component ended", errors.PROVIDER, "3.1.1-1")),
        ([RESTART, ENDS], "refused", ("customer's configuration", errors.CUSTOMER, "3.2.1-4")),
        ([WEBHOOK], "TLS", ("customer's webhook", errors.CUSTOMER, "3.2.1-4")),
        ([RENAME, ENDS], "refused", ("component ended", errors.PROVIDER, "3.1.1-1")),
        ([INSIDE, RESTART], "refused", ("person of the provider inside", errors.PROVIDER, "3.2.1-3")),
        ([ANNOUNCED, ENDS], "refused", ("maintenance", errors.PROVIDER, "3.2.2-1")),
        ([ENDS], "/readyz was answered 429", ("overload", errors.CUSTOMER, "3.2.1-4")),
    ],
)
def test_the_first_rule_that_fits_counts(
    facts: list[attribution.Fact], failure: str, expected: tuple[str, str, str]
) -> None:
    found = attribution.proposed(facts, [failure], BEGAN, ENDED)
    assert (found.rule, found.party, found.activity) == expected


def test_what_lay_too_long_before_explains_nothing() -> None:
    old = fact("cluster:restarted", errors.CUSTOMER, "3.2.1-4", before=601)
    assert attribution.proposed([old], [""], BEGAN, ENDED).party == errors.PROVIDER
    later = fact("cluster:restarted", errors.CUSTOMER, "3.2.1-4", before=-301)
    assert attribution.proposed([later], [""], BEGAN, ENDED).party == errors.PROVIDER


def test_every_rule_names_an_accountable_party_of_its_row() -> None:
    contract = matrix.load()
    for rule in attribution.rules():
        letters = contract.activity(rule.activity).letters
        assert {each.value for each in letters[rule.party]} >= {"R", "A"}, rule.name
        for activity in rule.activities:
            contract.activity(activity)


def vote(party: str, against: str) -> incidents.Vote:
    return incidents.Vote(party=party, name=f"somebody of the {party}", against=against, at=ENDED)


def test_undecided_counts_against_the_provider_whoever_disputes() -> None:
    theirs = outage(0, 60, errors.CUSTOMER)
    assert theirs.counts_against == errors.CUSTOMER
    for party in (errors.CUSTOMER, errors.PROVIDER):
        for proposed in (errors.CUSTOMER, errors.PROVIDER):
            told = incidents.disputed(outage(0, 60, proposed), party, "no", ENDED)
            assert told.counts_against == errors.PROVIDER
            with pytest.raises(errors.Conflict):
                incidents.disputed(told, party, "again", ENDED)


def test_only_both_together_settle() -> None:
    told = incidents.disputed(outage(0, 60, errors.PROVIDER), errors.PROVIDER, "your webhook", ENDED)
    told = incidents.voted(told, vote(errors.PROVIDER, errors.CUSTOMER))
    told = incidents.voted(told, vote(errors.PROVIDER, errors.CUSTOMER))
    assert (told.settled_party, told.counts_against) == ("", errors.PROVIDER), "one party twice is one party"
    apart = incidents.voted(told, vote(errors.CUSTOMER, errors.PROVIDER))
    assert apart.counts_against == errors.PROVIDER
    assert not apart.settled_party
    agreed = incidents.voted(apart, vote(errors.CUSTOMER, errors.CUSTOMER))
    assert (agreed.settled_party, agreed.counts_against) == (errors.CUSTOMER, errors.CUSTOMER)
    assert len(agreed.settled_by) == 2
    with pytest.raises(errors.Conflict):
        incidents.voted(agreed, vote(errors.PROVIDER, errors.PROVIDER))
    with pytest.raises(errors.BadInput):
        incidents.voted(told, vote(errors.PROVIDER, "nobody"))
