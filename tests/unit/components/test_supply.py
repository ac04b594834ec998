"""The plan, the three ways in their order, and the folder of a version's programs."""

import asyncio
import dataclasses
import errno
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from steward import settings
from steward.catalogue import components as catalogue
from steward.components import builds, farms, folders, mirrors, recipes, reports, shelves, supply, toolchains
from steward.domain import errors

pytestmark = pytest.mark.usefixtures("catalogued", "go")


@pytest.fixture(autouse=True)
def _fresh_look_for_go() -> None:
    toolchains._identity.cache_clear()


@pytest.fixture
def components(tmp_path: Path, modules: Path) -> supply.Components:
    cache = tmp_path / "cache"
    build = builds.Build(logs=cache / "logs", shelf=shelves.Shelf(root=cache / "components"))
    return supply.Components(cache=cache, modules=modules, ways=(build,))


def _with(components: supply.Components, way: supply.Way) -> supply.Components:
    return supply.Components(cache=components.cache, modules=components.modules, ways=(way, *components.ways))


def test_plan_says_what_is_missing_and_how_long_it_takes(components: supply.Components) -> None:
    plan = components.plan(["1.37.2"])
    assert [(item.name, item.version, item.present, item.way, item.expected_seconds) for item in plan] == [
        ("shared", "2.3.4", False, "compile", 5),
        ("kube", "1.37.2", False, "compile", 5),
    ]
    asyncio.run(components.obtain(plan[0]))
    assert [(item.present, item.expected_seconds) for item in components.plan(["1.37.2"])] == [(True, 0), (False, 5)]
    assert [item.name for item in components.missing("1.37.2")] == ["kube"]


def test_programs_have_their_names_and_share_one_file(components: supply.Components) -> None:
    programs = asyncio.run(components.obtain_all("1.37.2"))
    kubectl, kubelet = programs.path("kubectl"), programs.path("kubelet")
    assert kubectl.parent == programs.folder
    assert kubectl.samefile(kubelet)
    assert programs.path("alpha").read_text() == "program example.org/shared/cmd/alpha\n"
    assert programs.cni.is_dir()
    assert programs.newest.resolve() == programs.folder
    assert programs.version("shared") == "2.3.4"
    assert programs.sha256("kubectl") == shelves.sha256(kubelet)


def test_missing_program_is_refused_with_the_way_out(components: supply.Components) -> None:
    programs = components.programs("1.37.2")
    assert not programs.has("kubelet")
    with pytest.raises(errors.Unavailable, match=r"kubelet for Kubernetes 1\.37\.2 is not on this host yet"):
        programs.path("kubelet")
    with pytest.raises(errors.Unavailable, match="is not on this host yet"):
        programs.version("kube")


def test_farm_of_a_running_cluster_is_never_changed(components: supply.Components) -> None:
    before = asyncio.run(components.obtain_all("1.37.2"))
    with (components.modules / "shared" / "go.mod").open("a") as stream:
        stream.write("// a newer pin\n")
    after = asyncio.run(components.obtain_all("1.37.2"))
    assert after.folder != before.folder
    assert before.path("alpha").exists()
    assert before.newest.resolve() == after.folder


def test_versions_share_what_is_shared(components: supply.Components) -> None:
    one, other = (asyncio.run(components.obtain_all(version)) for version in ("1.37.2", "1.36.3"))
    assert one.path("alpha").samefile(other.path("alpha"))
    assert not one.path("kubelet").samefile(other.path("kubelet"))


