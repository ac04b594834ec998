"""Actors, delegations and questions for the tests of deciding."""

from datetime import UTC, datetime, timedelta
from typing import Any

from steward.domain import actors, clusters, decisions, delegations, errors, people, projects
from steward.responsibility import deciding, matrix

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
PROJECT = projects.ProjectId("0" * 32)
CLUSTER = clusters.ClusterId("11111111-2222-4333-8444-555555555555")
OTHER = clusters.ClusterId("99999999-2222-4333-8444-555555555555")

CUSTOMER = actors.customer(projects.AccountId("ab1-local"))


def person(role: people.Role) -> actors.Actor:
    return actors.Actor(name=f"{role.value}@example.org", party=role.party, kind=actors.Kind.PERSON, role=role)


def lent(activity: str, **fields: Any) -> delegations.Delegation:
    """To the provider for a day, if nothing else is said."""
    given: dict[str, Any] = {
        "id": "d",
        "project_id": PROJECT,
        "activity": activity,
        "to_party": errors.PROVIDER,
        "reason": "a test",
        "granted_by": "owner@example.org",
        "granted_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=1),
        **fields,
    }
    return delegations.Delegation(**given)


def decide(actor: actors.Actor, operation: str, *held: delegations.Delegation, **fields: Any) -> decisions.Decision:
    given: dict[str, Any] = {"now": NOW, "cluster_id": CLUSTER, **fields}
    return deciding.decide(matrix.load(), deciding.Question(actor=actor, operation=operation, lent=held, **given))
