"""Node pools, nodes and kubeconfigs of a cluster that stands."""

import dataclasses

import pytest

from steward.domain import clusters, conditions, errors, nodepools, nodes
from steward.operations import kubeconfigs, orders
from steward.operations import nodepools as nodepools_
from steward.operations import nodes as nodes_
from tests.unit.operations import setting


def pool(**fields: object) -> orders.PoolOrder:
    return orders.PoolOrder(**{"flavor": "d2-4", **fields})  # type: ignore[arg-type]  # as the edge fills it in


async def standing(*pools: orders.PoolOrder) -> setting.Setting:
    service = await setting.Setting().with_project()
    await service.ready(*(pools or (pool(name="web", desired=3),)))
    service.woken.clear()
    return service


async def edited(service: setting.Setting, **fields: object) -> nodepools_.View:
    change = orders.PoolChange(**fields)  # type: ignore[arg-type]  # as the edge fills it in
    pool_id = (await service.pools())[0].id
    return await nodepools_.edit(service.context, service.customer, pool_id=pool_id, change=change, **service.named())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"desired": 5}, "UPSCALING"),
        ({"desired": 1}, "DOWNSCALING"),
        ({"template": nodepools.Template(labels={"a": "b"})}, "UPDATING"),
        ({"maximum": 9, "autoscale": True}, "READY"),
        ({}, "READY"),
    ],
)
def test_the_busy_word_stands_before_the_answer(fields: dict[str, object], status: str) -> None:
    async def story() -> None:
        service = await standing()
        view = await edited(service, **fields)
        assert nodepools.status(view.pool) == status
        assert nodepools.status((await service.pools())[0]) == status
        assert service.woken == [f"nodepool:{view.pool.id}"]

    setting.run(story())


def test_the_size_may_change_while_it_changes() -> None:
    async def story() -> None:
        service = await standing()
        assert nodepools.status((await edited(service, desired=6)).pool) is nodepools.Status.UPSCALING
        view = await edited(service, desired=2)
        assert nodepools.status(view.pool) is nodepools.Status.DOWNSCALING
        assert view.pool.desired == 2

    setting.run(story())


@pytest.mark.parametrize("fields", [{"maximum": 2}, {"minimum": 4}, {"desired": 101}, {"desired": -1}])
def test_bounds_hold_after_every_change(fields: dict[str, object]) -> None:
    async def story() -> None:
        service = await standing()
        before = await service.pools()
        with pytest.raises(errors.BadInput):
            await edited(service, **fields)
        assert await service.pools() == before

    setting.run(story())


def test_autoscaling_changes_field_by_field() -> None:
    async def story() -> None:
        service = await standing()
        await edited(service, autoscaling=orders.AutoscalingOrder(scale_down_unneeded_seconds=60))
        view = await edited(service, autoscaling=orders.AutoscalingOrder(scale_down_utilization=0.25))
        found = view.pool.autoscaling
        assert (found.scale_down_unneeded_seconds, found.scale_down_utilization) == (60, 0.25)

    setting.run(story())


def test_nodes_are_called_by_any_of_their_names() -> None:
    async def story() -> None:
        service = await standing(pool(name="web", desired=4))
        first, second, third, fourth = await service.nodes()
        named = (first.id, second.name, third.instance_id, f"openstack:///{fourth.instance_id}", first.name)
        view = await edited(service, desired=3, remove_first=named)
        assert view.pool.remove_first == (first.id, second.id, third.id, fourth.id)

    setting.run(story())


def test_nodes_of_other_pools_are_refused() -> None:
    async def story() -> None:
        service = await standing(pool(name="web"), pool(name="batch"))
        edited_pool = (await service.pools())[0]
        other = next(each for each in await service.nodes() if each.nodepool_id != edited_pool.id)
        for wrong in (other.id, other.name, "nobody"):
            with pytest.raises(errors.BadInput, match="is not a node of node pool"):
                await edited(service, desired=0, remove_first=(wrong,))

    setting.run(story())


def test_names_given_before_are_kept_while_their_nodes_stand() -> None:
    async def story() -> None:
        service = await standing()
        first, second, _ = await service.nodes()
        await edited(service, desired=2, remove_first=(first.id,))
        view = await edited(service, desired=1, remove_first=(second.id,))
        assert view.pool.remove_first == (first.id, second.id)

    setting.run(story())


