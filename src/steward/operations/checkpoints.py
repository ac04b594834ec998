"""Signs the ledger: keys, checkpoints, and the refusal to sign what is not what was signed before.

Called by the jobs of the ledger and by whoever asks for a fresh checkpoint. A log says in its own entries which key its
checkpoints are signed with: one with the first key stands before its first checkpoint, each further key is signed by
the one before.
"""

import contextlib
import dataclasses
import uuid
from datetime import datetime

from steward.domain import actors, errors, ledgers
from steward.kit import bundles, notes
from steward.operations import context as context_
from steward.operations import rights
from steward.operations.registry import operation
from steward.ports import records

ACTIVITY = "3.1.2-2"  # who of the provider can sign is the provider's access to its infrastructure
DAMAGE_ACTIVITY = "3.1.6-2"
AUTOMATION = actors.automation(ACTIVITY, "ledger-keys")
_SECRET = "private"


class Damaged(errors.Unavailable):
    """Nothing is signed: it would contradict what was signed before."""

    code = "LEDGER_DAMAGED"

    def __init__(self, damage: ledgers.Damage) -> None:
        self.damage = damage
        super().__init__(
            f"The ledger {damage.log} is damaged: {damage.text}. It is the provider's turn: restore the database from "
            "a backup, and tell whoever keeps checkpoints of it"
        )


async def signed(work: records.Work, log: str, *, at: datetime, service: str) -> ledgers.Checkpoint:
    """The latest checkpoint; of the log as it is now. `Damaged` where that would hide a loss."""
    size, latest = await work.ledger.size(log), await work.ledger.checkpoint(log)
    await check(work, log, size, latest, at)
    if latest is not None and latest.size == size:
        return latest
    key = await in_use(work, at=at, service=service)
    if latest is None:
        await _announce(work, log, key, at, actor=AUTOMATION.name)
        size += 1
    root = await work.ledger.root(log, size)
    secret = await work.secrets.get(_owner(key), _SECRET)
    if secret is None:
        raise errors.Unavailable(f"The ledger's key {key.id} is gone; restore the database from a backup")
    origin = key.origin(log)
    text = notes.Checkpoint(origin=origin, size=size, root=root, at=at).text
    made = ledgers.Checkpoint(log=log, size=size, root=root, at=at, note=notes.signed(text, origin, secret))
    await work.ledger.save_checkpoint(made)
    return made


async def check(work: records.Work, log: str, size: int, latest: ledgers.Checkpoint | None, at: datetime) -> None:
    """What can be seen at once: the last entry, and the tree that was signed last."""

    def damaged(index: int, text: str) -> Damaged:
        return Damaged(ledgers.Damage(log=log, found_at=at, index=index, text=text))

    if latest is not None and latest.size > size:
        text = f"{latest.size} entries were signed at {latest.at:%Y-%m-%d %H:%M:%S} UTC, and {size} are there"
        raise damaged(size, text)
    if size and await work.ledger.entry(log, size - 1) is None:
        raise damaged(size - 1, f"of {size} entries the last is not there")
    if latest is None:
        return
    try:
        root = await work.ledger.root(log, latest.size)
    except errors.Unavailable as reason:
        raise damaged(0, reason.message) from reason
    if root != latest.root:
        raise damaged(0, f"the first {latest.size} entries have another root than the one that was signed")


async def in_use(work: records.Work, *, at: datetime, service: str) -> ledgers.Key:
    """Made at first need."""
    for key in await work.ledger_keys.all():
        if key.retired_at is None:
            return key
    return await _made(work, at=at, service=service, note="")


async def in_use_or_last(work: records.Work) -> ledgers.Key:
    """Where at least one checkpoint was signed."""
    return (await work.ledger_keys.all())[-1]


