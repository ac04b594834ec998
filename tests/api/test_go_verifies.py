"""A second verification of what is exported, by the transparency log of Go's checksum database (tests/go/verify)."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.domain import ledgers, projects
from steward.kit import bundles, leaves, verification
from tests import go_programs
from tests.api import serving
from tests.api.serving import Service

pytestmark = pytest.mark.loopback  # the first build on a machine fetches Go's modules

Verify = Callable[[Path], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    program = go_programs.built("verify", tmp_path_factory.mktemp("go"))

    def run(bundle: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, bundle], capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Of a service: orders, a renewed key, names of all alphabets, something erased, several checkpoints."""
    folder = tmp_path_factory.mktemp("service")
    kept: list[bytes] = []

    async def story(service: Service) -> None:
        path = f"/native/projects/{service.project}/ledger"
        for name in ("first", "second", "third"):
            await service.order(name=name, nodepool={"flavorName": "d2-4", "desiredNodes": 2})
            assert (await service.call("GET", f"{path}/checkpoint", prefix="")).status == 200
            if name == "second":
                assert (await service.operator("POST", "/native/ledger/keys")).status == 200
                assert (await service.call("POST", f"{path}/entries/1/erase", prefix="")).status == 200
        async with service.records.begin() as work:
            log = ledgers.log_of(projects.ProjectId(service.project))
            facts = {"text": 'grün "<&>" 日本語 \u2028 🜁', "number": 1.5, "none": None}
            draft = ledgers.Draft(
                kind="event",
                at=service.clock.now(),
                activity="2.1-1",
                subject="x",
                facts=facts,
                personal={"actor": "Zoë 🜁 \ud800"},
            )
            await work.ledger.append(log, draft)
        url = f"{serving.BASE}{path}/export"
        answer = await service.http.get(f"{path}/export", headers=service.signed("GET", url, b"", service.keys))
        kept.append(answer.content)

    serving.run(folder, story)
    return kept[0]


def written(folder: Path, lines: list[bytes]) -> Path:
    file = folder / "bundle.jsonl"
    file.write_bytes(b"".join(lines))
    return file


def test_go_finds_what_we_find(verify: Verify, bundle: bytes, tmp_path: Path) -> None:
    lines = bundle.splitlines(keepends=True)
    ours = verification.verify(lines)
    assert ours.holds, ours.fault
    assert (len(ours.keys), ours.erased) == (2, [1])
    assert ours.checkpoints >= 4
    theirs = verify(written(tmp_path, lines))
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    assert f"entries {ours.entries}, checkpoints {ours.checkpoints}, keys 2" in theirs.stdout


def changed(line: bytes, **fields: object) -> bytes:
    content = bundles.read_line(line)
    return leaves.written({**content, **fields}).encode() + b"\n"


def altered(lines: list[bytes], how: str) -> list[bytes]:
    places = [place for place, line in enumerate(lines) if line.startswith(b'{"disclosed"')]
    signed = [place for place, line in enumerate(lines) if line.startswith(b'{"checkpoint"')]
    entry, other = places[3], places[5]
    content = bundles.read_line(lines[entry])
    if how == "one byte":
        leaf = str(content["leaf"])
        lines[entry] = changed(lines[entry], leaf=leaf.replace('"at":"2030', '"at":"2031', 1))
    elif how == "leaf and hash":
        lines[entry] = changed(lines[entry], leaf=None, hash="00" * 32)
    elif how == "removed":
        del lines[entry]
    elif how == "swapped":
        lines[entry], lines[other] = lines[other], lines[entry]
    elif how == "checkpoints":
        lines[signed[0]], lines[signed[1]] = lines[signed[1]], lines[signed[0]]
    elif how == "signature":
        note = str(bundles.read_line(lines[signed[0]])["note"])
        lines[signed[0]] = changed(lines[signed[0]], note=note[:-8] + "AAAAAA=\n")
    else:
        del lines[-2:]
    return lines


@pytest.mark.parametrize("how", ["one byte", "leaf and hash", "removed", "swapped", "checkpoints", "signature", "cut"])
def test_go_refuses_what_we_refuse(verify: Verify, bundle: bytes, tmp_path: Path, how: str) -> None:
    lines = altered(bundle.splitlines(keepends=True), how)
    assert not verification.verify(lines).holds
    theirs = verify(written(tmp_path, lines))
    assert theirs.returncode == 1, theirs.stdout + theirs.stderr
    if how == "one byte":
        assert "entry 3 was altered" in theirs.stdout
