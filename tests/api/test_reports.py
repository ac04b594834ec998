"""Coverage reports on the wire: the same states for both parties, facts for whom they are, four forms."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest
from trestle.oscal import assessment_results

from steward.api.reports import pages
from steward.domain import clusters, evidence, projects
from steward.domain.evidence import Outcome
from steward.kit import notes, reports
from steward.operations import checkpoints, coverage
from tests.api import persons, serving

SEEN = {
    "2.1-2": ("changes", Outcome.PROVEN, {"changes": 1}),
    "3.1.2-3": ("bindings", Outcome.BREACHED, {"bindings": {"cluster-admin": ["User:alice"]}}),
    "3.1.5-4": ("connections", Outcome.PROVEN, {"protocol": "TLSv1.3"}),
    "3.1.6-1": ("inventory", Outcome.PROVEN, {"inventory": {"nodes": []}}),
}
SCRIPT = "<script>alert(1)</script>"


async def keep(service: serving.Service, subject: str, activity: str, saw: tuple[str, Outcome, Any]) -> None:
    collector, outcome, facts = saw
    now = service.clock.now()
    piece = evidence.Evidence(
        activity=activity,
        subject=subject,
        collector=collector,
        observed_at=now,
        valid_until=now + timedelta(hours=1),
        outcome=outcome,
        summary=f"{collector} saw {SCRIPT}",
        facts=facts,
    )
    project = None if subject == evidence.FLEET else projects.ProjectId(service.project)
    async with service.records.begin() as work:
        await coverage.keep(work, piece, project)


async def seen(service: serving.Service) -> str:
    """A cluster about which something is known; where its report is."""
    cluster = (await service.ready())["id"]
    for activity, saw in SEEN.items():
        await keep(service, evidence.of_cluster(clusters.ClusterId(cluster)), activity, saw)
    await keep(service, evidence.FLEET, "3.1.6-2", ("risks", Outcome.PROVEN, {"open": 3}))
    return f"/native/projects/{service.project}/kube/{cluster}/report"


async def text(service: serving.Service, path: str) -> httpx2.Response:
    return await service.http.get(path, headers={"authorization": f"Bearer {serving.TOKEN}"})


def rows(answer: serving.Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return {each["activity"]: each for each in answer.body["rows"]}


def test_both_parties_read_the_same_states_ages_and_digests(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        await service.clock.sleep(60)
        mine, theirs = rows(await service.call("GET", path, prefix="")), rows(await service.operator("GET", path))
        assert len(mine) == 58
        same = ("state", "reason", "observedAt", "validUntil", "attestedBy", "digest", "parts")
        for activity, row in mine.items():
            assert {name: row[name] for name in same} == {name: theirs[activity][name] for name in same}
            assert abs(row["ageSeconds"] - theirs[activity]["ageSeconds"]) <= 2 if row["ageSeconds"] else True
        assert mine["3.1.2-3"]["state"] == "breached"
        assert mine["3.1.6-1"]["state"] == "unknown", "the customer has no receipt"

    serving.run(tmp_path, story)


def test_facts_are_for_whom_they_are(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        mine, theirs = rows(await service.call("GET", path, prefix="")), rows(await service.operator("GET", path))
        assert mine["3.1.2-3"]["facts"][0]["facts"] == SEEN["3.1.2-3"][2]
        hidden = theirs["3.1.2-3"]["facts"][0]
        assert (hidden["facts"], hidden["digest"]) == ({}, mine["3.1.2-3"]["facts"][0]["digest"])
        assert "the customer's" in hidden["hidden"]
        assert "alice" not in (await service.operator("GET", path)).text
        assert theirs["3.1.6-1"]["facts"][0]["facts"] == SEEN["3.1.6-1"][2]
        fleet = mine["3.1.6-2"]["facts"][0]
        assert (fleet["facts"], bool(fleet["hidden"])) == ({}, True)
        assert theirs["3.1.6-2"]["facts"][0]["facts"] == {"open": 3}

    serving.run(tmp_path, story)


def test_a_report_of_somebody_else_is_not_there(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        _, keys = await service.customer_of("zz9-other")
        answer = await service.call("GET", path, prefix="", keys=keys)
        assert answer.status == 404
        mine = await service.call("GET", "/native/report", prefix="", keys=keys)
        assert (mine.status, mine.body["clusters"]) == (200, [])

    serving.run(tmp_path, story)


def test_the_fleet_is_counted_row_by_row(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await seen(service)
        await service.ready()
        found = await service.operator("GET", "/native/report")
        assert len(found.body["clusters"]) == 2
        counted = rows(found)["3.1.2-3"]["states"]
        assert (counted["breached"], counted["unknown"]) == (1, 1)
        assert "percent" not in found.text
        assert sorted(each["breached"] for each in found.body["clusters"]) == [[], ["3.1.2-3"]]
        assert len((await service.call("GET", "/native/report", prefix="")).body["clusters"]) == 2

    serving.run(tmp_path, story)


def test_the_ledger_holds_digests_and_no_facts(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await seen(service)
        async with service.records.read() as work:
            leaves = [each.leaf for each in await work.ledger.entries(f"project-{service.project}")]
        kept = [leaf for leaf in leaves if '"kind":"evidence"' in leaf]
        assert len(kept) == len(SEEN)
        assert not any("alice" in leaf or "TLSv1.3" in leaf for leaf in kept)
        assert sum(evidence.digest(SEEN["3.1.2-3"][2]) in leaf for leaf in kept) == 1

    serving.run(tmp_path, story)


@pytest.mark.parametrize("wrong", ["pdf", "", "HTML "])
def test_an_unknown_form_is_named(tmp_path: Path, wrong: str) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        answer = await service.operator("GET", f"{path}?format={wrong}")
        assert answer.status == 400
        assert "json, csv, html, oscal" in answer.body["message"]

    serving.run(tmp_path, story)


def test_the_sheet_has_a_line_for_each_row_and_no_formula(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        response = await text(service, f"{path}?format=csv")
        assert response.headers["content-type"].startswith("text/csv")
        read = list(csv.DictReader(io.StringIO(response.text)))
        assert len(read) == 58
        assert [each["disputed"] for each in read].count("true") == 2
        assert {each["state"] for each in read} >= {"breached", "unknown", "not applicable"}
        assert not any(cell.startswith(("=", "+", "@")) for line in read for cell in line.values())
        fleet = list(csv.DictReader(io.StringIO((await text(service, "/native/report?format=csv")).text)))
        assert next(each for each in fleet if each["activity"] == "3.1.2-3")["breached"] == "1"

    serving.run(tmp_path, story)


class _Page(HTMLParser):
    """What the checks below ask about a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.outside += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("of_fleet", [False, True])
