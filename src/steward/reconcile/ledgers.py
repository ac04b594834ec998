"""The ledger's own jobs: checkpoints signed and handed to witnesses outside, keys renewed, everything read again.

A checkpoint that a customer's webhook took cannot be taken back: whoever shows another ledger later contradicts it.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from steward.domain import errors, ledgers, notices
from steward.kit import merkle, notes
from steward.operations import checkpoints, webhooks
from steward.operations import ledgers as ledgers_
from steward.ports import messengers, records
from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

SIGN_EVERY = 40.0  # seconds: a checkpoint is promised within 60
DAY = 86_400.0
AUDIT_ACTIVITY = "3.1.6-2"  # that the record is altered unseen is a risk of the provided service
LONGEST_PAUSE = timedelta(minutes=15)
MESSAGE = "ledger.checkpoint"
PAGE = 500
_NAMES = uuid.UUID("6f0a5d0e-8f5d-5d5b-9d44-6b5c5f3c0a11")  # of messages: the same one in every attempt


def jobs(services: Services) -> list[jobs_.Job]:
    pusher = Pusher(services)

    async def sign() -> None:
        await pusher.push(await sign_grown(services))

    async def renew() -> None:
        await renew_key(services)

    async def audit() -> None:
        await read_again(services)

    return [
        jobs_.Job(name="ledger-checkpoints", activity=AUDIT_ACTIVITY, every=SIGN_EVERY, act=sign),
        jobs_.Job(name="ledger-keys", activity=checkpoints.ACTIVITY, every=DAY, act=renew),
        jobs_.Job(name="ledger-audit", activity=AUDIT_ACTIVITY, every=DAY, act=audit),
    ]


async def sign_grown(services: Services) -> list[str]:
    """The logs that were signed. A damaged one keeps no other from being signed."""
    async with services.records.read() as work:
        grown = await work.ledger.grown()
    signed = []
    for each in grown:
        try:
            async with services.records.begin() as work:
                await checkpoints.signed(work, each, at=services.clock.now(), service=services.ledger_name)
        except checkpoints.Damaged as reason:
            await _note(services, reason.damage)
        except errors.Unavailable as reason:
            # A part of the tree that is lost after what was signed; the daily reading says which.
            log.error("ledger.not_signed", log=each, reason=reason.message)
        else:
            signed.append(each)
    return signed


async def renew_key(services: Services) -> None:
    now = services.clock.now()
    async with services.records.begin() as work:
        key = await checkpoints.in_use(work, at=now, service=services.ledger_name)
        if now - key.created_at < ledgers.KEY_LIFE:
            return
        actor = checkpoints.AUTOMATION.name
        new = await checkpoints.rotated(work, at=now, service=services.ledger_name, actor=actor)
    log.info("ledger.key_rotated", key=new.id, before=key.id)


async def read_again(services: Services) -> None:
    """Every leaf, every hash, every signed root; what is whole again is no longer called damaged."""
    async with services.records.read() as work:
        logs = {*await work.ledger.logs(), *(each.log for each in await work.damages.all())}
    for each in sorted(logs):
        damage = await damage_of(services, each)
        if damage is not None:
            await _note(services, damage)
            continue
        async with services.records.begin() as work:
            if await work.damages.get(each) is not None:
                await work.damages.remove(each)
                log.info("ledger.whole_again", log=each)


async def damage_of(services: Services, name: str) -> ledgers.Damage | None:
    """The first entry that is not what was written, or is not there."""
    now, tree = services.clock.now(), merkle.Growing()
    async with services.records.read() as work:
        size, latest = await work.ledger.size(name), await work.ledger.checkpoint(name)
        try:
            await checkpoints.check(work, name, size, latest, now)
        except checkpoints.Damaged as reason:
            return reason.damage
    while tree.size < size:
        async with services.records.read() as work:
            start = tree.size
            page = await work.ledger.entries(name, start=start, limit=min(PAGE, size - start))
            signed = await work.ledger.checkpoints_between(name, start, start + PAGE)
            text, made = _grown(tree, page, signed)
            lost = await _lost(work, name, made)
        if text or not page:
            text = text or f"entry {tree.size} of {size} is not there"
            return ledgers.Damage(log=name, found_at=now, index=tree.size, text=text)
        if lost is not None:
            first, last = lost[1] << lost[0], ((lost[1] + 1) << lost[0]) - 1
            text = f"the entries {first} to {last} are there, and the tree over them is not: it proves them no longer"
            return ledgers.Damage(log=name, found_at=now, index=first, text=text)
        await services.clock.sleep(0)
    return None


async def _lost(work: records.Work, name: str, made: Mapping[merkle.Place, bytes]) -> merkle.Place | None:
    """The first of the subtrees whose root is stored wrongly, or not at all."""
    stored = await work.ledger.subtrees(name, list(made))
    return next((place for place, root in made.items() if stored.get(place) != root), None)


def _grown(
    tree: merkle.Growing, page: Sequence[ledgers.Entry], signed: Sequence[ledgers.Checkpoint]
) -> tuple[str, dict[merkle.Place, bytes]]:
    """What is wrong with the first entry that is, the tree then ends before it; and the subtrees that are complete."""
    roots = {each.size: each.root for each in signed}
    made: dict[merkle.Place, bytes] = {}
    for entry in page:
        if entry.index != tree.size:
            return f"entry {tree.size} is not there, the next one is {entry.index}", made
        if merkle.leaf_hash(entry.leaf.encode()) != entry.hash:
            return f"entry {entry.index} is not what was hashed when it was written", made
        made |= dict(tree.append(entry.hash))
        if roots.get(tree.size, tree.root) != tree.root:
            return f"the first {tree.size} entries have another root than the one that was signed", made
    return "", made


class Pusher:
    """Brings the latest checkpoint to each webhook that asked for it; what did not arrive is tried again, ever more
    seldom, with whichever is the latest by then."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._began = False

    async def push(self, grown: Sequence[str]) -> None:
        now = self._services.clock.now()
        async with self._services.records.read() as work:
            preferences = await self._wanting(work, grown)
            due = [pair for each in preferences for pair in await _due(work, each, now)]
        self._began = True
        await asyncio.gather(*(self._send(preference, checkpoint) for preference, checkpoint in due))

    async def _wanting(self, work: records.Work, grown: Sequence[str]) -> list[notices.Preference]:
        """After a start all: nobody knows what was sent before."""
        if not self._began:
            found = await work.preferences.all()
        else:
            behind = [each.log for each in await work.witnesses.all() if each.failed_since is not None]
            owners = {ledgers_.project_of(each) or errors.PROVIDER for each in (*grown, *behind)}
            found = [each for owner in sorted(owners) for each in await work.preferences.of(owner)]
        return [each for each in found if _is_witness(each)]

    async def _send(self, preference: notices.Preference, checkpoint: ledgers.Checkpoint) -> None:
        services, name = self._services, f"{preference.id}/{checkpoint.log}/{checkpoint.size}"
        async with services.records.read() as work:
            known = await work.secrets.get(preference.id, webhooks.SECRET)
            secret = None if known is None else await webhooks.signing(work, preference, services.clock.now())
            key = await checkpoints.signer(work, checkpoint)
        if secret is None:
            log.error("ledger.webhook_without_secret", preference=preference.id)
            return
        vkey = notes.Key(name=key.origin(checkpoint.log), public=notes.decoded(key.public) or b"").text
        payload = {"log": checkpoint.log, "size": checkpoint.size, "note": checkpoint.note, "key": vkey}
        message_id = str(uuid.uuid5(_NAMES, name))
        try:
            receipt = await services.webhooks.send(preference.address, secret, message_id, MESSAGE, payload)
        except messengers.NotSent as reason:
            await self._keep(preference, checkpoint, error=str(reason))
            return
        await self._keep(preference, checkpoint, receipt=receipt)

    async def _keep(
        self, preference: notices.Preference, checkpoint: ledgers.Checkpoint, *, receipt: str = "", error: str = ""
    ) -> None:
        now = self._services.clock.now()
        async with self._services.records.begin() as work:
            if await work.preferences.get(preference.id) is None:
                return
            id_ = _witness_id(preference, checkpoint.log)
            held = await work.witnesses.get(id_) or ledgers.Witness(id=id_, log=checkpoint.log)
            if error:
                held = replace(held, failed_since=held.failed_since or now, tried_at=now, last_error=error)
            else:
                size = max(held.size, checkpoint.size)
                held = ledgers.Witness(
                    id=id_, log=checkpoint.log, size=size, taken_at=now, tried_at=now, receipt=receipt
                )
            await work.witnesses.put(held)


