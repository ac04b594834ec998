"""R lent and taken back: by the accountable party alone, for a time, honoured from the next decision on."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from steward.domain import actors, delegations, errors, people
from steward.operations import clusters as clusters_
from steward.operations import delegations as delegations_
from steward.operations import nodepools, orders, rights
from tests.unit.operations import setting

SIZING = "3.1.3-3"
DAY = timedelta(days=1)


async def lend(
    service: setting.Setting, activity: str = SIZING, actor: actors.Actor | None = None, **fields: Any
) -> delegations.Delegation:
    given: dict[str, Any] = {"reason": "the night of the move", "expires_at": setting.NOW + DAY, **fields}
    wish = delegations_.Wish(activity=activity, **given)
    return await delegations_.grant(
        service.context, actor or service.customer, project_id=service.project_id, wish=wish
    )


async def size(service: setting.Setting, actor: actors.Actor, name: str) -> None:
    order = orders.PoolOrder(flavor="d2-4", name=name)
    await nodepools.create(service.context, actor, order=order, **service.named())


async def revoke(service: setting.Setting, actor: actors.Actor, delegation_id: str) -> None:
    await delegations_.revoke(service.context, actor, project_id=service.project_id, delegation_id=delegation_id)


def test_what_is_lent_counts_at_once_and_so_does_its_end() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        with pytest.raises(rights.Refused):
            await size(service, actors.OPERATOR, "a")
        made = await lend(service)
        await size(service, actors.OPERATOR, "a")
        await revoke(service, service.customer, made.id)
        with pytest.raises(rights.Refused):
            await size(service, actors.OPERATOR, "b")
        async with service.context.records.read() as work:
            told = [each for each in await work.notices.all() if each.type.startswith("delegation:")]
        assert [(each.type, each.party) for each in told] == [
            ("delegation:lent-to-provider", "provider"),
            ("delegation:taken-from-provider", "provider"),
        ]
        await lend(service)
        service.clock.moment += DAY
        with pytest.raises(rights.Refused):
            await size(service, actors.OPERATOR, "b")

    setting.run(story())


def test_it_is_lent_for_one_cluster_and_some_operations_where_that_is_said() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        first = service.cluster_id
        await lend(service, cluster_id=first, operations=["nodepool.create"])
        await size(service, actors.OPERATOR, "a")
        (pool,) = await service.pools()
        with pytest.raises(rights.Refused):
            await nodepools.delete(service.context, actors.OPERATOR, pool_id=pool.id, **service.named())
        await service.ready()
        with pytest.raises(rights.Refused):
            await size(service, actors.OPERATOR, "a")

    setting.run(story())


def test_nobody_lends_what_is_not_its_own() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order()
        admin = dataclasses.replace(service.customer, role=people.Role.ADMIN)
        for actor, activity in ((actors.OPERATOR, SIZING), (service.customer, "2.1-1"), (admin, SIZING)):
            with pytest.raises(rights.Refused):
                await lend(service, activity, actor)
        with pytest.raises(rights.Refused):  # R without A
            await lend(service, "1.1-4", actors.OPERATOR)
        with pytest.raises(errors.NotFound):
            await lend(service, actor=service.stranger)
        assert (await lend(service, "3.1.7-2", actors.OPERATOR)).to_party == errors.CUSTOMER

    setting.run(story())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"activity": "9.9-9"}, "no activity of version 1"),
        ({"activity": ""}, "no activity of version 1"),
        ({"activity": "3.1.2-3"}, "never lent"),
        ({"activity": "1.1-4"}, "already"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"expires_at": setting.NOW}, "past"),
        ({"expires_at": setting.NOW + timedelta(days=366)}, "365 days"),
        ({"expires_at": datetime(2030, 1, 2)}, "time zone"),
        ({"operations": ["cluster.delete"]}, "no operation of 3.1.3-3"),
    ],
)
def test_what_cannot_be_lent_is_said(fields: dict[str, Any], said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.Refusal, match=said):
            await lend(service, **fields)
        assert await all_of(service, service.customer) == []

    setting.run(story())


def test_a_cluster_that_is_not_there_is_lent_to_nobody() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.NotFound):
            await lend(service, cluster_id="11111111-2222-4333-8444-555555555555")

    setting.run(story())


def test_there_is_a_most_of_them() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        for _ in range(delegations.MOST_AT_ONCE):
            await lend(service)
        with pytest.raises(errors.QuotaExceeded, match="revoke one first"):
            await lend(service)
        (last, *_) = await all_of(service, service.customer)
        await revoke(service, service.customer, last.id)
        await lend(service)

    setting.run(story())


def test_only_who_lent_it_takes_it_back() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        made = await lend(service)
        with pytest.raises(rights.Refused):
            await revoke(service, actors.OPERATOR, made.id)
        for actor, wanted in ((service.stranger, made.id), (service.customer, "nothing"), (service.customer, "")):
            with pytest.raises(errors.NotFound):
                await revoke(service, actor, wanted)
        await revoke(service, service.customer, made.id)
        await revoke(service, service.customer, made.id)
        assert await all_of(service, service.customer) == []
        (gone,) = await all_of(service, service.customer, ended=True)
        assert gone.revoked_by == "ab1-local"

    setting.run(story())


def test_it_stands_in_the_ledger_without_names() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        made = await lend(service)
        await revoke(service, service.customer, made.id)
        ledger = service.records.kept["ledger"][f"project-{service.project_id}"]
        entries = [each for each in ledger if each.kind == "delegation"]
        assert [each.facts["type"] for each in entries] == [
            "delegation:lent-to-provider",
            "delegation:taken-from-provider",
        ]
        assert all(each.activity == SIZING and each.subject == f"delegation:{made.id}" for each in entries)
        assert all(each.personal["reason"] == "the night of the move" for each in entries)
        assert "night" not in str([each.facts for each in entries])

    setting.run(story())


def test_standing_ones_are_listed_and_end_by_their_setting() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready(orders.PoolOrder(flavor="d2-4", autoscale=True, minimum=1, maximum=3))
        (policy, scale) = await all_of(service, actors.OPERATOR)
        assert (policy.id, policy.activity) == (f"standing:update-policy:{service.cluster_id}", "3.1.6-6")
        assert (scale.bounds, scale.activity) == ((1, 3), SIZING)
        with pytest.raises(errors.Conflict, match="NEVER_UPDATE"):
            await revoke(service, service.customer, policy.id)
        named = service.named()
        await clusters_.edit(service.context, service.customer, update_policy="NEVER_UPDATE", **named)
        (pool,) = await service.pools()
        off = orders.PoolChange(autoscale=False)
        await nodepools.edit(service.context, service.customer, pool_id=pool.id, change=off, **named)
        assert await all_of(service, actors.OPERATOR) == []

    setting.run(story())


async def all_of(service: setting.Setting, actor: actors.Actor, *, ended: bool = False) -> list[delegations.Delegation]:
    return await delegations_.all_of_project(service.context, actor, project_id=service.project_id, ended=ended)
