"""Acceptance of the contract: explicit, by ordering, per cluster; orders take what was accepted."""

import copy
import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from steward.catalogue import loading
from steward.domain import actors, clusters, contracts, errors, people, projects
from steward.operations import capabilities, delegations, nodepools, orders, rights, terms
from steward.operations import clusters as clusters_
from steward.operations import contracts as contracts_
from steward.responsibility import matrix
from tests.unit.operations import setting


@pytest.fixture(autouse=True)
def as_released() -> Iterator[None]:
    yield
    matrix.publish({})


def publish(version: str = "2", **changes: str) -> None:
    """An edition that says something else of 3.1.3-3."""
    document = copy.deepcopy(loading.responsibility())
    row = next(each for each in document["activities"] if each["id"] == "3.1.3-3")
    document["version"] = version
    row.update(changes or {"activity": "Size it"})
    matrix.publish({"next.yaml": document})


async def accept(service: setting.Setting, version: str, **fields: Any) -> contracts.Acceptance:
    actor = fields.pop("actor", service.customer)
    digest = fields.pop("digest", None)
    digest = matrix.load(version).digest if digest is None else digest
    return await contracts_.accept(
        service.context, actor, project_id=service.project_id, version=version, digest=digest, **fields
    )


async def accept_for_cluster(service: setting.Setting, version: str) -> None:
    await contracts_.accept_for_cluster(
        service.context, service.customer, version=version, digest=matrix.load(version).digest, **service.named()
    )


async def accepted(service: setting.Setting) -> contracts.Acceptance | None:
    async with service.records.read() as work:
        return await terms.accepted(work, projects.ProjectId(service.project_id))


async def pinned(service: setting.Setting) -> str:
    async with service.records.read() as work:
        found = await work.clusters.get(clusters.ClusterId(service.cluster_id))
    assert found is not None
    return found.contract


def test_the_first_order_accepts_the_newest_and_says_so() -> None:
    async def story() -> None:
        publish()
        service = await setting.Setting().with_project()
        assert await accepted(service) is None
        cluster = await service.order()
        found = await accepted(service)
        assert found is not None
        assert (found.version, found.by_ordering, found.accepted_by) == ("2", True, "ab1-local")
        assert dict(found.defaults) == {
            "version": "1.37",
            "updatePolicy": "ALWAYS_UPDATE",
            "autoscale": "false",
            "network": "public",
        }
        assert cluster.contract == "2"
        ledger = service.records.kept["ledger"][f"project-{service.project_id}"]
        (entry,) = [each for each in ledger if each.kind == "acceptance"]
        assert entry.facts["byOrdering"] == "yes"
        assert entry.facts["digest"] == matrix.load("2").digest
        assert "ab1-local" not in str(entry.facts)
        await service.order()
        assert await accepted(service) == found

    setting.run(story())


def test_an_order_that_fails_accepts_nothing() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.BadInput):
            await service.order(version="1.2")
        assert await accepted(service) is None

    setting.run(story())


def test_what_was_accepted_is_what_an_order_takes() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        made = await accept(service, "1")
        assert not made.by_ordering
        older = dataclasses.replace(made, defaults=(("version", "1.36"), ("updatePolicy", "NEVER_UPDATE")))
        async with service.records.begin() as work:
            await work.acceptances.put(older)
        cluster = await service.order()
        assert cluster.version.series == "1.36"
        assert cluster.update_policy is clusters.UpdatePolicy.NEVER_UPDATE
        named = await service.order(version="1.37", update_policy="MINIMAL_DOWNTIME")
        assert (named.version.series, named.update_policy.value) == ("1.37", "MINIMAL_DOWNTIME")

    setting.run(story())


def test_a_default_that_is_offered_no_longer_is_accepted_anew() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        made = await accept(service, "1")
        async with service.records.begin() as work:
            await work.acceptances.put(dataclasses.replace(made, defaults=(("version", "1.20"),)))
        cluster = await service.order()
        assert cluster.version.series == capabilities.default_series()
        async with service.records.read() as work:
            found = await work.acceptances.of(service.project_id)
        assert [each.by_ordering for each in found] == [False, True]

    setting.run(story())