def test_the_page_is_safe_whole_and_readable(tmp_path: Path, of_fleet: bool) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        response = await text(service, f"{'/native/report' if of_fleet else path}?format=html")
        assert response.headers["content-security-policy"] == pages.POLICY
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "script-src" not in pages.POLICY
        assert "default-src 'none'" in pages.POLICY
        page = _Page()
        page.feed(response.text)
        assert page.open == []
        assert not {"script", "iframe", "link", "img", "object", "form"} & set(page.tags)
        assert page.outside == []
        assert SCRIPT not in response.text
        assert "style" not in [name for name, _ in page.attributes], "no style that the policy would not allow"
        assert ("lang", "en") in page.attributes
        assert page.tags.count("h1") == 1
        assert page.tags.count("caption") == page.tags.count("table")
        assert {value for name, value in page.attributes if name == "scope"} == {"row", "col"}
        assert re.search(r"</span>breached</span>", response.text), "a word, and no colour alone"
        assert "@media print" in response.text
        assert "@media (max-width" in response.text

    serving.run(tmp_path, story)


def test_a_report_is_sealed_and_an_altered_row_is_named(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        unsealed = (await service.call("GET", path, prefix="")).body
        assert not reports.verify(unsealed).holds
        async with service.records.begin() as work:
            await checkpoints.signed(
                work, f"project-{service.project}", at=service.clock.now(), service="steward.local"
            )
        report = (await service.call("GET", path, prefix="")).body
        (known,) = (await service.call("GET", f"/native/projects/{service.project}/ledger/keys", prefix="")).body
        key = notes.read_key(known["key"])
        verdict = reports.verify(report, trusted=[key])
        assert (verdict.holds, verdict.rows, verdict.remarks) == (True, 58, ())
        other = notes.Key(name=key.name, public=notes.public_of(notes.new_secret()))
        assert not reports.verify(report, trusted=[other]).holds
        for row in report["rows"]:
            forged = json.loads(json.dumps(report))
            next(each for each in forged["rows"] if each["activity"] == row["activity"])["state"] = "proven!"
            assert reports.verify(forged, trusted=[key]).altered == (row["activity"],)
        shorter = {**report, "rows": report["rows"][1:]}
        assert reports.verify(shorter, trusted=[key]).altered == (report["rows"][0]["activity"],)
        first, *others = report["rows"]
        for rows in ([{**first, "state": "proven!"}, first, *others], [first, first, *others], [*others, first]):
            assert not reports.verify({**report, "rows": rows}, trusted=[key]).holds, "repeated, or in another order"
        assert reports.verify({**report, "at": "2020"}, trusted=[key]).altered == ("head",)
        for broken in (None, 7, {}, {"key": key.text, "note": "x"}, {"key": "x", "note": report["proof"]["note"]}):
            assert not reports.verify({**report, "proof": broken}).holds

    serving.run(tmp_path, story)


def test_oscal_is_what_its_own_tools_read(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        answer = await service.call("GET", f"{path}?format=oscal", prefix="")
        written = tmp_path / "results.json"
        written.write_text(answer.text)
        read = assessment_results.AssessmentResults.oscal_read(written)
        assert read is not None
        (result,) = read.results
        assert result.findings is not None
        states = {each.target.target_id: each.target.status.state.value for each in result.findings}
        assert states["activity-3.1.2-3"] == "not-satisfied"
        assert states["activity-3.1.5-4"] == "not-satisfied", "one of its sources was never looked at"
        assert "activity-2.1-2" in states
        left_out = [each for each in result.reviewed_controls.control_selections if each.exclude_controls]
        assert left_out, "what is not applicable yet"
        assert result.observations is not None
        known = {each.uuid for each in result.observations}
        assert {
            each.observation_uuid for finding in result.findings for each in finding.related_observations or ()
        } <= known
        digests = [prop.value for each in result.observations for prop in each.props or () if prop.name == "sha-256"]
        assert evidence.digest(SEEN["3.1.2-3"][2]) in digests
        again = await service.call("GET", f"{path}?format=oscal", prefix="")
        assert {each["uuid"] for each in again.body["assessment-results"]["results"]}

    serving.run(tmp_path, story)


def test_oscal_of_all_clusters_has_a_result_for_each(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        assert (await service.operator("GET", "/native/report?format=oscal")).status == 404
        await seen(service)
        await service.ready()
        answer = await service.operator("GET", "/native/report?format=oscal")
        written = tmp_path / "fleet.json"
        written.write_text(answer.text)
        read = assessment_results.AssessmentResults.oscal_read(written)
        assert read is not None
        assert len(read.results) == 2
        assert len({each.uuid for each in read.results}) == 2
        own = await service.call("GET", "/native/report?format=oscal", prefix="")
        assert len(own.body["assessment-results"]["results"]) == 2

    serving.run(tmp_path, story)


def test_a_cluster_that_is_gone_still_has_its_report(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        cluster = path.split("/")[5]
        await keep(service, f"cluster:{cluster}", "5.1-1", ("deletions", Outcome.PROVEN, {}))
        async with service.records.begin() as work:
            await work.clusters.remove(clusters.ClusterId(cluster))
        answer = await service.call("GET", path, prefix="")
        assert (answer.body["ended"], answer.body["name"]) == (True, "")
        assert rows(answer)["5.1-1"]["parts"][0]["state"] == "proven"

    serving.run(tmp_path, story)


def test_evidence_grows_stale_without_anybody_doing_anything(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await seen(service)
        susi = await persons.present(service, "auditor")
        await service.clock.sleep(3700)
        found = rows(await susi.call("GET", path))
        assert (found["2.1-2"]["state"], found["3.1.2-3"]["state"]) == ("stale", "breached")
        assert datetime.fromisoformat(found["2.1-2"]["validUntil"]) < service.clock.now()

    serving.run(tmp_path, story)
