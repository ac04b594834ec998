"""The vulnerability scan: which versions an entry is about, and that a broken database is never a clean one."""

import asyncio
import functools
import http.server
import json
import socketserver
import threading
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.outside import advisories, pins
from steward.ports.advisories import Component, Scan

NOW = datetime(2031, 1, 1, tzinfo=UTC)

MODULES = """module example.org/steward

go 1.26.1

require example.org/single v1.2.3

require (
	example.org/door v1.4.0
	example.org/pre/v2 v2.0.0-rc.1 // indirect
)

replace example.org/other => example.org/fork v0.1.0
"""


def entry(**changes: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "Go", "name": "example.org/door"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.2.0"}, {"fixed": "1.4.1"}]}],
    }
    return {
        "id": "GO-2030-0001",
        "modified": "2030-01-01T00:00:00Z",
        "published": "2029-12-01T00:00:00Z",
        "aliases": ["CVE-2029-1"],
        "summary": "It opens",
        "affected": [affected],
        **changes,
    }


def scanned(folder: Path, *entries: Mapping[str, Any], packed: bool = False) -> Scan:
    """Of a database with these entries about Go and one about Python."""
    (folder / "kube" / "door").mkdir(parents=True)
    (folder / "kube" / "door" / "go.mod").write_text(MODULES)
    python = entry(id="PYSEC-1", affected=[], modified="2029-06-01T00:00:00Z")
    for ecosystem, found in (("Go", entries), ("PyPI", [python])):
        place = folder / "database" / ecosystem
        place.mkdir(parents=True)
        if packed:
            with zipfile.ZipFile(place / "all.zip", "w") as archive:
                for number, each in enumerate(found):
                    archive.writestr(f"{number}.json", json.dumps(each))
            continue
        for number, each in enumerate(found):
            (place / f"{number}.json").write_text(json.dumps(each))
    scan = advisories.OsvAdvisories(str(folder / "database"), lambda: folder / "kube", lambda: NOW)
    return asyncio.run(scan.scan())


