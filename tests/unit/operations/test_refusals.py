"""Refusals: only where the object exists, only of what is asked for, kept to be asked about, never hidden."""

import dataclasses
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from steward.domain import actors, errors, people, projects
from steward.operations import clusters as clusters_
from steward.operations import context as context_
from steward.operations import decisions, delegations, nodepools, nodes, orders, refusals, rights
from steward.operations import projects as projects_
from steward.ports import records
from tests.unit.operations import setting

UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def refused(asked: Awaitable[object]) -> rights.Refused:
    with pytest.raises(rights.Refused) as caught:
        await asked
    return caught.value


def test_a_refusal_says_everything_in_flat_words() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        reason = await refused(clusters_.delete(service.context, actors.OPERATOR, **service.named()))
        assert (reason.status, reason.kind, reason.code) == (403, "Client::Forbidden", "FORBIDDEN")
        assert reason.whose_turn == errors.CUSTOMER
        assert all(isinstance(each, str) for each in reason.details.values())
        wanted = {"activity": "5.1-1", "lettersCustomer": "RA", "lettersProvider": "I", "operation": "cluster.delete"}
        assert wanted.items() <= reason.details.items()
        assert "steward delegate 5.1-1 --to provider" in reason.details["howToAsk"]
        assert (await service.pools(), service.woken[-1].startswith("cluster:")) == ([], True)
        kept = await decisions.get(service.context, actors.OPERATOR, decision_id=reason.details["decision"])
        assert kept.cluster_id == service.cluster_id
        assert kept.decision.reason in reason.message

    setting.run(story())


def test_what_does_not_exist_is_not_refused_but_missing() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready(orders.PoolOrder(flavor="d2-4"))
        named, context = service.named(), service.context
        change = orders.PoolChange(desired=2)
        for asked in (
            nodepools.edit(context, actors.OPERATOR, pool_id=UNKNOWN, change=change, **named),
            nodepools.delete(context, actors.OPERATOR, pool_id=UNKNOWN, **named),
            nodes.delete(context, actors.OPERATOR, node_id=UNKNOWN, **named),
            clusters_.delete(context, actors.OPERATOR, project_id=service.project_id, cluster_id=UNKNOWN),
            clusters_.delete(context, actors.OPERATOR, project_id="0" * 32, cluster_id=service.cluster_id),
            clusters_.delete(context, service.stranger, **named),
        ):
            with pytest.raises(errors.NotFound):
                await asked
        (pool,), (node,) = await service.pools(), await service.nodes()
        await refused(nodepools.delete(context, actors.OPERATOR, pool_id=pool.id, **named))
        await refused(nodes.delete(context, actors.OPERATOR, node_id=node.id, **named))

    setting.run(story())


def test_only_what_is_asked_for_is_decided() -> None:
    """The provider has R of the policy lent to it, and of the name not."""

    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        await lend(service, "3.1.6-6")
        named = service.named()
        await clusters_.edit(service.context, actors.OPERATOR, update_policy="NEVER_UPDATE", **named)
        reason = await refused(clusters_.edit(service.context, actors.OPERATOR, name="other", **named))
        assert reason.decision.operation == "cluster.rename"
        both = clusters_.edit(service.context, actors.OPERATOR, name="x", update_policy="ALWAYS_UPDATE", **named)
        assert (await refused(both)).decision.activity == "2.1-2"
        async with service.records.read() as work:
            found = await work.clusters.all()
        assert found[0].update_policy.value == "NEVER_UPDATE"

    setting.run(story())


async def lend(service: setting.Setting, activity: str) -> None:
    wish = delegations.Wish(activity=activity, reason="a test", expires_at=setting.NOW + timedelta(days=1))
    await delegations.grant(service.context, service.customer, project_id=service.project_id, wish=wish)


def test_a_missing_role_is_the_partys_own_business() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        viewer = dataclasses.replace(service.customer, role=people.Role.VIEWER)
        reason = await refused(clusters_.delete(service.context, viewer, **service.named()))
        assert reason.whose_turn == errors.CUSTOMER
        assert "role admin" in reason.decision.who_may
        ledger = service.records.kept["ledger"][f"project-{service.project_id}"]
        assert [each for each in ledger if each.kind == "decision"] == []

    setting.run(story())


def test_reaching_for_what_is_the_others_stands_in_the_ledger_once_a_minute() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        for _ in range(3):
            await refused(clusters_.delete(service.context, actors.OPERATOR, **service.named()))
        await refused(clusters_.edit(service.context, actors.OPERATOR, name="other", **service.named()))
        ledger = service.records.kept["ledger"][f"project-{service.project_id}"]
        entries = [each for each in ledger if each.kind == "decision"]
        assert [each.activity for each in entries] == ["5.1-1", "2.1-2"]
        assert entries[0].facts["party"] == "provider"
        assert "operator" not in str(entries[0].facts)
        found = await decisions.latest(service.context, service.customer, project_id=service.project_id)
        assert len(found) == 4

    setting.run(story())


