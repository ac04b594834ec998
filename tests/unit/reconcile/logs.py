"""What tests of the ledger look at, and how they damage it."""

import contextlib
import dataclasses
import io
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from steward.domain import actors, ledgers, projects
from steward.kit import bundles, verdicts, verification
from steward.operations import bundles as bundles_
from steward.reconcile import services
from tests.unit.reconcile.sites import CUSTOMER, Site


async def exported(site: Site, actor: actors.Actor = CUSTOMER, *, own: bool = False) -> list[bytes]:
    lines = await bundles_.export(site.context, actor, project_id=None if own else site.project_id)
    return [line async for line in lines]


def judged(lines: Sequence[bytes], **anchors: Any) -> verdicts.Verdict:
    return verification.verify(bundles.lines_of(io.BytesIO(b"".join(lines))), **anchors)


async def entries(site: Site) -> list[ledgers.Entry]:
    async with site.records.read() as work:
        return list(await work.ledger.entries(log(site)))


def log(site: Site) -> str:
    return ledgers.log_of(projects.ProjectId(site.project_id))


def kinds(found: Sequence[ledgers.Entry]) -> list[str]:
    contents = [json.loads(each.leaf) for each in found]
    return [each["facts"]["type"] if each["kind"] == "event" else each["kind"] for each in contents]


async def quiet(site: Site) -> services.Services:
    """What the jobs work with, and nobody else at work."""
    await site.steward.kill()
    return dataclasses.replace(site.steward.services, records=site.records, clock=site.clock)


def cut(site: Site, *statements: str) -> None:
    """As somebody with the database's file could."""
    with contextlib.closing(sqlite3.connect(site.database)) as connection, connection:
        for each in statements:
            assert connection.execute(each).rowcount > 0, each
