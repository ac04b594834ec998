"""Updates, new keys and resets, from the order to the end: what a customer sees, what is kept, what is gone."""

import base64
from collections.abc import Callable

import pytest
import yaml

from steward.domain import clusters, conditions, errors, nodepools, nodes, versions
from steward.domain.clusters import ProxyMode, Status, UpdatePolicy
from steward.operations import clusters as clusters_
from steward.operations import orders
from steward.ports import guests, machines
from steward.ports.control_planes import Part
from steward.reconcile import credentials
from steward.runtimes.simulated import state
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]
OLD, NEXT = versions.Version(1, 36, 3), versions.Version(1, 37, 2)


def data_of(site: Site, cluster_id: str) -> state.Data:
    data = site.world.places[cluster_id].data
    assert data is not None
    return data


async def files(site: Site, cluster_id: str) -> dict[str, str]:
    async with site.records.read() as work:
        return await credentials.load(work, cluster_id)


async def view(site: Site, cluster_id: str) -> clusters_.View:
    return await clusters_.get(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id)


def test_an_update_takes_the_control_plane_and_then_the_nodes(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2, version="1.36")
        seen = await view(site, cluster_id)
        assert (seen.version, seen.next_series) == (OLD, ["1.37"])
        await site.update(cluster_id, "NEXT_MINOR")
        assert await site.word(cluster_id) is Status.UPDATING
        kubelets: list[tuple[str, list[str]]] = []
        while await site.differences():
            assert await site.word(cluster_id) is Status.UPDATING
            place = site.world.look(cluster_id)
            assert place is not None
            now = (place.parts[Part.API_SERVER].version, sorted(each.version for each in place.boxes.values()))
            if not kubelets or kubelets[-1] != now:
                kubelets.append(now)
            await site.clock.sleep(0.1)
        old, new = str(OLD), str(NEXT)
        assert kubelets[:3] == [(old, [old, old]), (new, [old, old]), (new, [old, new])]
        seen = await view(site, cluster_id)
        assert (seen.version, seen.next_series, seen.is_up_to_date) == (NEXT, [], True)
        happened = await site.events(cluster_id)
        assert "cluster:not-ready" not in happened
        assert happened.count("cluster:update-asked") == 1

    play(story)


def test_the_api_serves_all_through_an_update(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1, version="1.36")
        await site.update(cluster_id, "NEXT_MINOR")
        while await site.word(cluster_id) is not Status.READY:
            assert site.faults.serves(cluster_id)
            await site.clock.sleep(0.1)

    play(story)


def test_nothing_is_touched_before_the_programs_are_there(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1, version="1.36")
        site.faults.withhold(NEXT, "its modules are not to be had")
        await site.update(cluster_id, "NEXT_MINOR")
        await site.clock.sleep(30)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        blocked = conditions.find(cluster.conditions, conditions.Kind.BLOCKED)
        assert blocked is not None
        assert "its modules are not to be had" in blocked.message
        assert site.world.places[cluster_id].parts[Part.API_SERVER].version == str(OLD)
        site.world.missing.clear()
        await site.settled()

    play(story)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [("LATEST_PATCH", "no later patch of 1.37"), ("NEXT_MINOR", "no later minor version"), ("SIDEWAYS", "strategy")],
)
def test_where_nothing_is_newer_nothing_is_updated(play: Play, strategy: str, told: str) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        with pytest.raises((errors.Conflict, errors.BadInput), match=told):
            await site.update(cluster_id, strategy)
        assert await site.word(cluster_id) is Status.READY

    play(story)


def test_a_policy_that_forbids_updates_counts_also_for_those_that_are_asked_for(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0, version="1.36")
        named = {"project_id": site.project_id, "cluster_id": cluster_id}
        await clusters_.edit(site.context, CUSTOMER, **named, update_policy="NEVER_UPDATE")
        told = f"Update aborted for service {cluster_id} because of policy NEVER_UPDATE"
        with pytest.raises(errors.Conflict, match=told):
            await site.update(cluster_id, "NEXT_MINOR")

    play(story)


def test_one_order_at_a_time(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1, version="1.36")
        await site.update(cluster_id, "NEXT_MINOR")
        for again in (site.update(cluster_id), site.reset_kubeconfig(cluster_id), site.reset(cluster_id)):
            with pytest.raises(errors.Conflict, match="is UPDATING"):
                await again

    play(story)


def test_nodes_that_come_during_an_update_end_up_with_the_new_version(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1, version="1.36")
        pool = (await site.pools(cluster_id))[0]
        await site.update(cluster_id, "NEXT_MINOR")
        await site.resize(cluster_id, pool.id, 3)
        await site.order_pool(cluster_id, "another", 1)
        await site.settled()

    play(story)