async def signer(work: records.Work, checkpoint: ledgers.Checkpoint) -> ledgers.Key:
    """Whose signature the note has: another key may be in use by now."""
    found = await work.ledger_keys.all()
    for key in reversed(found):
        with contextlib.suppress(notes.Invalid):
            name = key.origin(checkpoint.log)
            notes.opened(checkpoint.note, notes.Key(name=name, public=notes.decoded(key.public) or b""))
            return key
    return found[-1]


async def rotated(work: records.Work, *, at: datetime, service: str, actor: str) -> ledgers.Key:
    """Another key takes the place of the one in use, whose private half is destroyed."""
    old = await in_use(work, at=at, service=service)
    secret = await work.secrets.get(_owner(old), _SECRET)
    if secret is None:
        raise errors.Unavailable(f"The ledger's key {old.id} is gone; restore the database from a backup")
    new = await _made(work, at=at, service=old.service, note="")
    public = notes.decoded(new.public) or b""
    handing_over = bundles.rotation_text(old.service, public)
    new = dataclasses.replace(new, note=notes.signed(handing_over, bundles.rotation_name(old.service), secret))
    await work.ledger_keys.put(new)
    await work.ledger_keys.put(dataclasses.replace(old, retired_at=at))
    await work.secrets.remove_all(_owner(old))
    for log in await work.ledger.logs():
        # A log that was never signed begins with whichever key is in use then.
        if await work.ledger.checkpoint(log) is not None:
            # A damaged log keeps no other from having a new key, which its note binds to the old one by itself.
            with contextlib.suppress(errors.Unavailable):
                await _announce(work, log, new, at, actor=actor)
    return new


async def sealing_key(context: context_.Context, log: str) -> tuple[notes.Key, bytes] | None:
    """What reports about a log are sealed with; None before the log was signed first."""
    async with context.records.read() as work:
        keys = [each for each in await work.ledger_keys.all() if each.retired_at is None]
        secret = await work.secrets.get(_owner(keys[-1]), _SECRET) if keys else None
    if secret is None:
        return None
    return notes.Key(name=keys[-1].origin(log), public=notes.public_of(secret)), secret


@operation("ledger.rotate_key")
async def rotate_key(context: context_.Context, actor: actors.Actor) -> ledgers.Key:
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        now = context.clock.now()
        return await rotated(work, at=now, service=context.ledger_name, actor=actor.name)


async def note_damage(held: records.Records, damage: ledgers.Damage) -> bool:
    """Once per log, in the provider's log too, if that one can still be written. False where it was known."""
    async with held.begin() as work:
        known = await work.damages.get(damage.log)
        if known is not None and (known.index, known.text) == (damage.index, damage.text):
            return False
        await work.damages.put(damage)
        if damage.log != ledgers.PROVIDER_LOG:
            await work.ledger.append(
                ledgers.PROVIDER_LOG,
                ledgers.Draft(
                    kind="damage",
                    at=damage.found_at,
                    activity=DAMAGE_ACTIVITY,
                    subject=f"log:{damage.log}",
                    facts={"index": damage.index, "text": damage.text},
                ),
            )
    return True


async def _made(work: records.Work, *, at: datetime, service: str, note: str) -> ledgers.Key:
    secret = notes.new_secret()
    public = notes.encoded(notes.public_of(secret))
    key = ledgers.Key(id=str(uuid.uuid4()), service=service, public=public, created_at=at, note=note)
    await work.ledger_keys.put(key)
    await work.secrets.put(_owner(key), _SECRET, secret)
    return key


async def _announce(work: records.Work, log: str, key: ledgers.Key, at: datetime, *, actor: str) -> None:
    draft = ledgers.Draft(
        kind="key",
        at=at,
        activity=ACTIVITY,
        subject=f"ledger-key:{key.id}",
        facts={"public": key.public, "note": key.note},
        personal={"actor": actor},
    )
    await work.ledger.append(log, draft)


def _owner(key: ledgers.Key) -> str:
    return f"ledger-key:{key.id}"
