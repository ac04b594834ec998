"""The console's pages: each party sees its own, does what the contract lets it, and reads why where it does not."""

import copy
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from steward.catalogue import loading
from steward.domain import actors, projects
from steward.operations import delegations
from steward.operations import projects as projects_
from steward.responsibility import matrix
from tests.api import serving, visiting

OWNER, STAFF = "owner@example.org", "staff@example.org"


def test_what_people_wrote_is_shown_as_they_wrote_it(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        ticket_id = await visiting.reported(service, visiting.HOSTILE)
        await projects_.edit(
            visiting.context_of(service), visiting.CUSTOMER, project_id=service.project, description=visiting.HOSTILE
        )
        one = f"/console/tickets/{service.project}/{ticket_id}"
        for browser in (owner, staff):
            for path in (one, "/console/tickets", "/console/clusters", "/console/contract", "/console/inbox?show=all"):
                page = await browser.see(path)
                assert page.status == 200
                assert visiting.HOSTILE in page.text, path
                assert not {"script", "img"} & set(page.tags), path
        page = await owner.see("/console/tickets/new?cluster=%22%3E%3Cscript%3E")
        assert "script" not in page.tags
        page = await owner.see("/console/clusters?done=<script>")
        assert "script" not in page.tags
        assert 'role="status"' not in page.source

    serving.run(tmp_path, story)


def test_what_belongs_to_another_account_is_not_there(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        cluster = await service.ready(name="shop")
        ticket_id = await visiting.reported(service)
        asked = await visiting.access_asked_for(service, cluster["id"], STAFF)
        project = service.project
        lent = await lend(service)
        other = await visiting.stranger(service)
        own = (await other.see("/console/you")).form("/mail").fields
        for path in (
            f"/console/clusters/{cluster['id']}/report",
            f"/console/clusters/{cluster['id']}/report?project={project}",
            f"/console/tickets/{project}/{ticket_id}",
            f"/console/contract?project={project}",
            f"/console/delegations?project={project}",
        ):
            assert (await owner.see(path)).status == 200, path
            assert (await staff.see(path)).status == 200, path
            assert (await other.see(path)).status == 404, path
        newest = matrix.newest()
        for path in (
            f"/console/contract/{project}/accept",
            f"/console/contract/{project}/clusters/{cluster['id']}/accept",
            f"/console/tickets/{project}/{ticket_id}/answer",
            f"/console/tickets/{project}/{ticket_id}/close",
            f"/console/accesses/{project}/{asked.id}/approve",
            f"/console/accesses/{project}/{asked.id}/deny",
            f"/console/accesses/{project}/{asked.id}/end",
            f"/console/delegations/{project}/{lent}/revoke",
        ):
            fields = {**own, "text": "let me in", "version": newest.version, "digest": newest.digest}
            assert (await other.post(path, fields)).status == 404, path
        for path in ("inbox?show=all", "clusters", "accesses", "tickets", "contract", "delegations", "tickets/new"):
            page = await other.see(f"/console/{path}")
            assert page.status == 200
            assert project not in page.source, path
            assert cluster["id"] not in page.source, path
        assert asked.id not in (await other.see("/console/accesses")).source
        assert "1 request of the provider" in (await owner.see("/console/inbox")).text
        assert "of the provider" not in (await other.see("/console/inbox")).text

    serving.run(tmp_path, story)


def test_a_person_of_some_projects_sees_no_other(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.operator("POST", "/native/projects", {"account": "ab1-local", "description": "Hidden"})
        person = await visiting.put_customer(service, "limited@example.org", "admin")
        async with service.records.begin() as work:
            await work.people.put(dataclasses.replace(person, only=(projects.ProjectId(service.project),)))
        browser = await visiting.Browser(service).enter("limited@example.org")
        for path in ("clusters", "tickets/new", "contract", "delegations", "inbox?show=all"):
            assert "Hidden" not in (await browser.see(f"/console/{path}")).text
        assert (await browser.see(f"/console/contract?project={made.body['id']}")).status == 404

    serving.run(tmp_path, story)


def test_an_owner_accepts_the_contract_and_its_defaults(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner = await visiting.customer(service)
        page = await owner.see("/console/contract")
        newest = matrix.newest()
        assert newest.digest in page.text
        assert "ALWAYS_UPDATE" in page.text
        for activity in newest.activities.values():
            assert activity.text in page.text
        assert page.text.count("the other edition") == 2
        assert "The contract of" in (await owner.see("/console/inbox")).text
        form = page.form("/accept")
        assert (await owner.submit(form, digest="0" * 64)).status == 409
        page = await owner.submit(form)
        assert page.path == f"/console/contract?project={service.project}&done=accepted"
        assert f"by {OWNER}" in page.text
        assert "by ordering" not in page.text
        assert not page.has_form("/accept")
        assert "The contract of" not in (await owner.see("/console/inbox")).text

    serving.run(tmp_path, story)


def test_a_newer_version_is_offered_with_what_it_changes(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner = await visiting.customer(service)
        cluster = await service.ready(name="shop")
        await owner.submit((await owner.see("/console/contract")).form("/accept"))
        document = copy.deepcopy(loading.responsibility())
        document["version"] = "2"
        document["activities"][0]["activity"] = "Choose the <b>project</b>"
        matrix.publish({"second.yaml": document})
        page = await owner.see("/console/contract")
        assert "Version 2 is offered" in page.text
        (old, new) = (
            f"{word}{text}" for word, text in (("before: ", "Choose the Public"), ("now: ", "Choose the <b>"))
        )
        assert old in page.text
        assert new in page.text
        assert page.tags.count("ins") == 1
        form = page.form(f"/clusters/{cluster['id']}/accept")
        page = await owner.submit(page.form(f"/{service.project}/accept"))
        assert "Version 2 is offered" not in page.text
        assert "version 1" in page.text
        page = await owner.submit(form)
        async with service.records.read() as work:
            (pinned,) = await work.clusters.all()
        assert pinned.contract == "2"
        assert "version 1" not in page.text
        page = await owner.see("/console/contract?version=1")
        assert "Text of version 1" in page.text
        assert (await owner.see("/console/contract?version=3")).status == 404

    try:
        serving.run(tmp_path, story)
    finally:
        matrix.publish({})


def test_nobody_else_accepts_the_contract(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        newest = matrix.newest()
        admin = await visiting.customer(service, "admin@example.org", "admin")
        staff = await visiting.staff(service)
        for browser in (admin, staff):
            page = await browser.see("/console/contract")
            assert not page.has_form("/accept")
            assert "An owner of the account accepts it." in page.text
            fields = (await browser.see("/console/you")).form("/mail").fields
            page = await browser.post(
                f"/console/contract/{service.project}/accept",
                {**fields, "version": newest.version, "digest": newest.digest},
            )
            assert page.status == 403
            assert "1.1-1" in page.text
            assert "Who may" in page.text
        assert "customer A, provider I" in page.text
        async with service.records.read() as work:
            assert await work.acceptances.of(service.project) == []

    serving.run(tmp_path, story)


async def lend(service: serving.Service) -> str:
    until = service.clock.now() + timedelta(days=3)
    wish = delegations.Wish(activity="2.1-2", reason="As agreed", expires_at=until)
    owner = actors.person(await visiting.put_customer(service, "lender@example.org"))
    made = await delegations.grant(visiting.context_of(service), owner, project_id=service.project, wish=wish)
    return made.id


def test_a_delegation_is_taken_back_by_its_party(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        await service.ready(name="shop")
        lent = await lend(service)
        page = await staff.see("/console/delegations")
        assert "As agreed" in page.text
        assert not page.has_form("/revoke")
        page = await owner.see("/console/delegations")
        assert "standing" in page.text
        assert [each.action for each in page.forms if each.action.endswith("/revoke")] == [
            f"/console/delegations/{service.project}/{lent}/revoke"
        ]
        form = page.form("/revoke")
        fields = (await staff.see("/console/you")).form("/mail").fields
        assert (await staff.post(form.action, fields)).status == 403
        page = await owner.submit(form)
        assert page.path == f"/console/delegations?project={service.project}&done=revoked"
        assert "Taken back" in page.text
        async with service.records.read() as work:
            gone = await work.delegations.get(lent)
        assert gone is not None
        assert gone.revoked_by == OWNER

    serving.run(tmp_path, story)


def test_a_ticket_from_both_sides(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        cluster = await service.ready(name="shop")
        form = (await owner.see("/console/tickets/new")).form("/new")
        about = f"{service.project}/{cluster['id']}"
        page = await owner.submit(form, cluster=about, severity="high", title="  ", text="Since noon <b>")
        assert page.status == 400
        assert "Since noon &lt;b&gt;" in page.source
        page = await owner.submit(form, cluster=about, severity="high", title="No nodes", text="Since noon")
        assert page.path.endswith("?done=opened")
        where = page.path.partition("?")[0]

        assert "1 ticket not answered yet" in (await staff.see("/console/inbox")).text
        page = await staff.see("/console/tickets")
        assert where in page.links
        page = await staff.submit((await staff.see(where)).form("/acknowledge"))
        assert f"Read by {STAFF}" in page.text
        page = await staff.submit(page.form("/answer"), text="We look")
        assert page.path == f"{where}?done=sent"
        page = await owner.see(where)
        assert "We look" in page.text
        page = await owner.submit(page.form("/close"))
        assert f"Closed by {OWNER}" in page.text
        assert not page.has_form("/answer")

        page = await staff.see("/console/tickets/new")
        assert not page.has_form("/new")
        assert "the customer's to open" in page.text

    serving.run(tmp_path, story)


def test_a_viewer_reads_and_writes_nothing(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        viewer = await visiting.customer(service, "viewer@example.org", "viewer")
        ticket_id = await visiting.reported(service)
        page = await viewer.see(f"/console/tickets/{service.project}/{ticket_id}")
        assert page.status == 200
        assert [each.action for each in page.forms] == ["/console/sign-out"]
        fields = page.form("/sign-out").fields
        page = await viewer.post(f"/console/tickets/{service.project}/{ticket_id}/answer", {**fields, "text": "me too"})
        assert page.status == 403

    serving.run(tmp_path, story)


def test_a_report_can_be_kept(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner, other = await visiting.customer(service), await visiting.stranger(service)
        cluster = await service.ready(name="shop")
        where = f"/console/clusters/{cluster['id']}/report"
        for form, kind in (("json", "application/json"), ("csv", "text/csv"), ("oscal", "application/json")):
            kept = await owner.see(f"{where}?format={form}")
            assert kept.status == 200
            assert kept.headers["content-type"].startswith(kind)
            assert kept.headers["content-disposition"].startswith("attachment")
            assert "3.1.6-4" in kept.source or form == "oscal"
            assert (await other.see(f"{where}?format={form}")).status == 404
        page = await owner.see(f"{where}?format=html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert (await owner.see(f"{where}?format=pdf")).status == 404
        for form in ("json", "csv", "html"):
            page = await owner.see(f"/console/clusters/report?format={form}")
            assert page.status == 200
            assert "3.1.6-4" in page.source
        for browser, seen in ((owner, True), (other, False)):
            assert (cluster["id"] in (await browser.see("/console/clusters/report?format=json")).source) is seen

    serving.run(tmp_path, story)


@pytest.mark.parametrize("path", ["", "?state=unknown", "?state=proven", "?state=nonsense"])
def test_both_parties_read_the_same_report(tmp_path: Path, path: str) -> None:
    async def story(service: serving.Service) -> None:
        owner, staff = await visiting.customer(service), await visiting.staff(service)
        cluster = await service.ready(name="shop")
        where = f"/console/clusters/{cluster['id']}/report"
        seen = [await browser.see(where + path) for browser in (owner, staff)]
        mains = [each.source.partition("<main")[2] for each in seen]
        assert mains[0] == mains[1]
        assert "All 58" in seen[0].text
        shown = seen[0].tags.count("tr") - 1
        assert shown == {"": 58, "?state=nonsense": 0}.get(path, shown)
        (link,) = [each for each in (await owner.see("/console/clusters")).links if cluster["id"] in each]
        assert link.startswith(where)

    serving.run(tmp_path, story)