def test_folder_wins_and_compilation_fills_its_gaps(components: supply.Components, tmp_path: Path, go: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for name in ("alpha", "beta"):
        (given / name).write_text("given")
    mixed = _with(components, folders.Folder(root=given))
    assert [(item.name, item.way) for item in mixed.plan(["1.37.2"])] == [("shared", "folder"), ("kube", "compile")]
    programs = asyncio.run(mixed.obtain_all("1.37.2"))
    assert programs.path("alpha").read_text() == "given"
    assert "shared" not in {line.split()[0].rsplit("/", 1)[1] for line in go.read_text().splitlines()}


def test_what_the_mirror_has_without_a_digest_is_compiled_and_told(
    components: supply.Components, monkeypatch: pytest.MonkeyPatch, catalogued: tuple[catalogue.ComponentFact, ...]
) -> None:
    release = catalogue.ReleaseFact(path="{program}-v{version}", inside="")
    facts = [dataclasses.replace(each, release=release) for each in catalogued]
    monkeypatch.setattr(catalogue, "components", lambda: facts)
    mixed = _with(components, mirrors.Mirror(url="https://mirror.test", digests={"alpha-v2.3.4": "ab"}))
    assert {each.way for each in mixed.plan(["1.37.2"])} == {"compile"}
    assert mixed.lacks(["1.37.2"]) == []
    said = mixed.unused(["1.37.2"])
    assert "beta-v2.3.4" in said
    assert "alpha-v2.3.4" not in said
    assert "STEWARD_DIGESTS" in said
    asyncio.run(mixed.obtain_all("1.37.2"))
    assert mixed.unused(["1.37.2"]) == ""


def test_reports_end_with_ready(components: supply.Components) -> None:
    heard: list[reports.Report] = []
    asyncio.run(components.obtain(components.plan([])[0], heard.append))
    assert heard[-1] == reports.Report(doing="Ready", fraction=1.0)


def test_full_disk_while_working_is_explained(components: supply.Components) -> None:
    class Filling:
        way = "compile"

        def key(self, _recipe: recipes.Recipe) -> str:
            return "k" * 64

        async def ready(self, _recipe: recipes.Recipe, _listen: reports.Listener) -> None: ...

        async def fill(self, _recipe: recipes.Recipe, _target: Path, _listen: reports.Listener) -> Mapping[str, str]:
            raise OSError(errno.ENOSPC, "No space left on device")

    full = _with(components, Filling())
    with pytest.raises(errors.Unavailable, match=r"disk of .* is full.*STEWARD_CACHE"):
        asyncio.run(full.obtain(full.plan([])[0]))


def test_damage_is_found_by_reading(components: supply.Components) -> None:
    programs = asyncio.run(components.obtain_all("1.37.2"))
    assert components.damage(["1.37.2"]) == []
    path = programs.path("alpha")
    path.write_text(path.read_text().upper())
    assert [Path(name).name for name in components.damage(["1.37.2"])] == ["alpha"]


def test_lacks_are_said_once(components: supply.Components, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchains, "can_install", lambda: False)
    lacks = components.lacks(["1.37.2"])
    assert lacks
    assert len(lacks) == len(set(lacks))
    assert all("Go 1.26" in lack for lack in lacks)


def test_settings_choose_the_ways(tmp_path: Path) -> None:
    digests = tmp_path / "digests.yaml"
    digests.write_text("etcd/v1/etcd.tar.gz: abc\n")
    chosen = settings.Settings(
        cache=tmp_path / "cache", components=tmp_path, mirror="https://mirror.test", digests=digests
    )
    ways = supply.of(chosen).ways
    assert [way.way for way in ways] == ["folder", "mirror", "compile"]
    assert isinstance(ways[1], mirrors.Mirror)
    assert ways[1].digests["etcd/v1/etcd.tar.gz"] == "abc"


def test_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="is not a folder"):
        supply.of(settings.Settings(cache=tmp_path, components=tmp_path / "not"))


def test_farm_follows_what_was_mended(components: supply.Components) -> None:
    programs = asyncio.run(components.obtain_all("1.37.2"))
    programs.path("beta").unlink()
    programs.path("kubelet").write_text("")  # the same file under all its names, so the result is damaged, too
    mended = asyncio.run(components.obtain_all("1.37.2"))
    assert mended.folder == programs.folder
    assert mended.path("beta").is_file()
    assert mended.path("kubectl").read_text() == "program .\n"


def test_farm_is_planted_by_many_at_once(components: supply.Components) -> None:
    asyncio.run(components.obtain_all("1.37.2"))
    shutil.rmtree(components.cache / "bin")

    async def scenario() -> list[farms.Programs]:
        return await asyncio.gather(*(asyncio.to_thread(components.programs, "1.37.2") for _ in range(8)))

    first, *others = asyncio.run(scenario())
    assert all(other == first for other in others)
    assert sorted(path.name for path in first.folder.iterdir()) == ["alpha", "beta", "cni", "kubectl", "kubelet"]
    assert not list(first.folder.parent.glob(".*"))


def test_planting_twice_is_one_farm(tmp_path: Path) -> None:
    assert farms.planted(tmp_path, "1.37.2", []) == farms.planted(tmp_path, "1.37.2", [])
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "bin").iterdir()) == ["1.37.2", "1.37.2"]
