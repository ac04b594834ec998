"""Digests come first; what happens over the network is tested with the system."""

import dataclasses
import io
import tarfile
from pathlib import Path

import pytest

from steward.catalogue import components as catalogue
from steward.components import mirrors, recipes
from steward.domain import errors

RELEASE = catalogue.ReleaseFact(path="shared/v{version}/shared-{arch}.tgz", inside="bin/{program}")


@pytest.fixture
def released(recipe: recipes.Recipe, monkeypatch: pytest.MonkeyPatch) -> recipes.Recipe:
    monkeypatch.setattr(recipes, "architecture", lambda: "amd64")
    return dataclasses.replace(recipe, fact=dataclasses.replace(recipe.fact, release=RELEASE))


def test_component_without_official_files_is_left_to_the_next_way(recipe: recipes.Recipe) -> None:
    assert mirrors.Mirror(url="https://mirror.test", digests={}).key(recipe) is None


def test_file_without_digest_is_left_to_the_next_way(released: recipes.Recipe) -> None:
    mirror = mirrors.Mirror(url="https://mirror.test", digests={})
    (path,) = mirror.undigested(released)
    assert path == "shared/v2.3.4/shared-amd64.tgz"
    assert mirror.key(released) is None


def test_digest_is_the_key_and_the_mirrors_name_is_not(released: recipes.Recipe) -> None:
    digests = {"shared/v2.3.4/shared-amd64.tgz": "ab"}
    key = mirrors.Mirror(url="https://one.test", digests=digests).key(released)
    assert key == mirrors.Mirror(url="https://other.test", digests=digests).key(released)
    assert key != mirrors.Mirror(
        url="https://one.test", digests={**digests, "shared/v2.3.4/shared-amd64.tgz": "cd"}
    ).key(released)


def _archive(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


def test_only_what_was_asked_for_leaves_the_archive(tmp_path: Path) -> None:
    file = _archive(tmp_path / "a.tgz", {"./bin/alpha": b"a", "../outside": b"x", "bin/other": b"o"})
    target = tmp_path / "target"
    target.mkdir()
    mirrors._place(file, {"bin/alpha": target / "alpha"}, archive=True)
    assert [path.name for path in target.iterdir()] == ["alpha"]
    assert (target / "alpha").stat().st_mode & 0o111
    assert not (tmp_path / "outside").exists()


def test_link_in_the_place_of_a_program_is_refused(tmp_path: Path) -> None:
    file = _archive(tmp_path / "a.tgz", {}, {"bin/alpha": "/bin/sh"})
    with pytest.raises(errors.Unavailable, match="has no bin/alpha"):
        mirrors._place(file, {"bin/alpha": tmp_path / "alpha"}, archive=True)


@pytest.mark.parametrize("text", ["- a list\n", "{broken"])
def test_digests_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "digests.yaml"
    file.write_text(text)
    with pytest.raises(errors.Unavailable, match="STEWARD_DIGESTS"):
        mirrors.operators_digests(file)


def test_every_official_path_names_its_version() -> None:
    for fact in catalogue.components():
        if fact.release is not None:
            assert "v{version}" in fact.release.path, fact.name
            one_file_each = "{program}" in fact.release.path
            assert one_file_each or fact.release.inside or len(fact.programs) == 1, fact.name