def test_the_latest_thousand_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(refusals, "MOST", 3)
        service = await setting.Setting().with_project()
        await service.ready()
        reasons = [
            await refused(clusters_.delete(service.context, actors.OPERATOR, **service.named())) for _ in range(5)
        ]
        found = await decisions.latest(service.context, service.customer, project_id=service.project_id)
        assert [each.id for each in found] == [each.id for each in reasons[2:]]
        with pytest.raises(errors.NotFound):
            await decisions.get(service.context, service.customer, decision_id=reasons[0].id)

    assert refusals.MOST == 1000
    setting.run(story())


class Full:
    """Reads go on, writes find no room after the first transaction was rolled back."""

    def __init__(self, inner: records.Records) -> None:
        self.inner = inner
        self.begun = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[records.Work]:
        self.begun += 1
        if self.begun > 1:
            raise errors.Unavailable("The disk is full")
        async with self.inner.begin() as work:
            yield work

    def read(self) -> object:
        return self.inner.read()


def test_a_full_disk_hides_no_refusal() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        full = dataclasses.replace(service.context, records=Full(service.records))  # type: ignore[arg-type]
        reason = await refused(clusters_.delete(full, actors.OPERATOR, **service.named()))
        assert isinstance(full, context_.Context)
        assert "decision" not in reason.details  # nobody could look it up

    setting.run(story())


def test_a_decision_is_read_by_those_it_concerns() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        reason = await refused(clusters_.delete(service.context, actors.OPERATOR, **service.named()))
        for actor in (service.customer, actors.OPERATOR):
            assert (await decisions.get(service.context, actor, decision_id=reason.id)).id == reason.id
        for actor, wanted in (
            (service.stranger, reason.id),
            (service.customer, str(uuid.uuid4())),
            (actors.OPERATOR, ""),
        ):
            with pytest.raises(errors.NotFound):
                await decisions.get(service.context, actor, decision_id=wanted)
        with pytest.raises(errors.NotFound):
            await decisions.latest(service.context, service.stranger, project_id=service.project_id)

    setting.run(story())


def test_one_about_no_project_is_read_by_whom_it_hit() -> None:
    async def story() -> None:
        service = setting.Setting()
        reason = await refused(projects_.create(service.context, service.customer, account="ab1-local"))
        assert reason.whose_turn == errors.PROVIDER
        own = await decisions.get(service.context, service.customer, decision_id=reason.id)
        assert own.project_id is None
        with pytest.raises(errors.NotFound):
            await decisions.get(service.context, service.stranger, decision_id=reason.id)

    setting.run(story())


def asking(service: setting.Setting, operation: str, **fields: object) -> decisions.Asked:
    given = {"project_id": service.project_id, "cluster_id": service.cluster_id, **fields}
    return decisions.Asked(operation=operation, **given)  # type: ignore[arg-type]  # as the edge fills it in


def test_why_answers_for_oneself_the_other_party_and_automation() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        before = len(service.records.kept["decisions"])

        async def may(actor: actors.Actor, operation: str, **fields: object) -> bool:
            asked = asking(service, operation, **fields)
            return (await decisions.would(service.context, actor, asked=asked)).allowed

        assert await may(service.customer, "cluster.delete")
        assert not await may(service.customer, "cluster.delete", party="provider")
        assert not await may(actors.OPERATOR, "cluster.delete")
        assert await may(actors.OPERATOR, "cluster.delete", party="customer")
        assert await may(service.customer, "cluster.patch_automatically", party="automation")
        assert not await may(service.customer, "nodepool.autoscale", party="automation")
        assert await may(service.customer, "delegation.grant", row="3.1.3-3")
        assert not await may(service.customer, "delegation.grant", row="3.1.3-3", party="provider")
        assert not await may(service.customer, "project.create", project_id="", cluster_id="")
        assert len(service.records.kept["decisions"]) == before

    setting.run(story())


def test_why_tells_nobody_of_anothers() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await service.ready()
        with pytest.raises(errors.NotFound):
            await decisions.would(service.context, service.stranger, asked=asking(service, "cluster.delete"))
        for fields, said in (
            ({"operation": "cluster.teleport"}, "no operation"),
            ({"operation": "delegation.grant"}, "name one"),
            ({"operation": "delegation.grant", "row": "7.7-7"}, "no activity"),
            ({"operation": "cluster.delete", "party": "nobody"}, "party"),
        ):
            with pytest.raises(errors.BadInput, match=said):
                await decisions.would(service.context, service.customer, asked=asking(service, **fields))

    setting.run(story())


def test_another_accounts_name_changes_nothing() -> None:
    """Two customers, one provider: what is lent in one project is not lent in the other."""

    async def story() -> None:
        service = await setting.Setting().with_project()
        await lend(service, "1.1-1")
        other = await projects_.create(service.context, actors.OPERATOR, account="zz9-local")
        order = orders.ClusterOrder(region="LOCAL1")
        assert isinstance(other.id, str)
        await refused(clusters_.create(service.context, actors.OPERATOR, project_id=other.id, order=order))
        assert projects.checked_account("zz9-local") == other.account

    setting.run(story())
