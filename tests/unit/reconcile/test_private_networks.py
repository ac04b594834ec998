"""Lives of private networks and of clusters on them, in the simulated world."""

from collections.abc import Callable
from typing import Any

import pytest

from steward.domain import clusters, errors, nodes, private_networks
from steward.operations import clusters as clusters_
from steward.operations import gateways, orders
from tests.unit.reconcile.backbones import GATEWAY, Backbone
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]


def addresses(members: Any) -> list[str]:
    return [str(each.private_address) for each in members]


def test_a_network_is_built_and_taken_away(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        assert backbone.network.status is private_networks.Status.BUILDING
        await site.clock.until(backbone.stands, within=10, what="the network")
        gateway_id = await backbone.with_gateway()
        assert site.world.segments == {0: {0}}
        await gateways.delete(site.context, CUSTOMER, **backbone.named, region="LOCAL1", gateway_id=gateway_id)
        await site.clock.until(lambda: site.world.segments == {0: set()}, within=10, what="the end of the gateway")
        await backbone.delete()
        await site.clock.until(backbone.is_gone, within=10, what="the end of the network")
        assert site.world.segments == {}
        await site.settled()
        async with site.records.read() as work:
            assert await work.subnets.all() == []
            assert await work.gateways.all() == []

    play(story)


def test_nodes_have_addresses_of_the_subnet_for_as_long_as_they_stand(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        one = await site.standing(2, private_network_id=backbone.openstack_id)
        two = await site.standing(1, private_network_id=backbone.openstack_id)
        assert addresses(await site.nodes(one)) == ["192.168.40.10", "192.168.40.11"]
        assert addresses(await site.nodes(two)) == ["192.168.40.12"]
        seen = {node.address for node in site.world.places[one].data.nodes.values()}  # type: ignore[union-attr]
        assert seen == {"192.168.40.10", "192.168.40.11"}
        with pytest.raises(errors.Conflict, match="is in use by cluster"):
            await backbone.delete()
        # What is given back serves the next.
        await site.delete_node(one, (await site.nodes(one))[0].id)
        await site.settled()
        (pool,) = await site.pools(two)
        await site.resize(two, pool.id, 2)
        await site.settled()
        assert sorted(addresses(await site.nodes(two))) == ["192.168.40.10", "192.168.40.12"]
        for each in (one, two):
            await site.delete(each)
            await site.until_deleted(each)
        await site.settled()
        await backbone.delete()
        await site.clock.until(backbone.is_gone, within=10, what="the end of the network")
        assert site.world.segments == {}

    play(story)


@pytest.mark.parametrize("workers", ["reinstall", "delete"])
def test_a_cluster_comes_to_a_network_and_leaves_it_by_a_reset(play: Play, workers: str) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        cluster_id = await site.standing(2)
        assert addresses(await site.nodes(cluster_id)) == ["None", "None"]
        await site.reset(cluster_id, workers=workers, private_network_id=backbone.openstack_id)
        await site.settled(within=900)
        (pool,) = await site.pools(cluster_id)
        await site.resize(cluster_id, pool.id, 2)
        await site.settled()
        assert sorted(addresses(await site.nodes(cluster_id))) == ["192.168.40.10", "192.168.40.11"]
        seen = {node.address for node in site.world.places[cluster_id].data.nodes.values()}  # type: ignore[union-attr]
        assert seen == {"192.168.40.10", "192.168.40.11"}

        await site.reset(cluster_id, workers=workers)
        # Its nodes are on it until they are wiped.
        with pytest.raises(errors.Conflict, match="is in use by cluster"):
            await backbone.delete()
        await site.settled(within=900)
        await site.resize(cluster_id, pool.id, 2)
        await site.settled()
        assert addresses(await site.nodes(cluster_id)) == ["None", "None"]
        boxes = site.world.places[cluster_id].boxes.values()
        assert {each.private_address for each in boxes} == {""}
        await backbone.delete()
        await site.clock.until(backbone.is_gone, within=10, what="the end of the network")

    play(story)


def test_the_routing_changes_and_is_ready_when_the_nodes_have_it(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        cluster_id = await site.standing(2, private_network_id=backbone.openstack_id)
        before = {each.id: each.updated_at for each in await site.nodes(cluster_id)}
        assert await backbone.routes(cluster_id) == {""}
        await backbone.with_gateway()
        await backbone.configure(cluster_id, privateNetworkRoutingAsDefault=True)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        await site.settled(within=20)
        assert await backbone.routes(cluster_id) == {str(GATEWAY)}
        assert set(before) == {each.id for each in await site.nodes(cluster_id)}
        await backbone.configure(cluster_id)
        await site.settled(within=20)
        assert await backbone.routes(cluster_id) == {""}
        assert "cluster:not-ready" not in await site.events(cluster_id)
        assert (await site.events(cluster_id)).count("cluster:private-network-changed") == 2

    play(story)


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.011, 0.017, 0.023, 0.04])
def test_a_pass_that_began_before_the_change_says_nothing_of_it(play: Play, after: float) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        cluster_id = await site.standing(2, private_network_id=backbone.openstack_id)
        await backbone.with_gateway()
        site.steward.wake(f"cluster:{cluster_id}")
        await site.clock.sleep(after)
        await backbone.configure(cluster_id, privateNetworkRoutingAsDefault=True)

        async def ready() -> bool:
            return await site.word(cluster_id) is clusters.Status.READY

        await site.clock.until(ready, within=30, every=0.001, what="READY")
        assert await backbone.routes(cluster_id) == {str(GATEWAY)}

    play(story)


def test_a_kill_in_the_middle_of_a_change_is_no_matter(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        cluster_id = await site.standing(2, private_network_id=backbone.openstack_id)
        await backbone.with_gateway()
        await backbone.configure(cluster_id, privateNetworkRoutingAsDefault=True)
        await site.restart()
        await site.settled()
        assert await backbone.routes(cluster_id) == {str(GATEWAY)}

    play(story)


def test_after_a_reboot_networks_and_legs_stand_again(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        await backbone.with_gateway()
        cluster_id = await site.standing(1, private_network_id=backbone.openstack_id)
        await site.kill()
        site.faults.lose_host()
        assert site.world.segments == {}
        await site.begin()
        await site.settled()
        await site.clock.until(lambda: site.world.segments == {0: {0}}, within=60, what="the segment and its router")
        assert addresses(await site.nodes(cluster_id)) == ["192.168.40.10"]

    play(story)


def test_a_lost_segment_is_made_again_and_joined(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        cluster_id = await site.standing(1, private_network_id=backbone.openstack_id)
        site.faults.lose_segment(0)
        (box,) = site.world.places[cluster_id].boxes.values()
        assert box.private_address == ""
        await site.clock.until(lambda: box.private_address == "192.168.40.10", within=120, what="the leg")
        assert site.world.segments == {0: set()}

    play(story)


def test_a_subnet_that_is_used_up_is_the_customers_turn(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make(last=10)
        cluster_id = await site.order(2, private_network_id=backbone.openstack_id)

        async def blocked() -> bool:
            words = {nodes.status(each) for each in await site.nodes(cluster_id)}
            return words == {nodes.Status.READY, nodes.Status.ERROR}

        await site.clock.until(blocked, within=60, what="one node, and one without an address")
        without = next(each for each in await site.nodes(cluster_id) if each.private_address is None)
        (said,) = [each for each in without.conditions if each.whose_turn]
        assert (said.whose_turn, said.activity) == (errors.CUSTOMER, "3.1.5-2")

    play(story)


def test_a_network_that_goes_takes_no_cluster(play: Play) -> None:
    async def story(site: Site) -> None:
        backbone = await Backbone(site).make()
        await site.kill()
        await backbone.delete()
        order = orders.ClusterOrder(region="LOCAL1", private_network_id=backbone.openstack_id)
        with pytest.raises(errors.Conflict, match="is being deleted"):
            await clusters_.create(site.context, CUSTOMER, project_id=site.project_id, order=order)
        await site.begin()
        await site.clock.until(backbone.is_gone, within=60, what="the end of the network")

    play(story)
