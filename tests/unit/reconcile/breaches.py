"""Ways in which the world, or what is written of it, is made otherwise than a row of the contract has it."""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from steward.domain import accesses, actors, clusters, events, evidence, people
from steward.operations import quotas as quotas_
from steward.operations import restrictions, tickets
from steward.ports.control_planes import Part
from steward.reconcile import issuances
from steward.reconcile.evidence import orders, sizes, surveys
from steward.runtimes.simulated import audit_logs, guests, machines
from tests.unit.reconcile import lives, logs, test_audits
from tests.unit.reconcile.sites import CUSTOMER, Site

Break = Callable[[Site, str], Awaitable[None]]


def _world(change: Callable[[Any], None]) -> Break:
    """Something of the simulated cluster is made otherwise."""

    async def broken(site: Site, cluster_id: str) -> None:
        with site.world.changing(cluster_id) as place:
            change(place)

    return broken


async def _mislabelled(site: Site, cluster_id: str) -> None:
    """Looked at before anybody puts the labels right again."""
    services = dataclasses.replace(
        await logs.quiet(site),
        guests=guests.SimulatedGuests(site.world),
        machines=machines.SimulatedMachines(site.world),
    )
    with site.world.changing(cluster_id) as place:
        assert place.data is not None
        for node in place.data.nodes.values():
            node.labels[surveys.REGION] = "ELSEWHERE"
    await surveys.Surveyor(services).round()


def _other_version(place: Any) -> None:
    place.parts[Part.API_SERVER].version = "1.0.0"


def _stranger_node(place: Any) -> None:
    known = next(iter(place.data.nodes.values()))
    place.data.nodes["intruder"] = dataclasses.replace(known, name="intruder")


def _admin_of_the_provider(place: Any) -> None:
    place.data.admins["everything"] = ["User:steward:3.1.6-1:inventory"]


async def _placed_by_the_provider(site: Site, cluster_id: str) -> None:
    """As an order would look that nobody refused: the first event is what the collector reads."""
    await _rewrite(site, cluster_id, orders.ORDERED, party="provider")


async def _policy_by_the_provider(site: Site, cluster_id: str) -> None:
    await _add(site, cluster_id, orders.POLICY_CHANGED, "3.1.6-6", party="provider")


async def _changed_by_the_provider(site: Site, cluster_id: str) -> None:
    await _add(site, cluster_id, "cluster:renamed", "2.1-2", party="provider")


async def _let_in_by_the_provider(site: Site, cluster_id: str) -> None:
    await _add(site, cluster_id, restrictions.CHANGED, "3.1.5-1", party="provider", restrictions="")


async def _routed_by_the_provider(site: Site, cluster_id: str) -> None:
    await _add(site, cluster_id, "cluster:private-network-changed", "3.1.5-2", party="provider", network="public")


async def _sized_by_nobody(site: Site, cluster_id: str) -> None:
    """The wanted size is another one than anybody asked for."""
    (pool,) = await site.pools(cluster_id)
    async with site.records.begin() as work:
        await work.nodepools.save(dataclasses.replace(pool, desired=pool.desired + 1))
    site.steward.wake(f"nodepool:{pool.id}")


async def _not_delivered(site: Site, cluster_id: str) -> None:
    (pool,) = await site.pools(cluster_id)
    (node, *_) = await site.nodes(cluster_id)
    await site.resize(cluster_id, pool.id, pool.desired + 1)
    made: list[str] = []

    async def another() -> bool:
        made[:] = [each.id for each in await site.nodes(cluster_id) if each.id != node.id]
        return bool(made)

    await site.clock.until(another, within=10)
    for each in made:
        site.faults.refuse(cluster_id, each, "no room")
        site.faults.kill_machine(cluster_id, each)
    await site.kill()
    await site.clock.sleep(sizes.PROMISED.total_seconds())
    await site.begin()


async def _left_open(site: Site, cluster_id: str) -> None:
    """An entry of the provider's people that nobody consented to."""
    now = site.clock.now()
    entry = accesses.Access(
        id="a" * 8 + "-2222-4333-8444-555555555555",
        project_id=(await site.cluster(cluster_id)).project_id,  # type: ignore[union-attr]  # it stands
        cluster_id=clusters.ClusterId(cluster_id),
        activity="3.2.1-3",
        scope=accesses.Scope.VIEW,
        reason="To see",
        status=accesses.Status.ENDED,
        minutes=10,
        requested_by="oscar@example.net",
        requested_at=now,
        ended_at=now,
        refused_with="403",
    )
    async with site.records.begin() as work:
        await work.accesses.put(entry)


async def _closed_with_a_key(site: Site, cluster_id: str) -> None:
    owner = await lives.person(site, "eve@example.org", people.Role.ADMIN, CUSTOMER.name)
    token = people.Token(
        id=people.TokenId("t" * 8),
        person_id=_id(owner),
        purpose=people.Purpose.API,
        hash="h",
        created_at=site.clock.now(),
    )
    async with site.records.begin() as work:
        found = await work.people.get(_id(owner))
        assert found is not None
        await work.people.put(dataclasses.replace(found, status=people.Status.CLOSED))
        await work.tokens.put(token)


