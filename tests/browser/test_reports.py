"""The report's page in a real browser: opened as the file that it is saved as, at three widths, by day and by night."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from steward.api.reports import documents, pages
from steward.domain import evidence
from steward.domain.evidence import Outcome
from steward.operations import coverage
from tests.browser import chromium
from tests.unit.operations import setting

pytestmark = [pytest.mark.browser, pytest.mark.loopback]

SEEN = {
    "2.1-2": ("changes", Outcome.PROVEN, timedelta(hours=1)),
    "3.1.6-6": ("policy", Outcome.PROVEN, timedelta(0)),
    "3.1.2-3": ("bindings", Outcome.BREACHED, timedelta(hours=1)),
}


async def made() -> dict[str, str]:
    """A report in which every kind of state stands, and one of all clusters."""
    stage = await setting.Setting().with_project()
    cluster = await stage.ready(name="a-name-" + "x" * 50)
    now = setting.NOW
    async with stage.records.begin() as work:
        for activity, (collector, outcome, valid) in SEEN.items():
            piece = evidence.Evidence(
                activity=activity,
                subject=evidence.of_cluster(cluster.id),
                collector=collector,
                observed_at=now,
                valid_until=now + valid,
                outcome=outcome,
                summary="It was looked at and described in a sentence of an ordinary length",
            )
            await coverage.keep(work, piece, cluster.project_id)
        word = evidence.Attestation(
            id="w",
            activity="1.1-5",
            subject=evidence.of_cluster(cluster.id),
            party="customer",
            person="somebody.with.a.long.name@department.customer.example",
            statement="It is so",
            document_digest="d" * 64,
            made_at=now,
            expires_at=now + timedelta(days=9),
        )
        await work.attestations.put(word)
    found = await coverage.of_cluster(stage.context, stage.customer, **stage.named())
    everything = await coverage.of_fleet(stage.context, stage.customer)
    assert len({each.row.state for each in found.lines}) == 6
    return {"report": pages.report(documents.report(found)), "fleet": pages.fleet(documents.fleet(everything))}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    folder: Path = tmp_path_factory.mktemp("reports")
    for name, page in setting.run(made()).items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    with chromium.running(f"file://{folder}") as opened:
        yield opened


@pytest.mark.parametrize("page", ["report", "fleet"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", chromium.WIDTHS)
def test_the_page_can_be_read(browser: chromium.Browser, page: str, dark: bool, width: int) -> None:
    browser.at_width(width, dark=dark)
    browser.see(f"/{page}.html")
    assert browser.overflow() <= 0
    assert browser.faint() == []
    assert browser.complaints() == [], "the page's own policy lets its style through and needs nothing else"
    assert "breached" in browser.text
