"""Follows the audit log of every cluster: what the provider did there, and where nothing is known.

Each piece of a log is judged and written down in one transaction with how far was read, so nothing is lost and
nothing counted twice, whatever ends when. What the counts prove is `audit_evidence`'s.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from steward.domain import audits, clusters, errors, incidents
from steward.domain import nodes as nodes_
from steward.operations import history
from steward.ports import audit_logs, guests, records
from steward.reconcile import audit_evidence, audit_pruning, canaries, entries, issuances
from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services
from steward.responsibility import audit_judging, audit_rules
from steward.responsibility.audit_judging import Facts, Judgement

log = structlog.get_logger(__name__)

ACTIVITY = "3.1.2-2"
LOOK_EVERY = 2.0  # seconds
NEW_CLUSTERS_EVERY = timedelta(seconds=10)
ASK_AT_MOST = timedelta(minutes=1)  # which certificates a cluster has signed; then they count as unknown
SIGNING = "certificatesigningrequests"
PIECE = 2**20  # bytes that are judged at a time
PIECES_AT_ONCE = 8  # of one cluster, before the others have their turn
LATE = timedelta(seconds=150)  # without a canary, after which nothing is known
TOLD_AT_ONCE = 20  # breaches of one piece that each get an event of their own


def jobs(services: Services) -> list[jobs_.Job]:
    scanner = Scanner(services)
    singers = canaries.Canaries(services, scanner.entered)
    return [
        jobs_.Job(name="audit-logs", activity=ACTIVITY, every=LOOK_EVERY, act=scanner.round),
        jobs_.Job(name="audit-canaries", activity=ACTIVITY, every=LOOK_EVERY, act=singers.round),
        *audit_pruning.jobs(services),
    ]


@dataclass(slots=True)
class _Followed:
    """One cluster's log, as far as this process knows it."""

    cluster: clusters.Cluster
    position: audits.Position
    glance: audit_logs.Glance | None = None
    assess_at: datetime | None = None
    canary: audits.Issuance | None = None  # whose song was heard last
    asked_since: datetime | None = None  # the cluster did not say which certificates it has signed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What came of one piece: where the reading stands now, what it said, and what is not known."""

    position: audits.Position
    judgement: Judgement
    gaps: tuple[audits.Finding, ...] = ()
    issuances: tuple[audits.Issuance, ...] = ()  # learned from the cluster's own signing


