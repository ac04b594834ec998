"""Following the audit log of clusters that live: what it proves, what it finds, and when nothing is known."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from steward.catalogue import addons
from steward.domain import audits, clusters, evidence, ledgers, projects
from steward.ports import certificates
from steward.ports.control_planes import Part
from steward.reconcile import audit_evidence, credentials, issuances
from steward.reconcile import audits as audits_
from steward.responsibility import audit_judging, audit_rules
from steward.runtimes.simulated import audit_logs
from tests.unit.reconcile.sites import Site
from tests.unit.responsibility import audited

Play = Callable[..., None]
PROVEN, BREACHED, UNKNOWN = evidence.Outcome.PROVEN, evidence.Outcome.BREACHED, evidence.Outcome.UNKNOWN
SOON = 10.0


async def states(site: Site, cluster_id: str) -> dict[str, evidence.Outcome]:
    async with site.records.read() as work:
        found = await work.evidence.of(evidence.of_cluster(clusters.ClusterId(cluster_id)))
    return {each.activity: each.outcome for each in found if each.collector == audit_evidence.COLLECTOR}


async def findings(site: Site, cluster_id: str, sort: audits.Sort = audits.Sort.BREACH) -> Sequence[audits.Finding]:
    async with site.records.read() as work:
        return [each for each in await work.findings.of(cluster_id) if each.sort is sort]


async def until(site: Site, cluster_id: str, outcome: evidence.Outcome, *rows: str, within: float = 120) -> None:
    async def so() -> bool:
        found = await states(site, cluster_id)
        return all(found.get(each) is outcome for each in rows)

    await site.clock.until(so, within=within, what=f"{rows} being {outcome}")


async def proven(site: Site, *sizes: int) -> str:
    cluster_id = await site.standing(*sizes)
    await until(site, cluster_id, PROVEN, *audit_rules.NEGATIVE, audit_rules.CREDENTIALS)
    return cluster_id


def write(site: Site, cluster_id: str, user: str, deed: audit_logs.Deed, certificate: str = "") -> None:
    extra = {"authentication.kubernetes.io/credential-id": [f"X509SHA256={certificate}"]} if certificate else {}
    found = audit_logs.event(site.clock.now(), {"username": user, "extra": extra}, deed)
    audit_logs.write(site.world, cluster_id, found)


async def fingerprint(site: Site, cluster_id: str, user: str) -> str:
    async with site.records.read() as work:
        return next(each.fingerprint for each in await work.issuances.of(cluster_id) if each.user == user)


ROGUE = audit_logs.Deed(verb="create", resource="deployments", group="apps", namespace="shop", name="web")


def test_a_life_of_every_day_has_no_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site, 2)
        (pool,) = await site.pools(cluster_id)
        for size in (3, 1):
            await site.resize(cluster_id, pool.id, size)
            await site.settled()
        await site.clock.sleep(600)
        assert await findings(site, cluster_id) == []
        assert await findings(site, cluster_id, audits.Sort.GAP) == []
        found = await states(site, cluster_id)
        assert set(found) == set(audit_evidence.ROWS)
        assert found.pop(audit_rules.IMPORT_EXPORT) is UNKNOWN, "only the customer can prove that one"
        assert set(found.values()) == {PROVEN}
        async with site.records.read() as work:
            tallies = {each.activity: each for each in await work.tallies.of(cluster_id)}
        assert tallies["3.2.2-4"].by_provider > 6, "nodes come, are emptied, and go"

    play(story)


def test_nothing_of_it_is_left_with_the_cluster(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site, 1)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        await site.clock.sleep(300)
        async with site.records.read() as work:
            for noun in (work.issuances, work.positions, work.findings, work.tallies):
                assert await noun.all() == []

    play(story)


def test_a_write_of_the_provider_is_found_in_seconds_told_and_logged(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site, 1)
        keeper = issuances.NODE_KEEPER.user
        certificate = await fingerprint(site, cluster_id, keeper)
        write(site, cluster_id, keeper, ROGUE, certificate)
        await until(site, cluster_id, BREACHED, "2.3-2", within=SOON)
        (found,) = await findings(site, cluster_id)
        assert (found.user, found.name, found.fingerprint) == (keeper, "web", certificate)
        states_ = await states(site, cluster_id)
        assert [row for row, outcome in states_.items() if outcome is BREACHED] == ["2.3-2"]
        assert "audit:breach" in await site.events(cluster_id)
        async with site.records.read() as work:
            told = [each for each in await work.notices.all() if each.type == "audit:breach"]
        assert {(each.party, each.severity.value) for each in told} == {("customer", "urgent"), ("provider", "urgent")}

    play(story)


@pytest.mark.campaign
def test_the_same_of_the_customer_is_none_and_proves_what_only_it_can(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        certificate = await fingerprint(site, cluster_id, credentials.ADMIN)
        customer = {"agent": "kubectl/v1.37.2"}
        write(site, cluster_id, credentials.ADMIN, dataclasses.replace(ROGUE, **customer), certificate)
        listed = audit_logs.Deed(verb="list", resource="pods", namespace="shop", **customer)
        write(site, cluster_id, credentials.ADMIN, listed, certificate)
        await until(site, cluster_id, PROVEN, audit_rules.IMPORT_EXPORT, within=1000)
        assert await findings(site, cluster_id) == []

    play(story)


def test_a_stranger_with_a_certificate_of_the_authority_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        for _ in range(5):
            write(site, cluster_id, "mallory", audit_logs.Deed(verb="list", resource="pods"), "made by hand")
        await until(site, cluster_id, BREACHED, audit_rules.CREDENTIALS, within=SOON)
        assert [each.rule for each in await findings(site, cluster_id)] == ["not in the ledger"]

    play(story)


def test_what_the_clusters_own_signing_gave_out_is_the_customers(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        signed = site.steward.services.certificates.issue(
            certificates.KeyPair(key=""), certificates.Request(common_name="alice")
        )
        with site.world.changing(cluster_id) as place:
            assert place.data is not None
            place.data.signed_certificates["alice"] = signed.certificate
        by_hand = dataclasses.replace(ROGUE, agent="kubectl/v1.37.2")
        write(site, cluster_id, "alice", by_hand, audit_logs.fingerprint(signed.certificate))
        await site.clock.sleep(SOON)
        assert await findings(site, cluster_id) == []
        async with site.records.read() as work:
            (learned,) = [each for each in await work.issuances.of(cluster_id) if each.user == "alice"]
        assert (learned.party, learned.purpose) == ("customer", "csr:alice")

    play(story)


def test_without_the_canary_nothing_is_known_until_it_sings_again(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        site.faults.mute(cluster_id)
        await site.clock.sleep(audits_.LATE.total_seconds() - 60)
        assert UNKNOWN not in {(await states(site, cluster_id))["2.3-1"]}
        await until(site, cluster_id, UNKNOWN, *audit_rules.NEGATIVE)
        assert len(await findings(site, cluster_id, audits.Sort.GAP)) == 1
        site.faults.mute(cluster_id, muted=False)
        began = site.clock.now()
        await until(site, cluster_id, PROVEN, *audit_rules.NEGATIVE)
        async with site.records.read() as work:
            position = await work.positions.get(cluster_id)
        assert position is not None
        assert position.whole_since is not None
        assert position.whole_since >= began, "what was before stays unknown"

    play(story)


def test_a_short_end_of_steward_is_no_gap_and_a_long_one_is(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        await site.kill()
        keeper = issuances.NODE_KEEPER
        write(site, cluster_id, keeper.user, ROGUE, "unheard of")
        await site.clock.sleep(60)
        await site.begin()
        await until(site, cluster_id, BREACHED, "2.3-2", "3.1.2-2")
        assert await findings(site, cluster_id, audits.Sort.GAP) == []
        await site.kill()
        await site.clock.sleep(600)
        await site.begin()
        await site.clock.sleep(120)
        assert len(await findings(site, cluster_id, audits.Sort.GAP)) == 1
        await until(site, cluster_id, PROVEN, "2.3-1")

    play(story)


def test_a_log_that_is_gone_and_one_that_is_no_log_are_gaps(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        site.world.trails[cluster_id].lines.append(b"no event\n")
        site.world.trails[cluster_id].written += len(b"no event\n")
        await site.clock.sleep(SOON)
        site.world.trails.pop(cluster_id)
        await site.clock.sleep(120)
        said = [each.text for each in await findings(site, cluster_id, audits.Sort.GAP)]
        assert [("no events" in each, "is gone" in each) for each in said] == [(True, False), (False, True)]
        await until(site, cluster_id, PROVEN, "2.3-1")

    play(story)


def test_a_new_api_server_is_a_gap_because_it_wrote_beside_the_requests(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        site.faults.kill_part(cluster_id, Part.API_SERVER)
        await site.clock.sleep(150)
        assert ["API server" in each.text for each in await findings(site, cluster_id, audits.Sort.GAP)] == [True]

    play(story)


def test_identities_are_issued_anew_before_their_end_and_after_a_restart(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site)
        canary = audit_judging.CANARY
        await site.clock.sleep(2700)
        async with site.records.read() as work:
            issued = [each for each in await work.issuances.of(cluster_id) if each.user == canary]
        lives = [(each.expires_at - each.issued_at) for each in issued]
        assert len(issued) == 3
        assert max(lives) == issuances.LIFE
        assert all(later.issued_at < earlier.expires_at for earlier, later in itertools.pairwise(issued))
        await site.restart()
        await site.clock.sleep(60)
        async with site.records.read() as work:
            again = [each for each in await work.issuances.of(cluster_id) if each.user == canary]
        assert len(again) == len(issued) + 1, "keys of an identity end with the process"

    play(story)


def test_masters_end_with_the_installation(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await proven(site, 1)
        await site.restart()
        await site.clock.sleep(600)
        async with site.records.read() as work:
            cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
            issued = [each for each in await work.issuances.of(cluster_id) if each.user == issuances.BOOTSTRAP.user]
        assert cluster is not None
        assert cluster.installed_at is not None
        assert issued
        assert all(each.issued_at < cluster.installed_at for each in issued)

    play(story)


@pytest.mark.campaign
def test_evidence_that_stays_the_same_enters_the_ledger_hourly_at_most(play: Play) -> None:
    async def story(site: Site) -> None:
        await proven(site)
        before = await _entries(site)
        await site.clock.sleep(4000)
        assert await _entries(site) - before <= len(audit_evidence.ROWS)

    play(story)


def test_a_cluster_of_an_earlier_release_is_given_its_rights_once(play: Play) -> None:
    """It had identities that were valid for a year, and no rights for those that live for minutes."""

    async def story(site: Site) -> None:
        cluster_id = clusters.ClusterId(await proven(site))
        async with site.records.begin() as work:
            files = await credentials.load(work, cluster_id)
            del files[credentials.RIGHTS]
            old = {"installer.crt": "valid for a year", "installer.key": "a key", "node-keeper.crt": "so is this"}
            await credentials.keep(work, cluster_id, {**files, **old})
        with site.world.changing(cluster_id) as place:
            assert place.data is not None
            place.data.manifests.clear()
        await site.restart()
        await site.clock.sleep(60)
        async with site.records.read() as work:
            now = await credentials.load(work, cluster_id)
        assert now == files | {credentials.RIGHTS: addons.rights_digest()}
        written = set(site.world.places[cluster_id].data.manifests)  # type: ignore[union-attr]
        assert {each.rpartition("/")[2] for each in written} == {
            each["metadata"]["name"] for each in addons.rights()
        }, "and nothing else is put back"
        assert await findings(site, cluster_id) == []

    play(story)


def test_other_rights_of_a_release_are_given_by_the_installer(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = clusters.ClusterId(await proven(site))
        async with site.records.begin() as work:
            files = await credentials.load(work, cluster_id)
            await credentials.keep(work, cluster_id, {**files, credentials.RIGHTS: "those of another release"})
        await site.restart()
        await site.clock.sleep(60)
        async with site.records.read() as work:
            assert (await credentials.load(work, cluster_id)) == files
            issued = [each.user for each in await work.issuances.of(cluster_id)]
        assert issued.count(issuances.BOOTSTRAP.user) == 1
        assert issued.count(issuances.INSTALLER.user) == 2

    play(story)


def test_credentials_and_counts_of_long_ago_are_forgotten_and_breaches_are_not(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = clusters.ClusterId(await proven(site))
        now = site.clock.now()
        long_ago = now - timedelta(days=100)
        async with site.records.begin() as work:
            (known, *_) = await work.issuances.of(cluster_id)
            for number, end in enumerate((now - timedelta(days=8), now - timedelta(days=6))):
                await work.issuances.put(dataclasses.replace(known, fingerprint=f"old-{number}", expires_at=end))
            day = long_ago.strftime("%Y-%m-%d")
            await work.tallies.put(audits.Tally(id="old", cluster_id=cluster_id, activity="2.3-1", day=day))
            for sort in (audits.Sort.GAP, audits.Sort.BREACH):
                finding = _finding(cluster_id, sort)
                await work.findings.put(dataclasses.replace(finding, at=long_ago))
        await site.restart()
        await site.clock.sleep(10)
        async with site.records.read() as work:
            assert await work.issuances.get("old-0") is None
            assert await work.issuances.get("old-1") is not None
            assert await work.tallies.get("old") is None
            assert [each.id for each in await work.findings.of(cluster_id)] == ["breach"]

    play(story)


def test_what_the_customer_does_pushes_no_breach_out_of_the_evidence(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = clusters.ClusterId(await site.standing(1))
        async with site.records.begin() as work:
            breach = dataclasses.replace(_finding(cluster_id, audits.Sort.BREACH), at=site.clock.now())
            await work.findings.put(breach)
            for number in range(3):
                act = _finding(cluster_id, audits.Sort.CUSTOMER_ACT)
                await work.findings.put(dataclasses.replace(act, id=f"act-{number}", at=site.clock.now()))
        async with site.records.read() as work:
            assert [each.id for each in await work.findings.of(cluster_id)] == ["breach"]
            assert len(await work.findings.of(audits.acts_of(cluster_id))) == 3
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        async with site.records.read() as work:
            assert [*await work.findings.of(cluster_id), *await work.findings.of(audits.acts_of(cluster_id))] == []

    play(story)


def _finding(cluster_id: clusters.ClusterId, sort: audits.Sort) -> audits.Finding:
    return audits.Finding(
        id=sort.value,
        cluster_id=cluster_id,
        activity="2.3-1",
        sort=sort,
        rule="a rule",
        at=audited.NOON,
        user="somebody",
        party="provider",
        verb="create",
        resource="pods",
        text="something",
    )


async def _entries(site: Site) -> int:
    async with site.records.read() as work:
        log = ledgers.log_of(projects.ProjectId(site.project_id))
        found: list[Any] = list(await work.ledger.entries(log, limit=100_000))
    return sum('"collector":"audit"' in each.leaf for each in found)
