"""A log that is cut, renamed and read anywhere, by a steward that ends anywhere: nothing is lost or counted twice."""

import asyncio
import collections
import dataclasses
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from steward.domain import audits, clusters, networks, projects, versions
from steward.ports import records
from steward.reconcile import audits as audits_
from steward.reconcile import issuances
from steward.reconcile.services import Services
from steward.responsibility import audit_judging
from steward.runtimes.processes import audit_logs, places
from tests import fakes
from tests.unit.responsibility import audited
from tests.unit.responsibility.audited import ADMIN, CLUSTER, NOON, STEWARD


class Died(BaseException):
    """In the middle of a transaction."""


class Records(fakes.Records):
    """Of which the next transaction may be the last of its process."""

    def __init__(self) -> None:
        super().__init__()
        self.dies = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[records.Work]:
        async with super().begin() as work:
            yield work
            if self.dies:
                self.dies = False
                raise Died


class Stage:
    """A log in a folder, and a scanner that follows it."""

    def __init__(self, folder: Path) -> None:
        self.records = Records()
        self.clock = fakes.Clock(NOON)
        self.spot = places.Places(folder, "x")
        self.here = self.spot.cluster(CLUSTER)
        self.here.audit.mkdir(parents=True)
        self.number = 0
        self.held = b""  # of a line of which the first half is in the file
        self.files = 0
        self.written: collections.Counter[str] = collections.Counter()
        asyncio.run(self._begin())
        self.scanner = self.started()

    async def _begin(self) -> None:
        async with self.records.begin() as work:
            await work.clusters.save(_cluster())
            for user in (STEWARD, ADMIN, audit_judging.CANARY):
                issued = audited.issuance(user, expires_at=NOON + timedelta(days=9))
                await work.issuances.put(issued)

    def started(self) -> audits_.Scanner:
        nothing: Any = None
        services = Services(
            records=self.records,
            clock=self.clock,
            certificates=nothing,
            artifacts=nothing,
            control_planes=nothing,
            machines=nothing,
            guests=nothing,
            host=nothing,
            plan=networks.Plan(IPv4Network("100.64.0.0/12")),
            addons=nothing,
            wake=lambda subject: None,
            **_others(Services, audit_logs=audit_logs.ProcessAuditLogs(self.spot)),
        )
        return audits_.Scanner(services)

    def write(self, user: str) -> None:
        """The customer's, the provider's, or the canary's."""
        self.number += 1
        self.clock.moment += timedelta(seconds=1)
        more: dict[str, Any] = {"id": f"{self.number:08d}", "at": self.clock.moment}
        if user == audit_judging.CANARY:
            self._append(audited.event(user, "get", uri="/version?canary=1", **more))
        else:
            self._append(audited.event(user, "create", "configmaps", f"shop/{self.number}", **more))
            self.written[user] += 1

    def _append(self, document: dict[str, Any]) -> None:
        self.complete()
        self._put(audited.line(document) + b"\n")

    def tear(self) -> None:
        """The next line is half written while it is looked at."""
        self.complete()
        self.number += 1
        self.clock.moment += timedelta(seconds=1)
        line = audited.event(
            ADMIN, "create", "configmaps", f"shop/{self.number}", id=f"{self.number:08d}", at=self.clock.moment
        )
        whole = audited.line(line) + b"\n"
        self._put(whole[: len(whole) // 2])
        self.held = whole[len(whole) // 2 :]
        self.written[ADMIN] += 1

    def complete(self) -> None:
        if self.held:
            self._put(self.held)
            self.held = b""

    def _put(self, data: bytes) -> None:
        with open(self.here.audit_log, "ab") as file:
            file.write(data)

    def rotate(self) -> None:
        self.complete()
        if self.here.audit_log.exists():
            self.files += 1
            self.here.audit_log.rename(self.here.audit / f"audit-2026-{self.files:06d}.log")
            self._put(b"")  # the API server begins the next one at once

    def scan(self) -> None:
        asyncio.run(self.scanner.round())

    def die(self) -> None:
        """While it writes down what it read, if it does; another process goes on."""
        self.records.dies = True
        with suppress(Died):
            self.scan()
        self.records.dies = False
        self.scanner = self.started()

    def kept(self, noun: str) -> list[Any]:
        return list(self.records.kept.get(noun, {}).values())

    def found(self, sort: audits.Sort) -> list[audits.Finding]:
        return [each for each in self.kept("findings") if each.sort is sort]


def _cluster() -> clusters.Cluster:
    return clusters.Cluster(
        id=CLUSTER,
        project_id=projects.ProjectId("0" * 32),
        name="one",
        region="LOCAL1",
        version=versions.Version(1, 37, 2),
        pods=networks.DEFAULT_PODS,
        services=networks.DEFAULT_SERVICES,
        slot=0,
        created_at=NOON,
        updated_at=NOON,
    )


def _others(of: Any, **given: Any) -> dict[str, Any]:
    """The fields that are not named above: none of them is used by who follows logs."""
    named = {"records", "clock", "certificates", "artifacts", "control_planes", "machines", "guests", "host"}
    named |= {"plan", "addons", "wake"}
    without = (dataclasses.MISSING,)
    missing = [
        each.name
        for each in dataclasses.fields(of)
        if each.init and each.name not in named and each.default in without and each.default_factory in without
    ]
    return {**dict.fromkeys(missing), **given}


STEPS = st.sampled_from(["customer", "provider", "canary", "tear", "rotate", "scan", "scan", "die"])


@settings(max_examples=120, deadline=None)
@given(st.lists(STEPS, max_size=40), st.sampled_from([1, 700, 2**20]))
def test_whatever_happens_each_act_is_counted_once(steps: list[str], piece: int) -> None:
    users = {"customer": ADMIN, "provider": STEWARD, "canary": audit_judging.CANARY}
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        before, audits_.PIECE = audits_.PIECE, piece
        try:
            for step in steps:
                if step in users:
                    stage.write(users[step])
                else:
                    getattr(stage, step)()
            stage.complete()
            for _ in range(12):  # of a small piece, each round reads a few lines
                stage.scan()
        finally:
            audits_.PIECE = before
        tallies = stage.kept("tallies")
        row = [each for each in tallies if each.activity == "2.3-3"]
        assert sum(each.by_customer for each in row) == stage.written[ADMIN]
        assert sum(each.breaches for each in row) == stage.written[STEWARD]
        assert len(stage.found(audits.Sort.BREACH)) == stage.written[STEWARD]
        assert stage.found(audits.Sort.GAP) == []


def test_a_file_that_nobody_had_read_yet_is_a_gap(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write(audit_judging.CANARY)
    stage.scan()
    assert stage.kept("positions")[0].whole_since is not None
    stage.write(ADMIN)
    stage.rotate()
    stage.write(ADMIN)
    for path in stage.here.audit.glob("audit-*.log"):
        path.unlink()
    stage.scan()
    assert [each.rule for each in stage.found(audits.Sort.GAP)] == ["gap"]
    assert stage.kept("positions")[0].whole_since is None
    stage.write(audit_judging.CANARY)
    stage.scan()
    assert stage.kept("positions")[0].whole_since == stage.clock.moment


def test_canaries_that_are_too_far_apart_are_a_gap_although_nothing_is_missing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for pause in (0, 60, 149, 200, 60):
        stage.clock.moment += timedelta(seconds=pause)
        stage.write(audit_judging.CANARY)
    stage.scan()
    (gap,) = stage.found(audits.Sort.GAP)
    assert "no canary was seen between" in gap.text


def test_identities_are_named_as_the_contract_wants() -> None:
    every = [each for each in vars(issuances).values() if isinstance(each, issuances.Identity)]
    assert len({each.user for each in every}) == len(every) >= 6
    assert [each.purpose for each in every if issuances.MASTERS in each.groups] == ["bootstrap"]
    assert all(each.life <= timedelta(minutes=30) and issuances.GROUP in each.groups for each in every)
    assert issuances.CANARY.user == audit_judging.CANARY