class Scanner:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._followed: dict[clusters.ClusterId, _Followed] = {}
        self._listed_at: datetime | None = None

    async def round(self) -> None:
        await self._list()
        for each in list(self._followed.values()):
            try:
                await self._follow(each)
            except (errors.Refusal, guests.NotAnswering, OSError) as reason:
                log.warning("audit log not followed", cluster=each.cluster.id, reason=str(reason))

    def entered(self) -> list[clusters.Cluster]:
        """The clusters that answered at least once, as of the last look at the list."""
        return [each.cluster for each in self._followed.values() if each.cluster.installed_version]

    async def _list(self) -> None:
        now = self._services.clock.now()
        if self._listed_at is not None and timedelta() <= now - self._listed_at < NEW_CLUSTERS_EVERY:
            return
        there = {each.id: each for each in await self._services.all_clusters() if not each.deleting}
        for cluster_id in [each for each in there if each not in self._followed]:
            async with self._services.records.read() as work:
                position = await work.positions.get(cluster_id) or _beginning(cluster_id)
            self._followed[cluster_id] = _Followed(there[cluster_id], position)
        for cluster_id in set(self._followed) - set(there):
            del self._followed[cluster_id]
        for cluster_id, cluster in there.items():
            self._followed[cluster_id].cluster = cluster
        self._listed_at = now

    async def _follow(self, followed: _Followed) -> None:
        glance = self._services.audit_logs.glance(followed.cluster.id)
        if glance is not None and glance != followed.glance:
            if not await self._read_on(followed, glance):
                return
            followed.glance = glance
        if followed.cluster.installed_at is None:
            return
        now = self._services.clock.now()
        sung = followed.position.canary_at
        if sung is not None and now - sung > LATE:
            silence = _gap(followed.position, sung, f"no canary was seen since {_clock(sung)}")
            unknown = _Read(position=_broken_off(followed.position), judgement=Judgement(), gaps=(silence,))
            await self._write(followed, unknown)
        if followed.position.canary_at is None and now - followed.cluster.installed_at < LATE:
            return  # its first canary is on its way
        due = followed.assess_at
        if due is None or not due - audit_evidence.EVERY <= now < due:
            followed.assess_at = now + audit_evidence.EVERY
            await audit_evidence.assess(self._services, followed.cluster, followed.position)

    async def _read_on(self, followed: _Followed, glance: audit_logs.Glance) -> bool:
        """Whether everything was read."""
        for _ in range(PIECES_AT_ONCE):
            position = followed.position
            place = audit_logs.Place(inode=position.inode, head=position.head, offset=position.offset)
            piece = await self._services.audit_logs.read(followed.cluster.id, place, most=PIECE)
            if piece.place != place or piece.lost or position.writer != glance.writer:
                await self._write(followed, await self._judge(followed, piece, glance))
            if not piece.more:
                return True
            await asyncio.sleep(0)  # whoever waits for the loop comes before the next piece
        return False

    async def _judge(self, followed: _Followed, piece: audit_logs.Piece, glance: audit_logs.Glance) -> _Read:
        acts, broken = _acts(piece.lines)
        facts, learned = await self._facts(followed, acts)
        course = _Course(followed.position)
        course.moved(piece, glance.writer, broken)
        for act in acts:
            canary = audit_judging.is_canary(act, facts)
            course.saw(act, canary)
            followed.canary = facts.issuances[act.fingerprint] if canary else followed.canary
        return _Read(
            position=course.position,
            judgement=audit_judging.judged(acts, facts),
            gaps=tuple(course.gaps),
            issuances=learned,
        )

    async def _facts(
        self, followed: _Followed, acts: Sequence[audit_rules.Act]
    ) -> tuple[Facts, tuple[audits.Issuance, ...]]:
        cluster = followed.cluster
        asked = audit_judging.fingerprints(acts)
        lately = {} if followed.canary is None else {followed.canary.fingerprint: followed.canary}
        if asked <= set(lately) and all(each.fingerprint for each in acts):
            # Of an idle cluster there is nothing but canaries, minute after minute.
            return Facts(cluster_id=cluster.id, issuances=lately), ()
        # Also of what reads: that of Secrets and logs is a breach for whoever was not let in.
        done = [each for each in acts if _is_of_provider(each) and audit_rules.row_of(each) is not None]
        async with self._services.records.read() as work:
            known = {each: found for each in asked if (found := await work.issuances.get(each)) is not None}
            named = {each.operation.partition(":")[2] for each in done if each.operation}
            found_nodes = {
                each: node for each in named if (node := await work.nodes.get(nodes_.NodeId(each))) is not None
            }
            sessions = await work.accesses.of(cluster.id) if done or asked - set(known) else ()
            open_ones = await work.incidents.of(incidents.Status.OPEN)
        learned = await self._signed_inside(followed, asked - set(known), acts)
        known |= {each.fingerprint: each for each in learned}
        facts = Facts(
            cluster_id=cluster.id,
            issuances=known,
            nodes=found_nodes,
            accesses=sessions,
            incident=any(cluster.id in each.affected for each in open_ones),
        )
        return facts, learned

    async def _signed_inside(
        self, followed: _Followed, unknown: set[str], acts: Sequence[audit_rules.Act]
    ) -> tuple[audits.Issuance, ...]:
        """Certificates of the cluster's own signing are the customer's; it forgets them within the hour."""
        signed = any(each.resource == SIGNING and not each.reads and not each.refused for each in acts)
        if not unknown and not signed:
            return ()
        now = self._services.clock.now()
        try:
            found = await self._signed(followed.cluster)
        except guests.NotAnswering as reason:
            followed.asked_since = followed.asked_since or now
            if unknown and now - followed.asked_since < ASK_AT_MOST:
                raise
            log.warning("signing requests not read", cluster=followed.cluster.id, reason=str(reason))
            found = {}
        followed.asked_since = None
        made = []
        for name, certificate in found.items():
            with contextlib.suppress(ValueError):  # a signer of the customer's may put there what it likes
                made.append(self._services.keyring.ledger.signed_inside(followed.cluster.id, name, certificate))
        return tuple(made)

    async def _signed(self, cluster: clusters.Cluster) -> dict[str, str]:
        access = await entries.access(self._services, cluster, issuances.REGISTRAR)
        return dict(await self._services.guests.signed_certificates(access))

    async def _write(self, followed: _Followed, read: _Read) -> None:
        """All of it or nothing; whoever has read on from the same place before is not overwritten."""
        services, cluster_id = self._services, followed.cluster.id
        async with services.records.begin() as work:
            cluster = await work.clusters.get(cluster_id)
            before = await work.positions.get(cluster_id) or _beginning(cluster_id)
            if cluster is None or cluster.deleting:
                return
            if before != followed.position:
                followed.position, followed.glance = before, None
                return
            for issuance in read.issuances:
                if await work.issuances.get(issuance.fingerprint) is None:
                    await work.issuances.put(issuance)
            new = [each for each in (*read.gaps, *read.judgement.findings) if await work.findings.get(each.id) is None]
            for finding in new:
                await work.findings.put(finding)
            await self._tell(work, cluster, [each for each in new if each.sort is audits.Sort.BREACH])
            await _add_up(work, cluster_id, read.judgement)
            await work.positions.put(read.position)
        opened = followed.position.whole_since is None and read.position.whole_since is not None
        followed.position = read.position
        if new or opened:
            followed.assess_at = None  # now, not at the next turn

    async def _tell(self, work: records.Work, cluster: clusters.Cluster, breaches: Sequence[audits.Finding]) -> None:
        for breach in breaches[:TOLD_AT_ONCE]:
            log.warning(
                "breach found", cluster=cluster.id, activity=breach.activity, rule=breach.rule, user=breach.user
            )
            event = self._services.event(
                cluster,
                f"cluster:{cluster.id}",
                "audit:breach",
                breach.text,
                breach.activity,
                finding=breach.id,
                rule=breach.rule,
                user=breach.user,
                credential=breach.fingerprint,
            )
            await history.keep(work, event)
        rest = len(breaches) - TOLD_AT_ONCE
        if rest > 0:
            told = f"{rest} more breaches were found at the same time; `steward audit findings` lists all"
            event = self._services.event(cluster, f"cluster:{cluster.id}", "audit:breach", told, breaches[0].activity)
            await history.keep(work, event)


