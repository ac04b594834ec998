"""Who may do what, in words: both parties, automation, what is lent, and what a refusal says."""

import pytest

from steward.domain import actors, delegations, errors, people
from steward.responsibility import deciding, matrix, operations
from tests.unit.responsibility import questions
from tests.unit.responsibility.questions import CUSTOMER, decide, lent, person

OPERATOR = person(people.Role.OPERATOR)


@pytest.mark.parametrize(
    "operation",
    ["cluster.delete", "cluster.update_policy", "cluster.rename", "cluster.kubeconfig", "nodepool.edit", "node.delete"],
)
def test_what_is_the_customers_is_refused_to_the_provider(operation: str) -> None:
    assert decide(CUSTOMER, operation).allowed
    decision = decide(OPERATOR, operation)
    assert not decision.allowed
    assert "A" in decision.letters[errors.CUSTOMER]
    assert decision.who_may.startswith("The customer")


@pytest.mark.parametrize("operation", ["project.create", "account.hand_over", "account.suspend", "account.close"])
def test_what_is_the_providers_is_refused_to_the_customer(operation: str) -> None:
    assert decide(OPERATOR, operation).allowed
    decision = decide(CUSTOMER, operation)
    assert not decision.allowed
    assert "steward ticket open" in decision.how_to_ask


@pytest.mark.parametrize("operation", sorted(operations.ACTIVITY_OF))
def test_no_operation_is_both_parties_own(operation: str) -> None:
    """Nothing lent: exactly one party's highest role may, for each row here has R and A on one side."""
    assert decide(CUSTOMER, operation).allowed != decide(OPERATOR, operation).allowed


def test_where_a_stands_without_r_the_accountable_party_acts() -> None:
    assert decide(CUSTOMER, "cluster.create").letters[errors.CUSTOMER] == "A"
    assert decide(CUSTOMER, "cluster.create").allowed


def test_beside_the_others_r_both_have_a_part() -> None:
    row = matrix.load().activity("1.1-4")
    assert deciding.may_carry_out(row, errors.CUSTOMER)
    assert deciding.may_carry_out(row, errors.PROVIDER)
    assert deciding.owner(row) == errors.CUSTOMER


@pytest.mark.parametrize("role", [people.Role.SUPPORT, people.Role.AUDITOR])
def test_staff_without_the_role_carry_nothing_out(role: people.Role) -> None:
    decision = decide(person(role), "project.create")
    assert not decision.allowed
    assert "operator" in decision.reason
    assert deciding.whose_turn(decision) == errors.PROVIDER


def test_a_viewer_only_reads() -> None:
    viewer = person(people.Role.VIEWER)
    for operation in ("cluster.create", "cluster.delete", "nodepool.edit", "contract.accept"):
        assert not decide(viewer, operation).allowed
    assert "admin" in decide(viewer, "cluster.delete").reason


def test_automation_acts_under_the_row_it_is_named_by() -> None:
    other = actors.automation("3.1.1-1", "probe")
    assert "acts under 3.1.1-1" in decide(other, "cluster.patch_automatically", lent("3.1.6-6")).reason
    nameless = actors.automation("", "probe")
    assert "under no activity" in decide(nameless, "cluster.patch_automatically", lent("3.1.6-6")).reason


def test_what_is_lent_is_named_as_the_ground() -> None:
    decision = decide(OPERATOR, "nodepool.edit", lent("3.1.3-3", id="lent-1", reason="night shift"))
    assert decision.allowed
    assert decision.delegation_id == "lent-1"
    assert "night shift" in decision.reason


def test_a_cluster_that_it_was_not_lent_for_stays_closed() -> None:
    of_other = lent("3.1.3-3", cluster_id=questions.OTHER)
    assert not decide(OPERATOR, "nodepool.edit", of_other).allowed
    assert not decide(OPERATOR, "nodepool.edit", of_other, cluster_id=None).allowed


@pytest.mark.parametrize("operation", ["credential.create", "person.invite", "cluster.kubeconfig"])
def test_who_may_act_for_a_party_is_never_lent(operation: str) -> None:
    decision = decide(OPERATOR, operation, lent(operations.ACTIVITY_OF[operation]))
    assert not decision.allowed
    assert "lend" not in decision.how_to_ask


@pytest.mark.parametrize(("operation", "row"), [("contract.accept", "1.1-1"), ("delegation.grant", "3.1.3-3")])
def test_a_is_never_lent(operation: str, row: str) -> None:
    asked = {"row": row} if operation == "delegation.grant" else {}
    assert not decide(OPERATOR, operation, lent(row), **asked).allowed
    assert not decide(actors.automation(row, "test"), operation, lent(row), **asked).allowed


def test_r_without_a_lends_nothing() -> None:
    """1.1-4: the provider installs what the customer chose, and cannot give that away."""
    assert decide(CUSTOMER, "delegation.grant", row="1.1-4").allowed
    refused = decide(OPERATOR, "delegation.grant", row="1.1-4")
    assert not refused.allowed
    assert "accountable" in refused.reason
    assert deciding.whose_turn(refused) == errors.CUSTOMER


@pytest.mark.parametrize("row", ["3.1.2-1", "3.1.2-2", "3.1.2-3"])
def test_rows_about_keys_cannot_be_lent(row: str) -> None:
    for party in (errors.CUSTOMER, errors.PROVIDER):
        assert "never lent" in deciding.lendable(matrix.load().activity(row), party)


def test_a_row_is_not_lent_to_whom_it_belongs_to() -> None:
    assert deciding.lendable(matrix.load().activity("3.1.3-3"), errors.PROVIDER) == ""
    assert "already" in deciding.lendable(matrix.load().activity("1.1-4"), errors.PROVIDER)
    assert "already" in deciding.lendable(matrix.load().activity("2.1-1"), errors.PROVIDER)


def test_a_disputed_row_says_so() -> None:
    decision = decide(OPERATOR, "cluster.kubeconfig")
    assert "the other reading is customer none, provider RA" in decision.facts["disputed"]
    assert not decide(OPERATOR, "cluster.delete").facts


def test_delegations_are_looked_up_only_where_they_matter() -> None:
    def needs(actor: actors.Actor, operation: str) -> bool:
        return deciding.needs_lent(
            matrix.load(), deciding.Question(actor=actor, operation=operation, now=questions.NOW)
        )

    assert needs(OPERATOR, "nodepool.edit")
    assert not needs(CUSTOMER, "nodepool.edit")
    assert not needs(OPERATOR, "contract.accept")


def test_a_delegation_outlives_neither_its_end_nor_its_revocation() -> None:
    held = lent("3.1.3-3", expires_at=questions.NOW)
    assert not decide(OPERATOR, "nodepool.edit", held).allowed
    assert isinstance(held, delegations.Delegation)
    revoked = lent("3.1.3-3", revoked_at=questions.NOW)
    assert not decide(OPERATOR, "nodepool.edit", revoked).allowed