def test_a_broken_pool_is_busy_again_after_an_edit() -> None:
    async def story() -> None:
        service = await standing()
        (broken,) = await service.pools()
        stuck = conditions.Condition(
            kind=conditions.Kind.BLOCKED, holds=True, reason=conditions.Reason.STEP_FAILED, since=setting.NOW
        )
        async with service.records.begin() as work:
            await work.nodepools.save(dataclasses.replace(broken, conditions=(*broken.conditions, stuck)))
        assert nodepools.status((await service.pools())[0]) is nodepools.Status.ERROR
        assert nodepools.status((await edited(service, desired=4)).pool) is nodepools.Status.UPSCALING

    setting.run(story())


def test_pools_wait_for_their_cluster() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order(pool())
        with pytest.raises(errors.Conflict, match="is INSTALLING"):
            await edited(service, desired=2)
        with pytest.raises(errors.Conflict, match="is INSTALLING"):
            await nodepools_.create(service.context, service.customer, order=pool(), **service.named())
        with pytest.raises(errors.Conflict, match="is INSTALLING"):
            await kubeconfigs.admin(service.context, service.customer, **service.named())

    setting.run(story())


def test_a_new_pool_counts_its_nodes_from_the_order_on() -> None:
    async def story() -> None:
        service = await standing()
        view = await nodepools_.create(
            service.context, service.customer, order=pool(name="batch", desired=2), **service.named()
        )
        assert (view.current, view.available) == (2, 0)
        assert nodepools.size_status(view.pool, view.available) is nodepools.SizeStatus.UNDER_CAPACITY
        with pytest.raises(errors.Conflict, match="exists already"):
            await nodepools_.create(service.context, service.customer, order=pool(name="web"), **service.named())

    setting.run(story())


def test_a_pool_on_its_way_out_cannot_be_edited() -> None:
    async def story() -> None:
        service = await standing()
        pool_id = (await service.pools())[0].id
        for _ in range(2):
            await nodepools_.delete(service.context, service.customer, pool_id=pool_id, **service.named())
        assert nodepools.status((await service.pools())[0]) is nodepools.Status.DELETING
        with pytest.raises(errors.Conflict, match="is being deleted"):
            await edited(service, desired=1)

    setting.run(story())


def test_a_deleted_node_takes_its_place_with_it() -> None:
    async def story() -> None:
        service = await standing()
        leaving = (await service.nodes())[1]
        for _ in range(2):
            await nodes_.delete(service.context, service.customer, node_id=leaving.id, **service.named())
        view = await nodes_.get(service.context, service.customer, node_id=leaving.id, **service.named())
        assert nodes.status(view.members[0]) is nodes.Status.DELETING
        (smaller,) = await service.pools()
        assert (smaller.desired, nodepools.status(smaller)) == (2, nodepools.Status.DOWNSCALING)
        assert nodepools.to_remove(smaller, await service.nodes()) == [view.members[0]]

    setting.run(story())


def test_a_node_below_the_minimum_stays() -> None:
    async def story() -> None:
        service = await standing(pool(name="web", desired=1, minimum=1))
        (node,) = await service.nodes()
        with pytest.raises(errors.BadInput, match="minNodes"):
            await nodes_.delete(service.context, service.customer, node_id=node.id, **service.named())

    setting.run(story())


def test_the_kubeconfig_is_handed_out_once_it_exists() -> None:
    async def story() -> None:
        service = await standing()
        with pytest.raises(errors.Conflict, match="not ready yet"):
            await kubeconfigs.admin(service.context, service.customer, **service.named())
        cluster_id = clusters.ClusterId(service.cluster_id)
        async with service.records.begin() as work:
            await work.secrets.put(cluster_id, kubeconfigs.SECRET, b"kind: Config\n")
        assert await kubeconfigs.admin(service.context, service.customer, **service.named()) == "kind: Config\n"
        async with service.records.read() as work:
            last = (await work.events.of_cluster(cluster_id))[-1]
        assert (last.type, last.activity) == ("cluster:kubeconfig-handed-out", "3.1.2-3")
        assert "Config" not in repr(last)

    setting.run(story())


def test_history_shows_the_deleted_ones() -> None:
    async def story() -> None:
        service = await standing()
        gone = (await service.nodes())[0]
        async with service.records.begin() as work:
            await work.nodes.save(dataclasses.replace(gone, deleted_at=setting.NOW))
        view = await nodes_.all_of_cluster(service.context, service.customer, history=True, **service.named())
        assert [each.id for each in view.members] == [gone.id]
        assert nodes.status(view.members[0]) is nodes.Status.DELETED
        here = await nodes_.all_of_pool(service.context, service.customer, pool_id=gone.nodepool_id, **service.named())
        assert len(here.members) == 2

    setting.run(story())