def test_pins_are_read_from_modules_and_from_what_is_installed(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(MODULES)
    found = pins.pinned(tmp_path)
    go = {each.name: each.version for each in found if each.ecosystem == "Go"}
    assert go == {
        "stdlib": "1.26.1",
        "example.org/single": "1.2.3",
        "example.org/door": "1.4.0",
        "example.org/pre/v2": "2.0.0-rc.1",
    }
    python = {each.name for each in found if each.ecosystem == "PyPI"}
    assert {"fastapi", "pydantic", "cryptography"} <= python


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_affected_is_found_with_what_mends_it(tmp_path: Path, packed: bool) -> None:
    scan = scanned(tmp_path, entry(), entry(id="GO-2030-0002", affected=[]), packed=packed)
    assert (scan.reason, f"{scan.newest:%Y-%m-%d}") == ("", "2029-06-01"), "as old as its oldest part"
    (found,) = scan.found
    assert (found.id, found.component.version, found.fixed, found.aliases) == (
        "GO-2030-0001",
        "1.4.0",
        "1.4.1",
        ("CVE-2029-1",),
    )
    assert scan.components > 50


def test_an_entry_that_is_dated_ahead_makes_nothing_look_fresh(tmp_path: Path) -> None:
    old = entry(id="GO-1", modified="2028-01-01T00:00:00Z")
    ahead = entry(id="GO-2", modified="2099-01-01T00:00:00Z")
    assert scanned(tmp_path, old, ahead).newest == datetime(2028, 1, 1, tzinfo=UTC)


def test_a_withdrawn_entry_is_about_nothing(tmp_path: Path) -> None:
    assert scanned(tmp_path, entry(withdrawn="2030-01-01T00:00:00Z")).found == []


@pytest.mark.parametrize(
    "broken", ["{", '{"id": "x"}', '{"id": "x", "modified": "yesterday"}', '["modified"]', '{"modified": 4}']
)
def test_a_broken_database_is_a_reason(tmp_path: Path, broken: str) -> None:
    scanned(tmp_path, entry())
    (tmp_path / "database" / "Go" / "0.json").write_text(broken)
    scan = asyncio.run(
        advisories.OsvAdvisories(str(tmp_path / "database"), lambda: tmp_path / "kube", lambda: NOW).scan()
    )
    assert scan.newest is None
    assert "could not be read" in scan.reason


@pytest.mark.parametrize("gone", ["Go", "PyPI"])
def test_a_database_that_lacks_an_ecosystem_is_a_reason(tmp_path: Path, gone: str) -> None:
    scanned(tmp_path, entry())
    for path in (tmp_path / "database" / gone).iterdir():
        path.unlink()
    scan = asyncio.run(
        advisories.OsvAdvisories(str(tmp_path / "database"), lambda: tmp_path / "kube", lambda: NOW).scan()
    )
    assert (scan.newest, gone in scan.reason) == (None, True)


def test_a_mirror_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    scan = asyncio.run(advisories.OsvAdvisories("file://nowhere", lambda: tmp_path).scan())
    assert scan.newest is None
    assert scan.reason


@pytest.mark.loopback
def test_a_mirror_is_read_by_its_url_and_without_an_archive_it_is_a_reason(tmp_path: Path) -> None:
    scanned(tmp_path, entry(), packed=True)
    quiet = functools.partial(_Quiet, directory=str(tmp_path / "database"))
    with socketserver.TCPServer(("127.0.0.1", 0), quiet) as mirror:
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{mirror.server_address[1]}"
        scan = asyncio.run(advisories.OsvAdvisories(url, lambda: tmp_path / "kube", lambda: NOW).scan())
        assert [each.id for each in scan.found] == ["GO-2030-0001"]
        (tmp_path / "database" / "PyPI" / "all.zip").unlink()
        scan = asyncio.run(advisories.OsvAdvisories(url, lambda: tmp_path / "kube", lambda: NOW).scan())
        assert (scan.newest, "404" in scan.reason) == (None, True)
        mirror.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Not on the tests' standard error."""


def about(version: str, *events: dict[str, str], ecosystem: str = "Go", **more: Any) -> bool:
    affected = {"ranges": [{"type": "SEMVER" if ecosystem == "Go" else "ECOSYSTEM", "events": list(events)}], **more}
    return advisories.is_affected(affected, Component(ecosystem=ecosystem, name="x", version=version))


@pytest.mark.parametrize(
    ("version", "events", "affected"),
    [
        ("1.0.0", [{"introduced": "0"}], True),
        ("1.0.0", [{"introduced": "0"}, {"fixed": "1.0.0"}], False),
        ("0.9.9", [{"introduced": "0"}, {"fixed": "1.0.0"}], True),
        ("1.0.0-rc.1", [{"introduced": "0"}, {"fixed": "1.0.0"}], True),
        ("1.0.0-rc.2", [{"introduced": "1.0.0-rc.1"}, {"fixed": "1.0.0-rc.10"}], True),
        ("1.10.0", [{"introduced": "1.9.0"}, {"fixed": "1.9.5"}], False),
        ("2.1.0", [{"introduced": "0"}, {"fixed": "1.5.0"}, {"introduced": "2.0.0"}, {"fixed": "2.2.0"}], True),
        ("1.6.0", [{"introduced": "0"}, {"fixed": "1.5.0"}, {"introduced": "2.0.0"}, {"fixed": "2.2.0"}], False),
        ("1.5.0", [{"introduced": "0"}, {"last_affected": "1.5.0"}], True),
        ("1.5.1", [{"introduced": "0"}, {"last_affected": "1.5.0"}], False),
        ("0.0.0-20240101000000-abcdefabcdef", [{"introduced": "0"}, {"fixed": "0.0.0-20250101000000-ab"}], True),
        ("1.26.1", [{"introduced": "1.26.0-0"}, {"fixed": "1.26.2"}], True),
    ],
)
def test_ranges_of_versions(version: str, events: list[dict[str, str]], affected: bool) -> None:
    assert about(version, *events) is affected


def test_versions_of_python_have_an_order_of_their_own() -> None:
    events: list[dict[str, str]] = [{"introduced": "1.0"}, {"fixed": "1.10"}]
    assert about("1.9.post1", *events, ecosystem="PyPI")
    assert about("1.10rc1", *events, ecosystem="PyPI")
    assert not about("1.10", *events, ecosystem="PyPI")
    assert about("7", {"introduced": "8"}, ecosystem="PyPI", versions=["7"])


CORE = st.tuples(*[st.integers(min_value=0, max_value=30)] * 3)


@given(CORE, CORE, CORE)
def test_a_range_holds_what_lies_in_it(
    low: tuple[int, int, int], high: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    low, high = min(low, high), max(low, high)
    text = [".".join(map(str, each)) for each in (low, high, version)]
    assert about(text[2], {"introduced": text[0]}, {"fixed": text[1]}) is (low <= version < high)