def test_new_keys_leave_nothing_of_the_old_ones(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        before, config = await files(site, cluster_id), await site.kubeconfig(cluster_id)
        data_of(site, cluster_id).manifests["v1/ConfigMap/default/theirs"] = {"data": {"a": "b"}}
        await site.reset_kubeconfig(cluster_id)
        assert await site.word(cluster_id) is Status.REDEPLOYING
        with pytest.raises(errors.Conflict):
            await site.kubeconfig(cluster_id)
        await site.settled()
        after = await files(site, cluster_id)
        kept = {name for name, text in before.items() if after[name] == text and name.endswith((".crt", ".yaml"))}
        assert kept == {"encryption.yaml"}
        assert after["service-account.pub"] == before["service-account.pub"]
        data = data_of(site, cluster_id)
        assert data.authority == guests.digest(after["ca.crt"])
        assert "v1/ConfigMap/default/theirs" in data.manifests
        fresh = await site.kubeconfig(cluster_id)
        assert fresh != config
        (trusted,) = yaml.safe_load(fresh)["clusters"]
        assert base64.b64decode(trusted["cluster"]["certificate-authority-data"]).decode() == after["ca.crt"]
        async with site.records.read() as work:
            known = {each.user for each in await work.issuances.of(cluster_id)}
            issued = credentials.issued(after)
            assert {holder.user for _, holder in issued} <= known

    play(story)


@pytest.mark.parametrize("workers", ["delete", "reinstall"])
def test_a_reset_leaves_the_place_and_nothing_that_was_in_it(play: Play, workers: str) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        before, members = await files(site, cluster_id), [each.id for each in await site.nodes(cluster_id)]
        data_of(site, cluster_id).manifests["v1/ConfigMap/default/theirs"] = {"data": {"a": "b"}}
        await site.reset(
            cluster_id,
            name="again",
            version="1.36",
            update_policy="NEVER_UPDATE",
            proxy_mode="ipvs",
            customization={"kubeProxy": {"ipvs": {"syncPeriod": "PT40S"}}},
            workers=workers,
        )
        words = set()
        while await site.differences():
            words.add(await site.word(cluster_id))
            await site.clock.sleep(0.1)
        assert words == {Status.RESETTING}
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        found = (cluster.name, cluster.version, cluster.update_policy, cluster.proxy_mode)
        assert found == ("again", OLD, UpdatePolicy.NEVER_UPDATE, ProxyMode.IPVS)
        assert "v1/ConfigMap/default/theirs" not in data_of(site, cluster_id).manifests
        after = await files(site, cluster_id)
        assert not set(before.values()) & set(after.values()) - {
            "a key",
            "its public half",
            before["rights.applied"],
        } - {before["services.applied"]}
        (pool,) = await site.pools(cluster_id)
        now = [each.id for each in await site.nodes(cluster_id)]
        assert (pool.desired, now) == ((0, []) if workers == "delete" else (2, members))
        wanted = machines.parameters(cluster.proxy_mode, cluster.customization.kube_proxy)
        assert {each.parameters for each in site.world.places[cluster_id].boxes.values()} <= {wanted}

    play(story)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_reset_mends_what_cannot_be_mended_otherwise(play: Play, at_once: bool) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        if at_once:
            site.faults.lose_data(cluster_id)
        else:
            await site.kill()
            site.faults.lose_host()
            site.faults.lose_data(cluster_id)
            await site.begin()
        await site.clock.sleep(60)
        assert await site.word(cluster_id) is (Status.REDEPLOYING if at_once else Status.ERROR)
        with pytest.raises(errors.Conflict, match=r"is (ERROR|REDEPLOYING)"):
            await site.update(cluster_id)
        await site.reset(cluster_id, workers="reinstall")
        await site.settled()

    play(story)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"version": "1.2"}, "not offered"),
        ({"name": "x" * 2000}, "name"),
        ({"update_policy": "SOMETIMES"}, "updatePolicy"),
        ({"proxy_mode": "none"}, "kubeProxyMode"),
        ({"workers": "keep"}, "workerNodesPolicy"),
        ({"pods": "10.9.0.0/16"}, "standard plan"),
        ({"customization": {"kubeProxy": {"iptables": {"syncPeriod": "soon"}}}}, "duration"),
    ],
)
def test_a_reset_that_is_wrong_changes_nothing(play: Play, order: dict[str, object], told: str) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        before = await site.cluster(cluster_id)
        with pytest.raises(errors.BadInput, match=told):
            await site.reset(cluster_id, **order)
        assert await site.cluster(cluster_id) == before

    play(story)


def test_deleting_ends_a_reset(play: Play) -> None:
    async def story(site: Site) -> None:
        for after in (0.0, 0.3, 2.0, 6.0):
            cluster_id = await site.standing(1)
            await site.reset(cluster_id, workers="reinstall")
            await site.clock.sleep(after)
            await site.delete(cluster_id)
            await site.until_deleted(cluster_id)
        await site.settled()

    play(story)


def test_a_pool_can_be_changed_after_a_reset(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await site.reset(cluster_id)
        pool = (await site.pools(cluster_id))[0]
        with pytest.raises(errors.Conflict):
            await site.change(cluster_id, pool.id, orders.PoolChange(desired=2))
        await site.settled()
        await site.resize(cluster_id, pool.id, 2)
        await site.settled()
        assert {nodes.status(each) for each in await site.nodes(cluster_id)} == {nodes.Status.READY}
        assert {nodepools.status(each) for each in await site.pools(cluster_id)} == {nodepools.Status.READY}
        assert clusters.status((await view(site, cluster_id)).cluster) is Status.READY

    play(story)