def _is_witness(preference: notices.Preference) -> bool:
    """A webhook of a project, or the provider's own."""
    owned = preference.project_id is not None or preference.party == errors.PROVIDER
    return owned and preference.checkpoints and preference.channel is notices.Channel.WEBHOOK


async def _due(
    work: records.Work, preference: notices.Preference, now: datetime
) -> list[tuple[notices.Preference, ledgers.Checkpoint]]:
    name = ledgers.log_of(preference.project_id)
    latest = await work.ledger.checkpoint(name)
    held = await work.witnesses.get(_witness_id(preference, name))
    if latest is None or (held is not None and (held.size >= latest.size or _resting(held, now))):
        return []
    return [(preference, latest)]


def _resting(held: ledgers.Witness, now: datetime) -> bool:
    """After a failure as long as it has failed so far. A clock that went back ends the rest."""
    if held.failed_since is None or held.tried_at is None:
        return False
    pause = min(LONGEST_PAUSE, held.tried_at - held.failed_since)
    return timedelta(0) <= now - held.tried_at < pause


def _witness_id(preference: notices.Preference, name: str) -> str:
    return f"{preference.id}/{name}"


async def _note(services: Services, damage: ledgers.Damage) -> None:
    if await checkpoints.note_damage(services.records, damage):
        log.error("ledger.damaged", log=damage.log, index=damage.index, reason=damage.text)
