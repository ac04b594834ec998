"""An operator's folder: whole components or none, and copied."""

import asyncio
from pathlib import Path

import pytest

from steward.catalogue import components as catalogue
from steward.components import folders, recipes, reports
from steward.domain import errors


@pytest.fixture
def folder(tmp_path: Path) -> folders.Folder:
    (tmp_path / "given" / "1.37.2").mkdir(parents=True)
    return folders.Folder(root=tmp_path / "given")


def test_component_that_is_not_there_is_left_to_the_next_way(folder: folders.Folder, recipe: recipes.Recipe) -> None:
    assert folder.key(recipe) is None


def test_half_a_component_is_refused(folder: folders.Folder, recipe: recipes.Recipe) -> None:
    (folder.root / "alpha").write_text("a")
    with pytest.raises(errors.Unavailable, match="has alpha but not beta"):
        folder.key(recipe)


def test_programs_are_copied_and_executable(folder: folders.Folder, recipe: recipes.Recipe, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        (folder.root / name).write_text(name)
    key = folder.key(recipe)
    (tmp_path / "target").mkdir()
    obtained = asyncio.run(folder.fill(recipe, tmp_path / "target", reports.unheard))
    assert obtained == {"way": "folder", "folder": str(folder.root)}
    (folder.root / "alpha").write_text("changed by its owner")
    assert (tmp_path / "target" / "alpha").read_text() == "alpha"
    assert (tmp_path / "target" / "alpha").stat().st_mode & 0o111
    assert folder.key(recipe) != key


@pytest.mark.parametrize("names", [("kube",), ("kubectl", "kubelet")])
def test_kubernetes_is_one_file_or_its_programs(
    folder: folders.Folder, kube: catalogue.ComponentFact, modules: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    recipe = recipes.Recipe(fact=kube, version="1.37.2", modules=modules)
    for name in names:
        (folder.root / "1.37.2" / name).write_text(name)
    assert folder.key(recipe)
    (tmp_path / "target").mkdir()
    asyncio.run(folder.fill(recipe, tmp_path / "target", reports.unheard))
    assert {path.name for path in (tmp_path / "target").iterdir()} == set(names)
