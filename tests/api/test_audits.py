"""What either party reads of a cluster's audit log, and what is another's business."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from steward.domain import audits, clusters, errors
from tests.api import serving
from tests.api.serving import Service

PARTS = ("findings", "issuances", "windows")


async def looked_at(service: Service) -> str:
    """A cluster with a breach, a gap, certificates of both parties, and counts."""
    made = await service.ready()
    cluster_id, now = clusters.ClusterId(made["id"]), service.clock.now()
    async with service.records.begin() as work:
        await work.positions.put(
            audits.Position(cluster_id=cluster_id, inode=1, offset=2, last_event_at=now, whole_since=now, canary_at=now)
        )
        for sort in (audits.Sort.BREACH, audits.Sort.GAP):
            await work.findings.put(_finding(cluster_id, sort, now))
        for purpose, party in (
            ("nodes", errors.PROVIDER),
            ("kubeconfig", errors.CUSTOMER),
            ("csr:alice", errors.CUSTOMER),
        ):
            await work.issuances.put(
                audits.Issuance(
                    fingerprint=f"of {purpose}",
                    cluster_id=cluster_id,
                    user=purpose,
                    party=party,
                    activity="3.2.2-4",
                    purpose=purpose,
                    issued_at=now,
                    expires_at=now + timedelta(minutes=30),
                )
            )
        tally = audits.Tally(id="one", cluster_id=cluster_id, activity="2.3-1", day="2030-01-01", by_customer=7)
        await work.tallies.put(tally)
    return cluster_id


def _finding(cluster_id: clusters.ClusterId, sort: audits.Sort, at: Any) -> audits.Finding:
    return audits.Finding(
        id=f"{cluster_id}/{sort.value}",
        cluster_id=cluster_id,
        activity="2.3-1",
        sort=sort,
        rule="a rule",
        at=at,
        user="steward:3.2.2-4:nodes",
        party=errors.PROVIDER,
        verb="create",
        resource="pods",
        text="what was done",
    )


def path(service: Service, cluster_id: str, part: str) -> str:
    return f"/native/projects/{service.project}/kube/{cluster_id}/audit/{part}"


def test_both_parties_read_the_same_findings(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster_id = await looked_at(service)
        mine = await service.call("GET", path(service, cluster_id, "findings"), prefix="")
        theirs = await service.operator("GET", path(service, cluster_id, "findings"))
        assert mine.status == theirs.status == 200
        assert mine.body == theirs.body
        assert [each["sort"] for each in mine.body] == ["breach", "gap"]
        assert mine.body[0]["text"] == "what was done"
        one = await service.call("GET", path(service, cluster_id, "findings?limit=1"), prefix="")
        assert [each["sort"] for each in one.body] == ["gap"]

    serving.run(tmp_path, story)


def test_the_customer_reads_every_credential_and_the_provider_not_those_that_the_customer_signed(
    tmp_path: Path,
) -> None:
    async def story(service: Service) -> None:
        cluster_id = await looked_at(service)
        mine = await service.call("GET", path(service, cluster_id, "issuances"), prefix="")
        theirs = await service.operator("GET", path(service, cluster_id, "issuances"))
        assert [each["purpose"] for each in mine.body] == ["nodes", "kubeconfig", "csr:alice"]
        assert [each["purpose"] for each in theirs.body] == ["nodes", "kubeconfig"]

    serving.run(tmp_path, story)


def test_windows_and_counts_are_both_parties_but_for_what_the_customer_does(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster_id = await looked_at(service)
        mine = (await service.call("GET", path(service, cluster_id, "windows"), prefix="")).body
        theirs = (await service.operator("GET", path(service, cluster_id, "windows"))).body
        assert mine["since"] == theirs["since"] == mine["until"]
        assert [each["sort"] for each in mine["gaps"]] == ["gap"]
        assert (mine["tallies"][0]["byCustomer"], theirs["tallies"][0]["byCustomer"]) == (7, None)

    serving.run(tmp_path, story)


def test_of_a_cluster_that_nobody_looked_at_nothing_is_known(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        made = await service.ready()
        found = (await service.call("GET", path(service, made["id"], "windows"), prefix="")).body
        assert (found["since"], found["until"], found["gaps"], found["tallies"]) == (None, None, [], [])

    serving.run(tmp_path, story)


@pytest.mark.parametrize("part", PARTS)
def test_another_customers_cluster_is_not_there(tmp_path: Path, part: str) -> None:
    async def story(service: Service) -> None:
        cluster_id = await looked_at(service)
        project, stranger = await service.customer_of("zz9-local")
        for where in (service.project, project):
            wanted = f"/native/projects/{where}/kube/{cluster_id}/audit/{part}"
            assert (await service.call("GET", wanted, keys=stranger, prefix="")).status == 404
        assert (await service.call("GET", path(service, "x", part), prefix="")).status == 404
        for limit in ("0", "1001", "x") if part == "findings" else ():
            answer = await service.call("GET", path(service, cluster_id, f"findings?limit={limit}"), prefix="")
            assert answer.status == 400

    serving.run(tmp_path, story)
