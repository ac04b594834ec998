"""Orders of clusters: defaults, refusals, all or nothing, quotas, room."""

import uuid
from dataclasses import replace

import pytest

from steward.domain import actors, clusters, conditions, customizations, errors, networks, nodepools
from steward.operations import clusters as clusters_
from steward.operations import nodepools as nodepools_
from steward.operations import orders
from steward.ports import hosts
from tests.unit.operations import setting


def pool(**fields: object) -> orders.PoolOrder:
    return orders.PoolOrder(**{"flavor": "d2-4", **fields})  # type: ignore[arg-type]  # as the edge fills it in


def test_a_cluster_is_busy_from_the_order_on() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.order(pool(name="web", desired=2))
        assert clusters.status(cluster) is clusters.Status.INSTALLING
        assert cluster.slot == 0
        assert cluster.name.startswith("cluster-")
        assert (cluster.pods, cluster.services) == (networks.DEFAULT_PODS, networks.DEFAULT_SERVICES)
        (ordered,) = await service.pools()
        assert (ordered.name, ordered.desired) == ("web", 2)
        assert nodepools.status(ordered) is nodepools.Status.INSTALLING
        assert service.woken == [f"cluster:{cluster.id}", f"nodepool:{ordered.id}"]

    setting.run(story())


def test_the_order_is_written_down_with_its_activity() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.order(pool())
        async with service.records.read() as work:
            written = await work.events.of_cluster(cluster.id)
        assert [(each.type, each.activity, each.actor) for each in written] == [
            ("cluster:ordered", "1.1-1", "ab1-local"),
            ("nodepool:ordered", "3.1.3-3", "ab1-local"),
        ]

    setting.run(story())


def test_a_minor_version_means_its_newest_patch() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        assert str((await service.order(version="1.36")).version) == "1.36.3"
        assert (await service.order()).version.series == "1.37"

    setting.run(story())


def test_slots_are_given_once() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        assert [(await service.order()).slot for _ in range(3)] == [0, 1, 2]

    setting.run(story())


