"""Zones of a region, one for each pool; and what one host can make of them."""

import pytest

from steward.domain import clusters, conditions, errors, nodepools
from steward.operations import capabilities, orders
from steward.operations import nodepools as nodepools_
from steward.reconcile import identities
from tests.unit.operations import setting

THREE = "LOCAL-3AZ"
ZONES = ("local-3az-a", "local-3az-b", "local-3az-c")


def pool(**fields: object) -> orders.PoolOrder:
    return orders.PoolOrder(**{"flavor": "d2-4", **fields})  # type: ignore[arg-type]  # as the edge fills it in


def test_the_catalogue_has_a_region_with_three_zones() -> None:
    region = capabilities.region(THREE)
    assert (region.type, region.zones) == ("region-3-az", ZONES)
    assert capabilities.region("LOCAL1").zones == ()


@pytest.mark.parametrize("plan", ["free", "standard"])
@pytest.mark.parametrize("zone", ZONES)
def test_nodes_carry_the_zone_of_their_pool_and_the_region(plan: str, zone: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        cluster = await service.ready(pool(availability_zones=[zone], desired=1), region=THREE, plan=plan)
        (made,), (node,) = await service.pools(), await service.nodes()
        labels = identities.of(node, cluster, made).labels
        assert labels["topology.kubernetes.io/zone"] == zone
        assert labels["topology.kubernetes.io/region"] == THREE
        assert labels[identities.VIRTUAL] == "virtual"

    setting.run(story())


@pytest.mark.parametrize(
    ("region", "zones", "said"),
    [
        (THREE, None, "availabilityZones is mandatory"),
        (THREE, [], "availabilityZones is mandatory"),
        (THREE, ["local-3az-a", "local-3az-b"], "exactly one of"),
        (THREE, ["local-3az-d"], "exactly one of"),
        (THREE, [""], "exactly one of"),
        ("LOCAL1", ["local-3az-a"], "has no availability zones"),
    ],
)
def test_wrong_zones_are_refused_in_both_calls(region: str, zones: list[str] | None, said: str) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.BadInput) as refused:
            await service.order(pool(availability_zones=zones), region=region)
        assert said in refused.value.message
        await service.ready(region=region)
        order = pool(availability_zones=zones)
        with pytest.raises(errors.BadInput) as refused:
            await nodepools_.create(service.context, service.customer, **service.named(), order=order)
        assert said in refused.value.message

    setting.run(story())


@pytest.mark.parametrize(
    ("fields", "region", "virtual"),
    [
        ({"anti_affinity": True, "desired": 2}, "LOCAL1", True),
        ({"availability_zones": ["local-3az-b"]}, THREE, True),
        ({}, "LOCAL1", False),
    ],
)
def test_what_one_host_cannot_keep_apart_is_said(fields: dict[str, object], region: str, virtual: bool) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.order(pool(**fields), region=region)
        (made,) = await service.pools()
        found = conditions.find(made.conditions, conditions.Kind.VIRTUAL_DOMAINS)
        assert (found is not None) is virtual
        if found is not None:
            assert (found.holds, found.whose_turn) == (True, errors.PROVIDER)
        # It serves all the same: the condition is no obstacle.
        assert nodepools.status(made) is nodepools.Status.INSTALLING

    setting.run(story())


def test_a_pool_apart_has_at_most_five_nodes() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.BadInput, match="for a pool with antiAffinity"):
            await service.order(pool(anti_affinity=True, desired=6, maximum=6))
        cluster = await service.order(pool(anti_affinity=True))
        assert clusters.status(cluster) is clusters.Status.INSTALLING
        (made,) = await service.pools()
        assert made.maximum == nodepools.MOST_ANTI_AFFINITY_NODES

    setting.run(story())