def test_a_new_version_is_offered_and_counts_when_it_is_accepted() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order()
        publish()
        view = await contracts_.show(service.context, service.customer, project_id=service.project_id)
        assert view.offered is not None
        assert view.offered.version == "2"
        assert (await service.order()).contract == "1"
        await accept(service, "2")
        view = await contracts_.show(service.context, service.customer, project_id=service.project_id)
        assert view.offered is None
        assert [each.contract for each in view.clusters] == ["1", "1"]
        assert (await service.order()).contract == "2"

    setting.run(story())


def test_a_cluster_that_stands_changes_its_version_alone() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        publish(customer="I", provider="RA")
        await sizing_is("customer", service)
        await accept_for_cluster(service, "2")
        assert await pinned(service) == "2"
        await sizing_is("provider", service)
        found = await accepted(service)
        assert found is not None
        assert found.version == "1"
        assert (await service.order()).contract == "1"

    setting.run(story())


async def sizing_is(party: str, service: setting.Setting) -> None:
    """Whose the sizing of this cluster is, by the version that it is pinned to."""
    order = orders.PoolOrder(flavor="d2-4", name=f"pool-of-{party}")
    both = {errors.CUSTOMER: service.customer, errors.PROVIDER: actors.OPERATOR}
    other = both.pop(errors.PROVIDER if party == errors.CUSTOMER else errors.CUSTOMER)
    with pytest.raises(rights.Refused):
        await nodepools.create(service.context, other, order=order, **service.named())
    await nodepools.create(service.context, both[party], order=order, **service.named())


def test_the_text_that_was_read_is_the_one_that_is_accepted() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.Conflict, match="read it again"):
            await accept(service, "1", digest="0" * 64)
        with pytest.raises(errors.NotFound, match="there are 1"):
            await accept(service, "7", digest="")
        publish()
        await accept(service, "2")
        with pytest.raises(errors.Conflict, match="newer"):
            await accept(service, "1")

    setting.run(story())


def test_accepting_twice_is_accepting_once() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        assert await accept(service, "1") == await accept(service, "1")
        await service.order()
        found = await accepted(service)
        assert found is not None
        assert not found.by_ordering

    setting.run(story())


def test_only_an_owner_accepts() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        admin = dataclasses.replace(service.customer, role=people.Role.ADMIN)
        for actor in (admin, actors.OPERATOR):
            with pytest.raises(rights.Refused):
                await accept(service, "1", actor=actor)
        with pytest.raises(errors.NotFound):
            await accept(service, "1", actor=service.stranger)

    setting.run(story())


def test_the_provider_orders_nothing_before_the_customer_accepted() -> None:
    """Not even with R of the order lent to it."""

    async def story() -> None:
        service = await setting.Setting().with_project()
        await lend(service, "1.1-1")
        order = orders.ClusterOrder(region="LOCAL1")
        with pytest.raises(errors.Conflict, match="steward contract accept"):
            await clusters_.create(service.context, actors.OPERATOR, project_id=service.project_id, order=order)
        await accept(service, "1")
        view = await clusters_.create(service.context, actors.OPERATOR, project_id=service.project_id, order=order)
        assert view.cluster.contract == "1"

    setting.run(story())


async def lend(service: setting.Setting, activity: str) -> None:
    wish = delegations.Wish(activity=activity, reason="a test", expires_at=setting.NOW + timedelta(days=1))
    await delegations.grant(service.context, service.customer, project_id=service.project_id, wish=wish)


def test_the_start_is_refused_when_an_accepted_text_changed_or_went() -> None:
    async def story() -> None:
        publish()
        service = await setting.Setting().with_project()
        await service.order()
        await check(service)
        publish(activity="Size it otherwise")
        with pytest.raises(errors.Unavailable, match="is not what was accepted"):
            await check(service)
        matrix.publish({})
        with pytest.raises(errors.Unavailable, match="is missing"):
            await check(service)

    setting.run(story())


def test_a_pin_alone_keeps_its_version_from_going() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order()
        publish()
        await accept_for_cluster(service, "2")
        matrix.publish({})
        with pytest.raises(errors.Unavailable, match="Version 2 of the contract was accepted and is missing"):
            await check(service)

    setting.run(story())


async def check(service: setting.Setting) -> None:
    async with service.records.read() as work:
        await contracts_.check_kept(work)
