"""The map from contract to service cannot rot: every row is carried or waits, and everything that acts has a row."""

import pytest

from docs.generate import walks
from steward.api.ovh import requests
from steward.domain import errors
from steward.responsibility import deciding, evidence_rules, matrix, model, notices, operations, twins, waiting
from tests.paper import sources

CONTRACT = matrix.load("1")
AT_MOST = 15  # rows that wait; lower it when one is carried, never raise it

# Events in the table of notices that nothing writes yet, because what they tell of does not exist.
UNWRITTEN = {"cluster:upgrade-forced", "version:published", "maintenance:announced"}


def providers(activity: str) -> bool:
    return deciding.may_carry_out(CONTRACT.activity(activity), errors.PROVIDER)


def carried() -> set[str]:
    return {activity for activity, _, _ in walks.carriers()}


def test_every_row_is_carried_or_waits_for_something_named() -> None:
    assert set(CONTRACT.activities) - carried() == set(waiting.WAITING)
    assert all(waiting.WAITING.values())


def test_the_list_of_rows_that_wait_only_shrinks() -> None:
    assert len(waiting.WAITING) == AT_MOST


def test_what_waits_has_no_evidence() -> None:
    assert not [activity for activity in waiting.WAITING if evidence_rules.rule_of(activity).carried]


def test_there_is_a_rule_of_evidence_for_every_row_and_for_nothing_else() -> None:
    assert set(evidence_rules.RULES) == set(CONTRACT.activities)


def test_every_step_is_the_providers() -> None:
    found = walks.steps()
    assert len(found) > 20
    assert [each for each in found if not providers(each[2])] == []
    assert {activity for _, _, activity in found} == set(operations.STEPS)


def test_every_job_is_the_providers() -> None:
    found = walks.all_jobs()
    assert len(found) > 10
    assert [each.name for each in found if not providers(each.activity) and not each.lent] == []
    assert [each.name for each in found if each.lent] == ["log-forwarding"], "what customers lend by a setting"
    assert len({each.name for each in found}) == len(found)


def test_every_row_that_the_source_names_is_one() -> None:
    found = {
        (module, text)
        for module, texts in sources.texts().items()
        for text in texts
        if sources.ACTIVITY.fullmatch(text)
    }
    assert len(found) > 100
    assert [each for each in found if each[1] not in CONTRACT.activities] == []


def test_automation_writes_events_under_rows_of_its_own() -> None:
    """What is known of the customer's is a setting that was looked at, never a change that was made."""
    found = sources.written("reconcile")
    assert {"cluster:installed", "node:ready", "cluster:deleted"} <= set(found)
    strange = {
        (event, row)
        for event, rows in found.items()
        for row in rows
        if not event.startswith("system:") and not providers(row)
    }
    assert strange == set()


def test_every_notice_is_of_an_event_that_is_written() -> None:
    assert {type_ for type_ in notices.LINES if not sources.is_written(type_)} == UNWRITTEN


@pytest.mark.parametrize("type_", sorted(notices.LINES))
def test_every_notice_informs_somebody(type_: str) -> None:
    """By its line, or by the I of a row under which its event is written."""
    if notices.LINES[type_].to:
        return
    rows = sources.rows_of(type_)
    informed = {row for row in rows if notices.informed(CONTRACT, row)}
    assert informed or not rows, f"{type_} is written under {rows}, which inform nobody"


def test_rows_whose_customer_is_informed_have_a_notice() -> None:
    """Those that something carries: an event under the row, whoever writes it."""
    told = {row for layer in ("operations", "reconcile") for rows in sources.written(layer).values() for row in rows}
    informed = {
        each.id
        for each in CONTRACT.activities.values()
        if model.Letter.I in each.letters[errors.CUSTOMER] and each.id not in waiting.WAITING
    }
    # A version is published once there is a way to upgrade to it.
    assert informed - told == {"3.1.6-5"}


def test_twins_are_told_apart() -> None:
    for group in (twins.CHANGES, twins.EXPORTS, twins.ACCESS, twins.REQUESTS):
        assert len({each.activity for each in group}) == len(group)
        assert len({each.asked for each in group}) == len(group)
    assert {"2.1-2", "3.1.5-1", "3.1.6-6", "3.1.3-3", "3.2.2-3"} <= {each.activity for each in twins.CHANGES}
    assert [each.activity for each in twins.EXPORTS] == ["2.2-1", "4.1-1"]
    for each in twins.ALL:
        CONTRACT.activity(each.activity)


@pytest.mark.parametrize("twin", twins.ALL)
def test_a_twin_has_the_operations_that_the_table_gives_it(twin: twins.Twin) -> None:
    assert [name for name in twin.operations if operations.ACTIVITY_OF[name] != twin.activity] == []
    # Whoever lists some lists all of them, but for those of signing in and the like.
    if twin.activity in {"2.1-2", "3.1.5-1", "3.1.6-6", "3.1.3-3", "3.1.2-3", "3.2.2-3"} and twin.operations:
        of_row = {name for name, row in operations.ACTIVITY_OF.items() if row == twin.activity}
        assert set(twin.operations) == of_row


def test_every_field_of_a_change_falls_under_one_row() -> None:
    named = [field for each in twins.CHANGES for field in each.fields]
    assert len(named) == len(set(named))
    for body in (requests.ClusterUpdate, requests.PoolUpdate):
        assert set(body.model_fields) <= set(named)
    for field, operation in (("name", "cluster.rename"), ("updatePolicy", "cluster.update_policy")):
        assert twins.row_of_field(field) == operations.ACTIVITY_OF[operation]
    for field in requests.PoolUpdate.model_fields:
        assert twins.row_of_field(field) == operations.ACTIVITY_OF["nodepool.edit"]


@pytest.mark.parametrize(
    ("operation", "activity"),
    [
        ("cluster.create", "1.1-1"),
        ("cluster.rename", "2.1-2"),
        ("cluster.kubeconfig", "3.1.2-3"),
        ("credential.create", "3.1.2-1"),
        ("person.invite", "3.1.2-1"),
        ("nodepool.edit", "3.1.3-3"),
        ("nodepool.autoscale", "3.1.3-3"),
        ("node.delete", "3.1.3-3"),
        ("cluster.update_policy", "3.1.6-6"),
        ("cluster.restrict", "3.1.5-1"),
        ("quota.request", "3.2.2-3"),
        ("quota.grant", "3.2.2-4"),
        ("cluster.update", "3.1.6-6"),
        ("cluster.reset_kubeconfig", "3.1.2-3"),
        ("cluster.reset", "4.2-1"),
        ("cluster.delete", "5.1-1"),
        ("log.subscribe", "3.1.3-5"),
        ("log.forward", "3.1.3-5"),
    ],
)
def test_the_table_is_the_one_that_was_agreed(operation: str, activity: str) -> None:
    """Written down before the code; a change of it is a change of the contract's reading."""
    assert operations.ACTIVITY_OF[operation] == activity
