"""Evidence that is kept: the latest look counts, also when the clock went back in between."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from steward.domain import evidence
from steward.operations import coverage
from steward.outside import sealing
from steward.storage import records

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def looked(at: datetime) -> evidence.Evidence:
    return evidence.Evidence(
        activity="3.1.6-1",
        subject=evidence.FLEET,
        collector="inventory",
        observed_at=at,
        valid_until=at + timedelta(hours=1),
        outcome=evidence.Outcome.PROVEN,
        summary="as wanted",
        facts={},
    )


def test_what_a_clock_dated_ahead_does_not_stand_until_time_caught_up(tmp_path: Path) -> None:
    async def story() -> None:
        kept = await records.open(f"sqlite:///{tmp_path}/a.db", sealing.FileKeySealing(tmp_path / "seal.key"))
        for at, written in (
            (NOON + timedelta(days=365), True),
            (NOON, True),
            (NOON - timedelta(seconds=1), False),  # two looks that passed each other
            (NOON + timedelta(seconds=1), False),
            (NOON + timedelta(minutes=50), True),
        ):
            piece = looked(at)
            async with kept.begin() as work:
                assert await coverage.is_news(work, piece) is written, at
                await coverage.keep(work, piece, None)
                stored = await work.evidence.get(piece.id)
            assert stored is not None
            assert (stored.observed_at == at) is written
        await kept.close()

    asyncio.run(story())