@dataclass(slots=True)
class _Course:
    """How a position moves on over the events of a piece, and where it breaks off."""

    position: audits.Position
    gaps: list[audits.Finding] = field(default_factory=list)

    def moved(self, piece: audit_logs.Piece, writer: str, broken: int) -> None:
        before = self.position
        place = piece.place
        self.position = replace(
            before, inode=place.inode, offset=place.offset, head=place.head, writer=writer or before.writer
        )
        if piece.lost:
            self._break(piece.lost)
        if broken:
            self._break(f"{broken} lines of the log are no events")
        if before.writer and writer and writer != before.writer:
            self._break("the API server was started anew; what it had not written yet is not known")

    def saw(self, act: audit_rules.Act, canary: bool) -> None:
        position = self.position
        fresh = not position.last_event_at and not self.gaps
        self.position = replace(position, last_event_at=act.at, first_at=act.at if fresh else position.first_at)
        if canary:
            self._sung(act.at)

    def _sung(self, at: datetime) -> None:
        before = self.position.canary_at
        if before is not None and not -LATE <= at - before <= LATE:
            self._break(f"no canary was seen between {_clock(before)} and {_clock(at)}")
        first = self.position.first_at
        beginning = first if first is not None and at - first <= LATE else at
        since = self.position.whole_since or beginning
        self.position = replace(self.position, canary_at=at, whole_since=since, first_at=None)

    def _break(self, text: str) -> None:
        since = self.position.canary_at or self.position.last_event_at
        self.gaps.append(_gap(self.position, since, text))
        self.position = _broken_off(self.position)


def _is_of_provider(act: audit_rules.Act) -> bool:
    return audit_rules.party_of(act) is audit_rules.Party.PROVIDER


def _acts(lines: Sequence[bytes]) -> tuple[list[audit_rules.Act], int]:
    """The events, and how many lines are none."""
    acts, broken = [], 0
    for line in lines:
        try:
            acts.append(audit_rules.parsed(line))
        except audit_rules.Broken:
            broken += 1
    return acts, broken


async def _add_up(work: records.Work, cluster_id: clusters.ClusterId, judgement: Judgement) -> None:
    for (activity, day), count in judgement.counts.items():
        id_ = f"{cluster_id}/{activity}/{day}"
        before = await work.tallies.get(id_) or audits.Tally(id=id_, cluster_id=cluster_id, activity=activity, day=day)
        await work.tallies.put(
            replace(
                before,
                by_customer=before.by_customer + count.by_customer,
                by_provider=before.by_provider + count.by_provider,
                breaches=before.breaches + count.breaches,
                reads_by_customer=before.reads_by_customer + count.reads_by_customer,
            )
        )


def _beginning(cluster_id: clusters.ClusterId) -> audits.Position:
    return audits.Position(cluster_id=cluster_id, inode=0, offset=0)


def _broken_off(position: audits.Position) -> audits.Position:
    """Nothing is known until the next canary."""
    return replace(position, whole_since=None, canary_at=None, first_at=None)


def _gap(position: audits.Position, since: datetime | None, text: str) -> audits.Finding:
    """Named by where it is in the log, so that it is told once."""
    at = since or datetime.fromtimestamp(0).astimezone()
    return audits.Finding(
        id=f"{position.cluster_id}/gap/{position.inode}-{position.offset}-{at.timestamp():.0f}",
        cluster_id=position.cluster_id,
        activity=ACTIVITY,
        sort=audits.Sort.GAP,
        rule="gap",
        at=at,
        user="",
        party=errors.PROVIDER,
        verb="",
        resource="the audit log",
        text=f"What happened in the cluster is not known for a time: {text}",
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
