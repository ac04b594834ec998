"""Quotas of a project: what counts, what is refused in which words, and how a customer gets more."""

from collections.abc import Mapping
from typing import Any

import pytest

from steward.domain import actors, errors, quotas
from steward.domain.quotas import Resource
from steward.operations import nodepools, orders, rights
from steward.operations import quotas as quotas_
from tests.unit.operations import setting
from tests.unit.operations.setting import Setting

UNKNOWN = "11111111-2222-4333-8444-555555555555"
SMALL = {Resource.INSTANCES: 10, Resource.VCPUS: 16, Resource.RAM: 40, Resource.CLUSTERS: 2}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that gives little."""
    monkeypatch.setattr(quotas_, "defaults", lambda: dict(SMALL))


def pool(**fields: Any) -> orders.PoolOrder:
    return orders.PoolOrder(**{"flavor": "d2-2", "desired": 1, **fields})


async def asked(service: Setting, reason: str = "Sales", **wanted: int) -> quotas.Request:
    wish = quotas_.Wish(wanted=wanted, reason=reason)
    return await quotas_.request(service.context, service.customer, project_id=service.project_id, wish=wish)


async def used(service: Setting) -> Mapping[Resource, int]:
    return (await quotas_.get(service.context, service.customer, project_id=service.project_id)).used


def test_what_is_used_is_what_was_ordered_over_all_clusters() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        assert set((await used(service)).values()) == {0}
        await service.order(pool(desired=3), pool(flavor="b2-7", desired=2))
        await service.order(pool(desired=1), plan="standard")
        assert await used(service) == {
            Resource.INSTANCES: 6,
            Resource.VCPUS: 8,
            Resource.RAM: 22,
            Resource.CLUSTERS: 1,
        }

    setting.run(story())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("order", "name", "said"),
    [
        (pool(desired=11), "InsufficientInstancesQuotaError", "current instances quota is insufficient: 0 of 10"),
        (pool(flavor="d2-4", desired=9), "InsufficientVCPUsQuotaError", "current vCPUs quota is insufficient: 0 of 16"),
        (pool(flavor="b2-7", desired=6), "InsufficientRAMQuotaError", "current RAM quota is insufficient: 0 of 40"),
    ],
)
def test_an_order_beyond_is_refused_in_ovhclouds_words(order: orders.PoolOrder, name: str, said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.QuotaExceeded, match=said) as caught:
            await service.order(order)
        assert (caught.value.status, caught.value.name) == (412, name)
        assert service.woken == []
        await service.order()
        with pytest.raises(errors.QuotaExceeded, match=said):
            await service.ready(order)

    setting.run(story())


@pytest.mark.usefixtures("small")
def test_pools_of_other_clusters_count_and_growing_counts_only_what_is_more() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready(pool(desired=4))
        await service.ready(pool(desired=4))
        (grown,) = await service.pools()

        async def resize(size: int) -> None:
            change = orders.PoolChange(desired=size)
            await nodepools.edit(service.context, service.customer, **service.named(), pool_id=grown.id, change=change)

        await resize(6)
        with pytest.raises(errors.QuotaExceeded, match="10 of 10 are used, 1 more are asked for"):
            await resize(7)
        await resize(3)
        await nodepools.create(service.context, service.customer, **service.named(), order=pool(desired=3))
        with pytest.raises(errors.QuotaExceeded):
            await nodepools.create(service.context, service.customer, **service.named(), order=pool(desired=1))
        with pytest.raises(errors.QuotaExceeded, match="current clusters quota is insufficient: 2 of 2"):
            await service.order()

    setting.run(story())


@pytest.mark.usefixtures("small")
def test_another_projects_use_is_no_matter() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order(pool(desired=10))
        await service.with_project()
        await service.order(pool(desired=10))

    setting.run(story())


@pytest.mark.usefixtures("small")
def test_what_was_granted_counts_from_the_next_order_on() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        request = await asked(service, instances=12, vcpus=20)
        assert request.status is quotas.Status.OPEN
        with pytest.raises(errors.QuotaExceeded):
            await service.order(pool(desired=12))
        named = {"project_id": service.project_id, "request_id": request.id}
        told = await quotas_.grant(service.context, actors.OPERATOR, **named, said="Welcome")
        assert (told.status, told.decision, told.decided_by) == (quotas.Status.GRANTED, "Welcome", "operator")
        await service.order(pool(desired=12))
        view = await quotas_.get(service.context, service.customer, project_id=service.project_id)
        assert dict(view.limits) == {**SMALL, Resource.INSTANCES: 12, Resource.VCPUS: 20}
        second = await asked(service, ram=100)
        await quotas_.grant(service.context, actors.OPERATOR, project_id=service.project_id, request_id=second.id)
        view = await quotas_.get(service.context, service.customer, project_id=service.project_id)
        assert dict(view.limits) == {**SMALL, Resource.INSTANCES: 12, Resource.VCPUS: 20, Resource.RAM: 100}

    setting.run(story())


def test_each_party_has_its_part() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        wish = quotas_.Wish(wanted={"instances": 900}, reason="Sales")
        with pytest.raises(rights.Refused):
            await quotas_.request(service.context, actors.OPERATOR, project_id=service.project_id, wish=wish)
        request = await asked(service, instances=900)
        named = {"project_id": service.project_id, "request_id": request.id}
        with pytest.raises(rights.Refused):
            await quotas_.grant(service.context, service.customer, **named)
        with pytest.raises(rights.Refused):
            await quotas_.refuse(service.context, service.customer, **named, said="No")
        with pytest.raises(rights.Refused):
            await quotas_.withdraw(service.context, actors.OPERATOR, **named)
        assert [each.id for each in await quotas_.open_requests(service.context, actors.OPERATOR)] == [request.id]
        with pytest.raises(errors.NotFound):
            await quotas_.open_requests(service.context, service.customer)

    setting.run(story())


def test_one_request_at_a_time_and_one_answer_to_it() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        first = await asked(service, instances=900)
        with pytest.raises(errors.Conflict, match="open already"):
            await asked(service, vcpus=9000)
        named = {"project_id": service.project_id, "request_id": first.id}
        await quotas_.withdraw(service.context, service.customer, **named)
        with pytest.raises(errors.Conflict, match="withdrawn already"):
            await quotas_.grant(service.context, actors.OPERATOR, **named)
        second = await asked(service, vcpus=9000)
        named = {"project_id": service.project_id, "request_id": second.id}
        with pytest.raises(errors.BadInput, match="reason"):
            await quotas_.refuse(service.context, actors.OPERATOR, **named, said=" ")
        await quotas_.refuse(service.context, actors.OPERATOR, **named, said="The host is full")
        found = await quotas_.requests(service.context, service.customer, project_id=service.project_id)
        assert [each.status.value for each in found] == ["withdrawn", "refused"]
        view = await quotas_.get(service.context, service.customer, project_id=service.project_id)
        assert view.limits == view.defaults

    setting.run(story())


@pytest.mark.parametrize(
    ("wanted", "reason", "said"),
    [
        ({}, "Sales", "names nothing"),
        ({"gpus": 3}, "Sales", "is not one of clusters, instances, vcpus, ram"),
        ({"instances": 500}, "Sales", "500 is not more than the quota of 500"),
        ({"instances": -1}, "Sales", "is not more than"),
        ({"instances": 10**9}, "Sales", "which nobody is given"),
        ({"instances": 501}, "  ", "says why"),
        ({"instances": 501}, "x" * 2001, "at most 2000"),
    ],
)
def test_wrong_wishes(wanted: dict[str, int], reason: str, said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.BadInput, match=said):
            await asked(service, reason, **wanted)

    setting.run(story())


def test_who_is_not_concerned_finds_nothing() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        request = await asked(service, instances=900)
        named = {"project_id": service.project_id, "request_id": request.id}
        for ask in (quotas_.get_request(service.context, service.stranger, **named),
                    quotas_.withdraw(service.context, service.stranger, **named),
                    quotas_.get(service.context, service.stranger, project_id=service.project_id)):  # fmt: skip
            with pytest.raises(errors.NotFound, match="This service does not exist"):
                await ask
        with pytest.raises(errors.NotFound, match="This request does not exist"):
            await quotas_.get_request(
                service.context, service.customer, project_id=service.project_id, request_id=UNKNOWN
            )

    setting.run(story())


@pytest.mark.parametrize("status", [quotas.Status.GRANTED, quotas.Status.REFUSED])
def test_both_are_told_and_it_stands_in_the_ledger(status: quotas.Status) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        request = await asked(service, instances=900)
        named = {"project_id": service.project_id, "request_id": request.id}
        if status is quotas.Status.GRANTED:
            await quotas_.grant(service.context, actors.OPERATOR, **named)
        else:
            await quotas_.refuse(service.context, actors.OPERATOR, **named, said="No")
        async with service.records.read() as work:
            told = {(each.type, each.party, each.activity) for each in await work.notices.all()}
        assert ("quota:requested", "provider", "3.2.2-3") in told
        assert (f"quota:{status.value}", "customer", "3.2.2-4") in told

    setting.run(story())
