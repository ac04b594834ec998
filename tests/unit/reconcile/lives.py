"""A cluster's life with everything in it that proves a row of the contract, and people of both parties.

For tests of evidence: what happens here is what the collectors look at, done through the same operations as always.
"""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from steward.domain import actors, errors, people, projects
from steward.operations import attestations, coverage, incidents, notices, quotas, restrictions, reviews, risks, tickets
from steward.operations import clusters as clusters_
from steward.ports import advisories
from steward.reconcile import credentials
from steward.responsibility import evidence_rules
from steward.responsibility.evidence_rules import Scope, Word
from steward.runtimes.simulated import audit_logs
from tests.unit.reconcile import test_audits
from tests.unit.reconcile.backbones import Backbone
from tests.unit.reconcile.sites import CUSTOMER, Site

AN_OUTAGE = 200.0
LOOKED_BY_ALL = 1300.0  # seconds in which every collector has had its round
IN_A_MONTH = timedelta(days=30)


class Database:
    """A vulnerability database that is from today."""

    def __init__(self, site: Site, *found: advisories.Advisory, age: timedelta = timedelta(hours=3)) -> None:
        self._site = site
        self._found = found
        self._age = age

    async def scan(self) -> advisories.Scan:
        return advisories.Scan(components=500, newest=self._site.clock.now() - self._age, found=self._found)


async def person(site: Site, email: str, role: people.Role, account: str = "") -> actors.Actor:
    made = people.Person(
        id=people.PersonId(str(uuid.uuid4())),
        email=email,
        name=email.partition("@")[0],
        role=role,
        account=projects.AccountId(account) if account else None,
        status=people.Status.ACTIVE,
        created_at=site.clock.now(),
    )
    async with site.records.begin() as work:
        await work.people.put(made)
    return actors.person(made)


async def both(site: Site) -> tuple[actors.Actor, actors.Actor]:
    """An owner of the customer, an operator of the provider."""
    owner = await person(site, "ada@example.org", people.Role.OWNER, CUSTOMER.name)
    return owner, await person(site, "oscar@example.net", people.Role.OPERATOR)


async def row(site: Site, cluster_id: str, activity: str, actor: actors.Actor = CUSTOMER) -> coverage.Line:
    return next(each for each in (await report(site, cluster_id, actor)).lines if each.activity.id == activity)


async def report(site: Site, cluster_id: str, actor: actors.Actor = CUSTOMER) -> coverage.Report:
    return await coverage.of_cluster(site.context, actor, project_id=site.project_id, cluster_id=cluster_id)


async def full(site: Site) -> str:
    """A cluster of whose contract every row is proven or attested that anything can prove today."""
    await site.restart(advisories=Database(site))
    owner, operator = await both(site)
    backbone = await Backbone(site).make()
    cluster_id = await site.standing(2, private_network_id=backbone.openstack_id)
    await site.standing(1)  # whom credentials are shown to
    await clusters_.edit(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id, name="another-name")
    await restrict(site, cluster_id, "192.0.2.0/24")
    await more_quota(site, operator)
    await risks.add(site.context, operator, wish=a_risk(site.clock.now()))
    await a_ticket(site, cluster_id, operator)
    await an_incident(site, cluster_id, operator)
    await imported_and_exported(site, cluster_id)
    await site.clock.sleep(LOOKED_BY_ALL)
    await stated(site, cluster_id, owner, operator)
    await reviewed(site, cluster_id, owner, operator)
    await site.clock.sleep(LOOKED_BY_ALL)
    await read_all(site)
    return cluster_id


async def more_quota(site: Site, operator: actors.Actor) -> None:
    wish = quotas.Wish(wanted={"instances": 900}, reason="A larger shop")
    asked = await quotas.request(site.context, CUSTOMER, project_id=site.project_id, wish=wish)
    await quotas.grant(site.context, operator, project_id=site.project_id, request_id=asked.id)


async def restrict(site: Site, cluster_id: str, *blocks: str, actor: actors.Actor = CUSTOMER) -> None:
    await restrictions.replace(
        site.context, actor, project_id=site.project_id, cluster_id=cluster_id, blocks=list(blocks)
    )


def a_risk(now: datetime) -> risks.Wish:
    return risks.Wish(title="One host", owner="oscar", treatment="reduce", review_by=now + IN_A_MONTH)


async def a_ticket(site: Site, cluster_id: str, operator: actors.Actor) -> None:
    asked = tickets.Report(title="It is slow", text="Since this morning", cluster_id=cluster_id)
    opened = await tickets.open_(site.context, CUSTOMER, project_id=site.project_id, report=asked)
    await tickets.acknowledge(site.context, operator, project_id=site.project_id, ticket_id=opened.id)


async def an_incident(site: Site, cluster_id: str, operator: actors.Actor) -> None:
    """The API is silent for a while; probes notice, an operator says why, and it works again."""
    site.faults.mute(cluster_id)
    await site.clock.sleep(AN_OUTAGE)
    (opened,) = await incidents.all_of(site.context, operator)
    change = incidents.Update(text="A switch was replaced", cause="A broken switch")
    await incidents.update(site.context, operator, incident_id=opened.id, change=change)
    site.faults.mute(cluster_id, muted=False)

    async def over() -> bool:
        return not await incidents.all_of(site.context, operator)

    await site.clock.until(over, within=1200, what="the incident's end")
    await site.settled()


async def imported_and_exported(site: Site, cluster_id: str) -> None:
    """The customer lists and creates through its cluster's own API, after the log's gap of the outage has ended."""
    await site.clock.sleep(300)
    certificate = await test_audits.fingerprint(site, cluster_id, credentials.ADMIN)
    made = replace(test_audits.ROGUE, agent="kubectl/v1.37.2")
    listed = audit_logs.Deed(verb="list", resource="pods", namespace="shop", agent="kubectl/v1.37.2")
    for deed in (made, listed):
        test_audits.write(site, cluster_id, credentials.ADMIN, deed, certificate)


async def stated(site: Site, cluster_id: str, owner: actors.Actor, operator: actors.Actor) -> None:
    """Every word that the table gives weight to."""
    for rule in evidence_rules.RULES.values():
        if rule.word is Word.NOTHING or not rule.carried:
            continue
        of_fleet = rule.word_scope is Scope.FLEET
        wish = attestations.Wish(
            activity=rule.activity,
            statement="It is so",
            expires_at=site.clock.now() + IN_A_MONTH,
            cluster_id="" if of_fleet else cluster_id,
        )
        who, project = (operator, "") if of_fleet else (owner, site.project_id)
        await attestations.make(site.context, who, project_id=project, wish=wish)


async def reviewed(site: Site, cluster_id: str, owner: actors.Actor, operator: actors.Actor) -> None:
    for name, where in (("members", (site.project_id, "")), ("admins", (site.project_id, cluster_id)),
                        ("register", ("", ""))):  # fmt: skip
        who = operator if evidence_rules.REVIEWS[name].party == errors.PROVIDER else owner
        listed = await reviews.show(site.context, who, name=name, project_id=where[0], cluster_id=where[1])
        await reviews.make(site.context, who, name=name, where=where, digest=listed.digest, statement="As it should be")


async def read_all(site: Site) -> None:
    """The customer goes through its inbox."""
    page = notices.Page(limit=notices.MOST, unseen_only=True)
    for item in (await notices.inbox(site.context, CUSTOMER, project_id=site.project_id, page=page)).items:
        await notices.seen(site.context, CUSTOMER, notice_id=item.notice.id, project_id=site.project_id)