def test_standard_says_that_it_lacks_replicas() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.order(plan="standard", pods="10.128.0.0/12", services="10.9.0.0/16")
        reduced = conditions.find(cluster.conditions, conditions.Kind.REDUCED_REDUNDANCY)
        assert reduced is not None
        assert reduced.holds
        assert str(cluster.pods) == "10.128.0.0/12"

    setting.run(story())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"region": "GRA11"}, "available are LOCAL1"),
        ({"version": "1.20"}, "not offered here"),
        ({"version": "1.37.1"}, "not offered here"),
        ({"version": "x" * 300}, "not offered here"),
        ({"plan": "gold"}, "free, standard"),
        ({"update_policy": "SOMETIMES"}, "ALWAYS_UPDATE"),
        ({"proxy_mode": "ebpf"}, "iptables, ipvs"),
        ({"name": "two\nlines"}, "is invalid"),
        ({"pods": "10.128.0.0/16"}, "only on the standard plan"),
        ({"plan": "standard", "pods": "8.8.0.0/16"}, "private IPv4 range"),
        ({"plan": "standard", "pods": "10.3.0.0/16"}, "overlap"),
        ({"plan": "standard", "pods": "nonsense"}, "not valid for type ipv4Block"),
        ({"private_network_id": "pn-1_2"}, "is not a correct uuid"),
        ({"private_network_id": str(uuid.uuid4())}, "does not exist"),
        ({"load_balancers_subnet_id": ""}, "not valid for type uuid"),
        ({"load_balancers_subnet_id": str(uuid.uuid4())}, "only together with privateNetworkId"),
        ({"nodes_subnet_id": str(uuid.uuid4())}, "only together with privateNetworkId"),
        ({"private_network": {"privateNetworkRoutingAsDefault": True}}, "needs privateNetworkId"),
        ({"customization": {"apiServer": {"admissionPlugins": {"disabled": ["NodeRestriction"]}}}}, "cannot be"),
        ({"customization": {"kubeProxy": {"iptables": {"syncPeriod": "PT0S"}}}}, "must be greater than 0"),
        ({"customization": {"apiServer": {"admissionPlugins": {"enabled": ["Magic"]}}}}, "is not one of"),
        ({"customization": {"kubeProxy": {"ipvs": {"scheduler": "wrr"}}}}, "is not one of"),
        ({"customization": {"cilium": {"hubble": {"enabled": True}}}}, "not offered yet"),
    ],
)
def test_wrong_orders_are_refused_and_leave_nothing(fields: dict[str, object], said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        before = service.records.commits
        order = orders.ClusterOrder(**{"region": "LOCAL1", "pools": [pool()], **fields})  # type: ignore[arg-type]
        with pytest.raises(errors.BadInput) as refused:
            await clusters_.create(service.context, service.customer, project_id=service.project_id, order=order)
        assert said in refused.value.message
        assert refused.value.whose_turn == errors.CUSTOMER
        assert (service.records.commits, service.woken) == (before, [])

    setting.run(story())


@pytest.mark.parametrize(
    "customization",
    [
        {},
        {"apiServer": {}},
        {"apiServer": {"admissionPlugins": {}}, "kubeProxy": {"iptables": {}, "ipvs": {}}},
        {"apiServer": {"admissionPlugins": {"enabled": ["NodeRestriction", "AlwaysPullImages"], "disabled": []}}},
        {"cilium": {"hubble": {"enabled": False}}},
    ],
)
def test_what_asks_for_the_default_is_accepted(customization: dict[str, object]) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        network = {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False}
        cluster = await service.order(customization=customization, private_network=network, private_network_id="")
        assert cluster.customization == customizations.DEFAULT

    setting.run(story())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"flavor": "b2-999"}, "Flavor 'b2-999' is not available in region 'LOCAL1'; available are d2-2, d2-4"),
        ({"flavor": "b2-30"}, "is not available"),  # larger than the host
        ({"name": "Upper_Case"}, "regex"),
        ({"desired": 3, "maximum": 2}, "must be between"),
        ({"desired": 1, "minimum": 2}, "must be between"),
        ({"desired": -1}, "must be between"),
        ({"maximum": 101}, "bounds are invalid"),
        ({"anti_affinity": True, "maximum": 6}, "antiAffinity"),
        ({"floating_ips": True}, "not offered yet"),
        ({"monthly_billed": True}, "not offered yet"),
        ({"availability_zones": ["eu-west-par-a"]}, "no availability zones"),
        ({"autoscaling": orders.AutoscalingOrder(scale_down_utilization=2.0)}, "between 0 and 1"),
        ({"autoscaling": orders.AutoscalingOrder(scale_down_unneeded_seconds=-1)}, "between 0 and"),
        ({"template": nodepools.Template(labels={"-bad": "x"})}, "not a Kubernetes key"),
        ({"template": nodepools.Template(labels={"a": "b c"})}, "not a Kubernetes label value"),
        ({"template": nodepools.Template(labels={"nodepool": "mine"})}, "set by the service"),
        ({"template": nodepools.Template(annotations={"a": "\ud800"})}, "valid text"),
        ({"template": nodepools.Template(finalizers=("a b",))}, "not a Kubernetes key"),
        ({"template": nodepools.Template(taints=(nodepools.Taint(key="a", value="", effect="Never"),))}, "TaintEffect"),
    ],
)
def test_wrong_pools_are_refused_and_take_their_cluster_with_them(fields: dict[str, object], said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        before = service.records.commits
        with pytest.raises(errors.BadInput) as refused:
            await service.order(pool(), pool(**fields))
        assert said in refused.value.message
        assert (service.records.commits, service.woken) == (before, [])

    setting.run(story())


def test_two_pools_of_one_name_are_refused() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.Conflict, match="exists already"):
            await service.order(pool(name="web"), pool(name="web"))

    setting.run(story())


def test_a_pool_without_bounds_gets_one_node() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order(pool(), pool(minimum=3), pool(maximum=0), pool(anti_affinity=True))
        found = [(each.desired, each.minimum, each.maximum) for each in await service.pools()]
        assert found == [(1, 0, 100), (3, 3, 100), (0, 0, 0), (1, 0, 5)]
        assert all(each.name == f"nodepool-{each.id}" for each in await service.pools())

    setting.run(story())


def test_an_older_patch_can_be_ordered() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.order(pool(desired=1), version="1.36.1")
        assert str(cluster.version) == "1.36.1"

    setting.run(story())


def test_the_project_has_twenty_free_clusters() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        for _ in range(20):
            await service.order()
        with pytest.raises(errors.QuotaExceeded):
            await service.order()
        await service.order(plan="standard")

    setting.run(story())


def test_a_free_cluster_has_a_hundred_nodes() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.QuotaExceeded, match="101 nodes"):
            await service.order(pool(desired=100), pool(desired=1))
        await service.order(pool(desired=100), pool(desired=1), plan="standard")

    setting.run(story())


