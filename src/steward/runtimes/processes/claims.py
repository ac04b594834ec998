"""Which stewards this machine has: their names, their ranges of addresses, and whether they run.

Names and addresses on the machine follow from the instance and the range alone, so two services with the same ones
would take each other's clusters for their own. Each service therefore writes down, below /run, what it uses, and
holds a lock on it while it runs. What it wrote counts for as long as clusters of it may stand: they go on when the
service has ended. A reboot takes them and the note away at once.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TextIO

from steward.domain import errors, networks
from steward.kit import locks
from steward.runtimes.processes import places, room

FOLDER = Path("/run/steward")
KEPT = "claim.json"  # a copy in the state folder, for the time after a reboot
MEND = "set STEWARD_INSTANCE and STEWARD_NETWORK so that each steward keeps its own, or end the other and its clusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    instance: str
    network: str
    state: str
    listen: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    claim: Claim
    runs: bool


def known() -> list[Known]:
    """All that were written down; what cannot be read says nothing."""
    return [found for path in sorted(FOLDER.glob("*.json")) if (found := _read(path)) is not None]


def _read(path: Path) -> Known | None:
    with contextlib.suppress(OSError, ValueError, TypeError), path.open() as file:
        return Known(claim=Claim(**json.load(file)), runs=_locked(file.fileno()))
    return None


def of_state(state: Path) -> Known | None:
    """What the service of this folder uses, or used while its clusters go on."""
    own = [each for each in known() if Path(each.claim.state) == state.absolute()]
    standing = [each for each in own if each.runs or room.holds_clusters(state)]
    if not standing and room.holds_clusters(state):
        return _read(state / KEPT)  # after a reboot nothing else knows
    return max(standing, key=lambda each: each.runs, default=None)


def estranged(spot: places.Places, plan: networks.Plan) -> str:
    """Why these settings would not find the clusters that this folder has; empty where they do."""
    own = of_state(spot.state)
    if own is None or (own.claim.instance, own.claim.network) == (spot.instance, str(plan.range)):
        return ""
    return (
        f"the clusters in {spot.state} have the name {own.claim.instance} (STEWARD_INSTANCE) and the range "
        f"{own.claim.network} (STEWARD_NETWORK), and these settings name {spot.instance} and {plan.range}"
    )


def conflict(spot: places.Places, plan: networks.Plan) -> str:
    """Whose names or addresses these settings would take, or which of its own it would lose; empty where none."""
    strange = estranged(spot, plan)
    if strange:
        return strange
    for each in known():
        other = each.claim
        standing = each.runs or room.holds_clusters(Path(other.state))
        if not standing or Path(other.state) == spot.state.absolute():
            continue
        whose = f"another steward on this machine, which serves from {other.state}"
        if not each.runs:
            whose = f"another steward, which does not run while its clusters, in {other.state}, do"
        if other.instance == spot.instance:
            return f"the name {spot.instance} is that of {whose}"
        if IPv4Network(other.network).overlaps(plan.range):
            return f"the range {plan.range} overlaps {other.network}, the range of {whose}"
    return ""


@contextmanager
def held(spot: places.Places, plan: networks.Plan, listen: str) -> Iterator[None]:
    """Names and addresses are this service's until the end; refuses where they are another's."""
    claim = Claim(
        instance=spot.instance,
        network=str(plan.range),
        state=str(spot.state.absolute()),
        listen=listen,
        pid=os.getpid(),
    )
    try:
        file = _written(spot, plan, claim)
    except OSError as reason:
        raise errors.Unavailable(f"{FOLDER} cannot be used: {reason.strerror}. Make it writable") from None
    with file:
        yield


def _written(spot: places.Places, plan: networks.Plan, claim: Claim) -> TextIO:
    FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (FOLDER / "lock").open("a") as door:  # two that start at once look one after the other
        fcntl.flock(door, fcntl.LOCK_EX)
        lack = conflict(spot, plan)
        if lack:
            raise errors.Unavailable(f"These settings cannot be used: {lack}. Mend it: {MEND}")
        file = _path(spot.instance).open("a+")
        if not locks.taken(file.fileno()):
            file.close()
            raise errors.Unavailable(f"Another steward with the name {spot.instance} runs. Mend it: {MEND}")
        file.truncate(0)
        file.write(json.dumps(asdict(claim)))
        file.flush()
    with contextlib.suppress(OSError):  # the disk may be full, and has had it since the first start then
        places.write_private(spot.state / KEPT, json.dumps({**asdict(claim), "pid": 0}), durable=True)
    return file


def give_up(spot: places.Places) -> None:
    """For a service that left nothing on the machine."""
    _path(spot.instance).unlink(missing_ok=True)


def _path(instance: str) -> Path:
    return FOLDER / f"{instance}.json"


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
