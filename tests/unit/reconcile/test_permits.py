"""Automation asks before each step: what the contract does not give it, it does not do, and says whose turn it is."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from steward.catalogue import loading
from steward.domain import clusters, errors
from steward.operations import clusters as clusters_
from steward.operations import contracts, delegations
from steward.reconcile import engine, flow, jobs, outcome
from steward.responsibility import matrix
from tests import fakes
from tests.unit.operations import setting
from tests.unit.reconcile import sites
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]
PATCH = "cluster.patch_automatically"


@pytest.fixture(autouse=True)
def as_released() -> Iterator[None]:
    yield
    matrix.publish({})


@dataclass
class Work:
    """A step that notes that it was taken."""

    done: list[str] = field(default_factory=list)

    async def act(self) -> outcome.Outcome:
        self.done.append("taken")
        return outcome.DONE

    def flow(self, cluster_id: str, activity: str, **fields: Any) -> flow.Flow:
        step = flow.Step(name="Do it", activity=activity, act=self.act, **fields)
        after = flow.Step(name="Go on", activity="2.1-1", act=self.act, needs=("Do it",))
        return flow.Flow(subject=f"cluster:{cluster_id}", name="A test", steps=(step, after))


async def run(site: Site, work: Work, cluster_id: str, activity: str, **fields: Any) -> outcome.Outcome:
    """One pass under a lease that holds."""
    services = site.steward.services
    subject = f"test:{cluster_id}"
    now = site.clock.now()
    async with site.records.begin() as records:
        token = await records.leases.acquire(subject, "test", now=now, until=now + timedelta(hours=1))
    assert token is not None
    lease = engine.Lease(subject, token, now + timedelta(hours=1))
    wanted = work.flow(cluster_id, activity, **fields)
    result = await services.run(wanted, clusters.ClusterId(cluster_id), lease)
    async with site.records.begin() as records:
        await records.leases.release(subject, token)
    return result


def test_a_step_of_the_providers_is_taken(play: Play) -> None:
    async def story(site: Site) -> None:
        work = Work()
        assert await run(site, work, await site.standing(0), "3.2.1-3") == outcome.DONE
        assert work.done == ["taken", "taken"]

    play(story)


@pytest.mark.parametrize("activity", ["3.1.5-1", "5.1-1", "2.3-2"])
def test_a_step_of_the_customers_is_not(play: Play, activity: str) -> None:
    async def story(site: Site) -> None:
        work = Work()
        result = await run(site, work, await site.standing(0), activity)
        assert isinstance(result, outcome.Blocked)
        assert (result.whose_turn, result.activity) == (errors.CUSTOMER, activity)
        assert f"Activity {activity} is the customer's" in result.message
        assert work.done == []

    play(story)


def test_the_update_policy_lets_automation_patch_until_it_says_never(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id, work = await site.standing(0), Work()
        assert await run(site, work, cluster_id, "3.1.6-6", operation=PATCH) == outcome.DONE
        await clusters_.edit(
            site.context,
            sites.CUSTOMER,
            project_id=site.project_id,
            cluster_id=cluster_id,
            update_policy="NEVER_UPDATE",
        )
        work = Work()
        result = await run(site, work, cluster_id, "3.1.6-6", operation=PATCH)
        assert isinstance(result, outcome.Blocked)
        assert result.whose_turn == errors.CUSTOMER
        assert work.done == []

    play(story)


def test_what_is_lent_lets_automation_act_until_it_is_taken_back(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id, work = await site.standing(0), Work()
        wish = delegations.Wish(
            activity="3.1.5-1", reason="a test", expires_at=site.clock.now() + timedelta(hours=1), cluster_id=cluster_id
        )
        made = await delegations.grant(site.context, sites.CUSTOMER, project_id=site.project_id, wish=wish)
        assert await run(site, work, cluster_id, "3.1.5-1") == outcome.DONE
        await delegations.revoke(site.context, sites.CUSTOMER, project_id=site.project_id, delegation_id=made.id)
        assert isinstance(await run(site, work, cluster_id, "3.1.5-1"), outcome.Blocked)
        assert work.done == ["taken", "taken"]

    play(story)


def test_the_contract_that_the_cluster_is_pinned_to_decides(play: Play) -> None:
    """The next version gives 3.1.5-1 to the provider; it counts where it was accepted for the cluster."""
    document = copy.deepcopy(loading.responsibility())
    document["version"] = "2"
    next(each for each in document["activities"] if each["id"] == "3.1.5-1").update(customer="I", provider="RA")

    async def story(site: Site) -> None:
        cluster_id, work = await site.standing(0), Work()
        matrix.publish({"second.yaml": document})
        assert isinstance(await run(site, work, cluster_id, "3.1.5-1"), outcome.Blocked)
        await contracts.accept_for_cluster(
            site.context,
            sites.CUSTOMER,
            project_id=site.project_id,
            cluster_id=cluster_id,
            version="2",
            digest=matrix.load("2").digest,
        )
        assert await run(site, work, cluster_id, "3.1.5-1") == outcome.DONE

    play(story)


def test_a_row_that_is_not_there_blocks(play: Play) -> None:
    async def story(site: Site) -> None:
        result = await run(site, Work(), await site.standing(0), "9.9-9")
        assert isinstance(result, outcome.Blocked)
        assert result.whose_turn == errors.PROVIDER

    play(story)


def test_a_job_of_the_customers_is_never_run() -> None:
    taken: list[str] = []

    def job(name: str, activity: str) -> jobs.Job:
        async def act() -> None:
            taken.append(name)

        return jobs.Job(name=name, activity=activity, every=60.0, act=act)

    async def story() -> None:
        clock = fakes.Clock(setting.NOW)
        runner = jobs.JobRunner([job("own", "3.1.1-1"), job("theirs", "3.1.5-1"), job("nobodys", "9.9-9")])
        for subject in runner.subjects():
            result = await runner(subject, engine.Lease(subject, 1, clock.now()))
            assert isinstance(result, outcome.Wait)

    setting.run(story())
    assert taken == ["own"]
