"""The end of a service takes what is its own from the machine, and nothing of another's."""

import asyncio
from pathlib import Path

import pytest

from steward.bootstrap import ending, runtimes
from steward.domain import errors
from steward.runtimes.processes import claims
from steward.settings import Settings


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The instances of which the rules were taken away."""
    monkeypatch.setattr(claims, "FOLDER", tmp_path / "run")
    found: list[str] = []

    async def torn_down(settings: Settings) -> None:
        found.append(settings.instance)

    monkeypatch.setattr(runtimes, "torn_down", torn_down)
    return found


def with_clusters(folder: Path) -> Settings:
    settings = Settings(state=folder / "state", instance="own")
    with runtimes.claimed(settings):
        (settings.state / "clusters" / "one").mkdir(parents=True)
    return settings


def test_clusters_are_not_left_without_their_service(torn: list[str], tmp_path: Path) -> None:
    settings = with_clusters(tmp_path)
    with pytest.raises(errors.Unavailable, match="Clusters are left"):
        asyncio.run(ending.end(settings))
    assert torn == []


def test_by_force_everything_of_the_folder_ends(
    torn: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = with_clusters(tmp_path)
    ended: list[str] = []

    async def end_clusters(settings: Settings) -> None:
        ended.append(settings.instance)

    monkeypatch.setattr(ending, "_end_clusters", end_clusters)
    asyncio.run(ending.end(settings, force=True))
    assert (ended, torn) == (["own"], ["own"])
    assert not settings.state.exists()


def test_under_another_name_nothing_is_touched(torn: list[str], tmp_path: Path) -> None:
    settings = with_clusters(tmp_path).model_copy(update={"instance": "stw"})
    with pytest.raises(errors.Unavailable, match=r"Nothing was changed.*have the name own"):
        asyncio.run(ending.end(settings, force=True))
    assert torn == []
    assert (settings.state / "clusters" / "one").is_dir()