def _id(actor: actors.Actor) -> people.PersonId:
    assert actor.person_id is not None
    return actor.person_id


async def _overdue_risk(site: Site, cluster_id: str) -> None:
    now = site.clock.now()
    risk = evidence.Risk(
        id="r" * 8, title="A risk", owner="oscar", treatment=evidence.Treatment.REDUCE, review_by=now, created_at=now
    )
    async with site.records.begin() as work:
        await work.risks.put(risk)


async def _unanswered_ticket(site: Site, cluster_id: str) -> None:
    asked = tickets.Report(title="Help", text="It is down", severity="critical", cluster_id=cluster_id)
    await tickets.open_(site.context, CUSTOMER, project_id=site.project_id, report=asked)


async def _silent(site: Site, cluster_id: str) -> None:
    site.faults.mute(cluster_id)


async def _unnoticed(site: Site, cluster_id: str) -> None:
    """An outage that lasted, whose incident is not there."""
    site.faults.mute(cluster_id)
    await site.clock.sleep(400)
    async with site.records.begin() as work:
        for each in await work.outages.of(cluster_id):
            await work.outages.put(dataclasses.replace(each, incident_id=""))
    site.faults.mute(cluster_id, muted=False)
    await site.settled(within=900)


async def _rogue(site: Site, cluster_id: str, deed: audit_logs.Deed) -> None:
    keeper = issuances.NODE_KEEPER.user
    test_audits.write(site, cluster_id, keeper, deed, await test_audits.fingerprint(site, cluster_id, keeper))


def _wrote(resource: str, verb: str = "create", **changes: str) -> Break:
    deed = audit_logs.Deed(verb=verb, resource=resource, namespace="shop", name="web", **changes)

    async def broken(site: Site, cluster_id: str) -> None:
        await _rogue(site, cluster_id, deed)

    return broken


async def stranger(site: Site, cluster_id: str) -> None:
    test_audits.write(site, cluster_id, "steward:3.2.2-4:nodes", test_audits.ROGUE, "0" * 64)


async def _rewrite(site: Site, cluster_id: str, type_: str, **facts: str) -> None:
    """As somebody with the database's file could."""
    with contextlib.closing(sqlite3.connect(site.database)) as connection, connection:
        ((number, text),) = connection.execute(
            "SELECT id, facts FROM events WHERE cluster_id = ? AND type = ?", (cluster_id, type_)
        ).fetchall()
        changed = json.dumps({**json.loads(text), **facts})
        connection.execute("UPDATE events SET facts = ? WHERE id = ?", (changed, number))
    await site.restart()  # collectors remember what they have read


async def _add(site: Site, cluster_id: str, type_: str, activity: str, **facts: str) -> None:
    cluster = await site.cluster(cluster_id)
    assert cluster is not None
    event = events.Event(
        at=site.clock.now(),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        subject="cluster",
        subject_id=cluster.id,
        type=type_,
        message="It was done",
        actor="operator",
        activity=activity,
        facts=facts,
    )
    async with site.records.begin() as work:
        await work.events.add(event)


async def _asked_by_the_provider(site: Site, cluster_id: str) -> None:
    """As a request would look that nobody refused."""
    wish = quotas_.Wish(wanted={"instances": 900}, reason="Sales")
    made = await quotas_.request(site.context, CUSTOMER, project_id=site.project_id, wish=wish)
    async with site.records.begin() as work:
        await work.quota_requests.put(dataclasses.replace(made, party="provider"))


BREAKS: dict[str, Break] = {
    "1.1-1": _placed_by_the_provider,
    "1.1-2": _placed_by_the_provider,
    "1.1-3": _mislabelled,
    "1.1-4": _world(_other_version),
    "2.1-2": _changed_by_the_provider,
    "2.3-1": _wrote("namespaces"),
    "2.3-2": _wrote("deployments", group="apps"),
    "2.3-3": _wrote("secrets", "get"),
    "2.3-4": _wrote("networkpolicies", group="networking.k8s.io"),
    "3.1.1-1": _silent,
    "3.1.1-2": _wrote("deployments", "delete", group="apps"),
    "3.1.2-1": _closed_with_a_key,
    "3.1.2-2": _left_open,
    "3.1.2-3": _world(_admin_of_the_provider),
    "3.1.3-3": _sized_by_nobody,
    "3.1.5-1": _let_in_by_the_provider,
    "3.1.5-2": _routed_by_the_provider,
    "3.1.5-4": _world(lambda place: setattr(place.faults, "admits_anybody", True)),
    "3.1.6-1": _world(_stranger_node),
    "3.1.6-2": _overdue_risk,
    "3.1.6-6": _policy_by_the_provider,
    "3.2.1-1": _unanswered_ticket,
    "3.2.1-2": _unnoticed,
    "3.2.1-5": _wrote("pods", "patch", subresource="ephemeralcontainers"),
    "3.2.2-2": _wrote("deployments", "patch", group="apps"),
    "3.2.2-3": _asked_by_the_provider,
    "3.2.2-4": _not_delivered,
}
