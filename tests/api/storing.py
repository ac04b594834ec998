"""The records that the API's tests run on."""

from steward.ports import records
from tests import fakes


async def opened(database: str) -> records.Records:
    return fakes.Records()
