"""The operator's own editions of the contract: read and checked at the start, and held against what was accepted.

Called by `service`. A broken edition, or one that no longer says what was accepted, is refused before anything runs.
"""

from pathlib import Path

import yaml

from steward.catalogue import loading
from steward.domain import errors
from steward.operations import contracts
from steward.ports import records
from steward.responsibility import matrix


def publish(folder: Path | None) -> None:
    """Those of the folder, instead of any published before."""
    try:
        matrix.publish({} if folder is None else _read(folder))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as reason:
        flat = " ".join(str(reason).split())
        raise errors.Unavailable(
            f"STEWARD_CONTRACTS: an edition of the contract in {folder} cannot be used: {flat}"
        ) from None


def _read(folder: Path) -> dict[str, object]:
    if not folder.is_dir():
        raise ValueError("the folder is not there")
    return loading.editions(folder)


async def check_accepted(kept: records.Records) -> None:
    async with kept.read() as work:
        await contracts.check_kept(work)
