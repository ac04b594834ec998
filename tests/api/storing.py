"""The records that the API's tests run on: real ones, SQLite unless a database is named."""

from pathlib import Path

from steward.outside import sealing
from steward.storage import records


async def opened(folder: Path, database: str = "") -> records.SqlRecords:
    url = database or f"sqlite:///{folder / 'steward.db'}"
    return await records.open(url, sealing.FileKeySealing(folder / "seal.key"))
