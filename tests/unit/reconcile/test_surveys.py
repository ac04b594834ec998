"""What clusters say of their administrators: the provider is none of them, but for whom was let in, while it lasts."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network

import pytest

from steward.domain import accesses, evidence, networks
from steward.operations import accesses as accesses_
from steward.ports import guests
from steward.reconcile.evidence import surveys
from tests.unit.reconcile import test_accesses
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]
PROVEN, BREACHED = evidence.Outcome.PROVEN, evidence.Outcome.BREACHED
PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))
LET_IN = "steward:3.2.1-3:breakglass-11111111"
LOOKED_AGAIN = (surveys.LOOK_AGAIN + timedelta(minutes=1)).total_seconds()


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        ("User:alice", PROVEN),
        ("Group:system:masters", PROVEN),
        ("Group:stewards-of-the-harbour", PROVEN),
        (f"User:{LET_IN}", PROVEN),
        ("User:steward:3.2.1-3:breakglass-22222222", BREACHED),
        ("User:steward:3.1.6-1:inventory", BREACHED),
        ("Group:steward:breakglass", BREACHED),
        ("Group:steward", BREACHED),
    ],
)
def test_the_provider_is_no_administrator_but_by_consent(subject: str, outcome: evidence.Outcome) -> None:
    saw = surveys.bindings({"some": ["User:alice"], "others": [subject]}, let_in=[LET_IN])
    assert saw.outcome is outcome
    assert subject in saw.facts["bindings"]["others"]


async def _said(site: Site, cluster_id: str) -> evidence.Evidence:
    async with site.records.read() as work:
        found = await work.evidence.get(f"3.1.2-3/cluster:{cluster_id}/bindings")
    assert found is not None
    return found


async def _said_with(site: Site, cluster_id: str, binding: str, user: str) -> evidence.Evidence:
    """After the next look, with the user bound to cluster-admin by another binding."""
    with site.world.changing(cluster_id) as place:
        assert place.data is not None
        place.data.admins[binding] = [f"User:{user}"]
    await site.clock.sleep(LOOKED_AGAIN)
    return await _said(site, cluster_id)


def test_an_access_to_everything_that_was_approved_is_no_breach_and_is_shown(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await test_accesses.opened(site, cluster_id, scope=accesses.Scope.ADMIN, minutes=60)
        await site.clock.sleep(LOOKED_AGAIN)
        found = await _said(site, cluster_id)
        assert [f"User:{made.user}"] in found.facts["bindings"].values(), "it was looked at while the access stood"
        assert (found.outcome, "but for 1 whose access was approved" in found.summary) == (PROVEN, True)
        await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        await test_accesses.until(site, made.id, accesses.Status.ENDED)
        await site.clock.sleep(LOOKED_AGAIN)
        found = await _said(site, cluster_id)
        assert (found.outcome, "but for" in found.summary) == (PROVEN, False)

    play(story)


def test_what_stands_after_the_end_of_an_access_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await test_accesses.opened(site, cluster_id, scope=accesses.Scope.ADMIN)
        await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        await test_accesses.until(site, made.id, accesses.Status.ENDED)
        assert (await _said_with(site, cluster_id, "left over", made.user)).outcome is BREACHED

    play(story)


def test_an_access_of_a_lesser_scope_makes_no_administrator(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await test_accesses.opened(site, cluster_id, scope=accesses.Scope.VIEW, minutes=60)
        assert (await _said_with(site, cluster_id, "more than was asked for", made.user)).outcome is BREACHED

    play(story)


@pytest.mark.parametrize(
    ("address", "outcome"), [(None, PROVEN), ("203.0.113.9", BREACHED), ("", evidence.Outcome.UNKNOWN)]
)
def test_a_node_that_is_known_by_an_address_of_another_network_is_a_breach(
    play: Play, address: str | None, outcome: evidence.Outcome
) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        members, network = await site.nodes(cluster_id), PLAN.cluster(cluster.slot)
        seen = [_node(each.name, str(network.node_address(each.number))) for each in members]
        if address is not None:
            seen[0] = _node(seen[0].name, address)
        known = surveys.Known(
            cluster=cluster,
            network=network,
            pools=await site.pools(cluster_id),
            members=members,
            survey=guests.Survey(version=cluster.version, service="", nodes=seen, images={}),
            states={},
            fingerprints={},
        )
        saw = surveys.addresses(known)
        assert (saw.activity, saw.outcome, len(saw.facts["nodes"])) == ("1.1-2", outcome, 2)

    play(story)


def _node(name: str, address: str) -> guests.GuestNode:
    return guests.GuestNode(
        name=name,
        ready=True,
        reason="",
        version="",
        unschedulable=False,
        labels={},
        pods="",
        address=address,
        machine="",
    )