@pytest.mark.parametrize(
    ("room", "short"),
    [
        ({"memory_mb": 600 + 4096 * 2 - 1}, "memory (8792 MB asked for"),
        ({"vcpus": 4}, "vCPU (4.25 asked for, 4 of 4 left)"),
        ({"disk_gb": 101}, "disk (102 GB asked for, 101 of 101 GB left)"),
    ],
)
def test_a_full_host_refuses_with_what_is_short(room: dict[str, int], short: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        ample = {"memory_mb": 10**6, "vcpus": 100, "disk_gb": 10**4, "largest_vcpus": 4, "largest_memory_mb": 16384}
        service.host.room = hosts.Capacity(**{**ample, **room})
        before = service.records.commits
        with pytest.raises(errors.Unavailable) as refused:
            await service.order(pool(desired=2))
        assert short in refused.value.message
        assert "provider's turn" in refused.value.message
        assert (refused.value.name, refused.value.whose_turn) == ("InsufficientCapacityError", errors.PROVIDER)
        assert (service.records.commits, service.woken) == (before, [])

    setting.run(story())


def test_a_host_that_is_closed_for_now_takes_nothing_that_needs_room() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready(pool(desired=2))
        service.host.room = replace(service.host.room, closed="the disk is too full")
        with pytest.raises(errors.Unavailable, match="the disk is too full") as refused:
            await service.order(pool(desired=1))
        assert refused.value.code == "INSUFFICIENT_CAPACITY"
        await resize(service, 1)  # what gives room back is welcome
        with pytest.raises(errors.Unavailable, match="the disk is too full"):
            await resize(service, 2)

    async def resize(service: setting.Setting, desired: int) -> None:
        (standing,) = await service.pools()
        change = orders.PoolChange(desired=desired)
        await nodepools_.edit(service.context, service.customer, pool_id=standing.id, change=change, **service.named())

    setting.run(story())


def test_what_others_were_promised_counts() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        service.host.room = hosts.Capacity(
            memory_mb=10_000, vcpus=100, disk_gb=1000, largest_vcpus=4, largest_memory_mb=16384
        )
        await service.ready(pool(desired=1))
        with pytest.raises(errors.Unavailable):
            await service.order(pool(desired=2))
        (standing,) = await service.pools()
        change = orders.PoolChange(desired=3)
        with pytest.raises(errors.Unavailable):
            await nodepools_.edit(
                service.context, service.customer, pool_id=standing.id, change=change, **service.named()
            )
        await nodepools_.edit(
            service.context,
            service.customer,
            pool_id=standing.id,
            change=orders.PoolChange(desired=2),
            **service.named(),
        )

    setting.run(story())


def test_strangers_learn_nothing() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order()
        said = set()
        for actor, project_id in (
            (service.stranger, service.project_id),
            (service.customer, "0" * 32),
            (service.customer, "nonsense\0"),
        ):
            with pytest.raises(errors.NotFound) as refused:
                await clusters_.get(service.context, actor, project_id=project_id, cluster_id=service.cluster_id)
            said.add(refused.value.message)
        assert said == {"This service does not exist"}

    setting.run(story())


def test_a_cluster_of_another_project_is_not_there() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order()
        cluster_id = service.cluster_id
        await service.with_project()
        for wrong in (cluster_id, str(uuid.uuid4()), "nonsense\0"):
            with pytest.raises(errors.NotFound, match="does not exist in this project"):
                await clusters_.get(service.context, service.customer, project_id=service.project_id, cluster_id=wrong)
        await clusters_.get(service.context, actors.OPERATOR, project_id=(await _first(service)), cluster_id=cluster_id)

    setting.run(story())


async def _first(service: setting.Setting) -> str:
    async with service.records.read() as work:
        return (await work.projects.all())[0].id


def test_rename_and_policy_are_two_decisions() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.ready()
        await clusters_.edit(
            service.context, service.customer, name="other", update_policy="NEVER_UPDATE", **service.named()
        )
        view = await clusters_.get(service.context, service.customer, **service.named())
        assert (view.cluster.name, view.cluster.update_policy) == ("other", clusters.UpdatePolicy.NEVER_UPDATE)
        assert clusters.status(view.cluster) is clusters.Status.READY
        async with service.records.read() as work:
            written = (await work.events.of_cluster(cluster.id))[1:]
        assert [each.activity for each in written] == ["2.1-2", "3.1.6-6"]

    setting.run(story())


def test_deleting_twice_is_one_deletion() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.order()
        for _ in range(2):
            await clusters_.delete(service.context, service.customer, **service.named())
        view = await clusters_.get(service.context, service.customer, **service.named())
        assert clusters.status(view.cluster) is clusters.Status.DELETING
        async with service.records.read() as work:
            written = await work.events.of_cluster(cluster.id)
        assert [each.type for each in written] == ["cluster:ordered", "cluster:delete-asked"]
        with pytest.raises(errors.Conflict):
            await clusters_.edit(service.context, service.customer, name="other", **service.named())

    setting.run(story())
