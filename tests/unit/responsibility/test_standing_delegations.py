"""`updatePolicy` and `autoscale` lend R to the provider's automation, and to nobody else; off lends nothing."""

import dataclasses
from typing import Any

import pytest

from steward.domain import actors, clusters, decisions, delegations, networks, nodepools, people, versions
from steward.responsibility import standing
from tests.unit.responsibility import questions

POOL = nodepools.NodePool(
    id=nodepools.NodePoolId("a"),
    cluster_id=questions.CLUSTER,
    name="web",
    flavor="b3-8",
    minimum=1,
    maximum=3,
    autoscale=True,
    created_at=questions.NOW,
    updated_at=questions.NOW,
)
CLUSTER = clusters.Cluster(
    id=questions.CLUSTER,
    project_id=questions.PROJECT,
    name="demo",
    region="LOCAL1",
    version=versions.Version(1, 37, 2),
    pods=networks.DEFAULT_PODS,
    services=networks.DEFAULT_SERVICES,
    slot=0,
    created_at=questions.NOW,
    updated_at=questions.NOW,
)
PATCHER = actors.automation("3.1.6-6", "patches")
SCALER = actors.automation("3.1.3-3", "autoscaler")
Policy = clusters.UpdatePolicy


def lent(cluster: clusters.Cluster = CLUSTER, pool: nodepools.NodePool = POOL) -> list[delegations.Delegation]:
    return list(standing.of(cluster, [pool]))


def patching(policy: Policy, actor: actors.Actor = PATCHER, operation: str = standing.PATCH) -> decisions.Decision:
    return questions.decide(actor, operation, *lent(dataclasses.replace(CLUSTER, update_policy=policy)))


def scaling(size: int | None, subject: str = "nodepool:a", **changes: Any) -> decisions.Decision:
    held = lent(pool=dataclasses.replace(POOL, **changes))
    return questions.decide(SCALER, standing.AUTOSCALE, *held, subject=subject, size=size)


@pytest.mark.parametrize(
    ("policy", "may"),
    [(Policy.ALWAYS_UPDATE, True), (Policy.MINIMAL_DOWNTIME, True), (Policy.NEVER_UPDATE, False)],
)
def test_automation_patches_where_the_policy_lets_it(policy: Policy, may: bool) -> None:
    decision = patching(policy)
    assert decision.allowed is may
    assert decision.delegation_id == (f"standing:update-policy:{CLUSTER.id}" if may else "")


@pytest.mark.parametrize("operation", ["cluster.update_policy", standing.PATCH])
def test_the_policy_lends_people_nothing(operation: str) -> None:
    assert not patching(Policy.ALWAYS_UPDATE, questions.person(people.Role.OPERATOR), operation).allowed


def test_the_policy_lends_automation_the_patches_alone() -> None:
    assert not patching(Policy.ALWAYS_UPDATE, operation="cluster.update_policy").allowed


@pytest.mark.parametrize(("size", "may"), [(0, False), (1, True), (3, True), (4, False), (None, False)])
def test_a_pool_is_resized_within_its_bounds(size: int | None, may: bool) -> None:
    decision = scaling(size)
    assert decision.allowed is may
    assert decision.delegation_id == ("standing:autoscale:a" if may else "")


def test_autoscale_off_lends_nothing() -> None:
    assert not scaling(2, autoscale=False).allowed


def test_one_pools_setting_is_not_anothers() -> None:
    assert not scaling(2, subject="nodepool:b").allowed
    assert not scaling(2, subject="").allowed


def test_nothing_is_lent_of_what_is_being_deleted() -> None:
    assert not scaling(2, delete_asked_at=questions.NOW).allowed
    assert lent(dataclasses.replace(CLUSTER, delete_asked_at=questions.NOW)) == []


def test_standing_ones_do_not_expire() -> None:
    assert all(each.standing and each.expires_at is None for each in lent())
    assert len(lent()) == 2
