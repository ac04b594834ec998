"""`steward ledger` and `steward verify`: what is kept in files, what is said, and how it ends."""

import json
from typing import Any, cast

import httpx2
import pytest

from steward.kit import merkle, notes, reports
from tests.unit.cli import fakes
from tests.unit.cli.fakes import PROJECT, Desk
from tests.unit.kit import logs

LEDGER = f"/native/projects/{PROJECT}/ledger"
OWN = "/native/ledger"
BEARER = {"authorization": "Bearer operators-token"}


def answered(log: logs.Log) -> dict[str, object]:
    """Of the checkpoint that the log has at its end."""
    return {"size": log.tree.size, "root": log.tree.root.hex(), "at": "2030-01-01T00:00:00.000Z", "note": log.sign()}


def serve(desk: Desk, log: logs.Log, *, old: int = 0) -> None:
    key = {"id": "1", "key": log.key.text, "createdAt": "2030-01-01T00:00:00Z", "retiredAt": None, "note": ""}
    desk.service.says("GET", f"{LEDGER}/keys", [key])
    desk.service.says("GET", f"{LEDGER}/checkpoint", answered(log))
    places: dict[merkle.Place, bytes] = {}
    tree = merkle.Growing()
    for each in log.entries:
        places[(0, each.index)] = each.hash
        places |= dict(tree.append(each.hash))
    proof = merkle.consistency(min(old, tree.size), tree.size, lambda level, index: places[(level, index)])
    desk.service.says("GET", f"{LEDGER}/consistency", {"old": old, "proof": [each.hex() for each in proof]})


def exported(desk: Desk, log: logs.Log, path: str = LEDGER) -> None:
    desk.service.then("GET", f"{path}/export", lambda _: httpx2.Response(200, content=b"".join(log.lines())))


def test_an_export_is_verified_without_the_service(desk: Desk) -> None:
    log = logs.furnished()
    exported(desk, log)
    file = desk.folder / "ledger.jsonl"
    result = desk.run("ledger", "export", str(file))
    assert (result.code, result.out) == (0, "")
    assert f"steward verify {file}" in result.err
    assert file.read_bytes() == b"".join(log.lines())
    assert file.stat().st_mode & 0o077 == 0
    described = cast(dict[str, Any], desk.run("ledger", "export", str(file), "-o", "json").json)
    assert described == {"file": str(file), "bytes": file.stat().st_size}
    asked = len(desk.service.requests)
    verified = desk.run("verify", str(file), "--key", log.key.text)
    assert verified.code == 0
    assert verified.out.startswith(f"Holds: {logs.ORIGIN}, 12 entries from 2030-01-01T12:00:00")
    found = cast(dict[str, Any], desk.run("verify", str(file), "-o", "json").json)
    assert (found["holds"], found["fault"], found["entries"], found["keys"][-1]) == (True, None, 12, log.key.text)
    assert "No key and no checkpoint" in found["remarks"][-1]
    assert len(desk.service.requests) == asked


def test_a_report_is_verified_and_an_altered_row_is_named(desk: Desk) -> None:
    secret = notes.new_secret()
    key = notes.Key(name=logs.ORIGIN, public=notes.public_of(secret))
    rows = [{"activity": each, "state": "proven"} for each in ("1.1-1", "2.1-1")]
    document = {"kind": "coverage", "project": PROJECT, "cluster": "c", "at": "2030-01-01T00:00:00Z", "rows": rows}
    file = desk.folder / "report.json"
    file.write_text(json.dumps(reports.sealed(document, key, secret), indent=2))
    good = desk.run("verify", str(file), "--key", key.text)
    assert (good.code, "2 rows of c" in good.out) == (0, True), good.out
    assert "No key was given" in desk.run("verify", str(file)).out
    file.write_text(file.read_text().replace("proven", "prove_", 1))
    bad = desk.run("verify", str(file), "--key", key.text, "-o", "json")
    assert bad.code == 1
    assert cast(dict[str, Any], bad.json)["altered"] == ["1.1-1"]
    file.write_text(file.read_text().replace("rows", 'ro"ws'))
    broken = desk.run("verify", str(file))
    assert (broken.code, "altered" in broken.err) == (1, True)


def test_an_altered_byte_is_named_and_ends_with_1(desk: Desk) -> None:
    file = desk.folder / "ledger.jsonl"
    text = b"".join(logs.furnished().lines())
    at = text.index(b"cluster:1", text.index(b'"entry":4,'))
    file.write_bytes(text[:at] + b"klaster:1" + text[at + 9 :])
    result = desk.run("verify", str(file))
    assert result.code == 1
    assert result.out.startswith("Does not hold: entry 4 was altered (2030-01-01T12:00:04")
    assert "the first 4" in result.out
    found = cast(dict[str, Any], json.loads(desk.run("verify", str(file), "-o", "json").out))
    assert (found["holds"], found["fault"]["kind"], found["fault"]["index"]) == (False, "altered", 4)
    assert found["fault"]["sentence"].startswith("entry 4 was altered")


def test_what_cannot_be_verified_at_all(desk: Desk) -> None:
    file = desk.folder / "ledger.jsonl"
    file.write_bytes(b"".join(logs.furnished().lines()))
    assert desk.run("verify", str(desk.folder / "nothing")).code == 2
    assert desk.run("verify", str(file), "--key", "nonsense").code == 2
    assert desk.run("verify", str(file), "--checkpoint", str(file)).code == 2
    assert desk.run("verify", str(file), "--checkpoint", str(desk.folder / "nothing")).code == 2
    other = logs.furnished().key.text
    result = desk.run("verify", str(file), "--key", other)
    assert result.code == 1
    assert "a key is not vouched for" in result.out


def test_nothing_is_left_of_an_export_that_failed(desk: Desk) -> None:
    file = desk.folder / "ledger.jsonl"
    file.write_text("the one before")
    desk.service.refuses("GET", f"{LEDGER}/export", 404, "This service does not exist")
    result = desk.run("ledger", "export", str(file))
    assert result.code == 3
    assert "This service does not exist" in result.err
    assert [each.name for each in desk.folder.iterdir() if each.is_file()] == ["ledger.jsonl"]
    assert file.read_text() == "the one before"
    desk.service.is_away("GET", f"{LEDGER}/export")
    assert desk.run("ledger", "export", str(file)).code == 7
    exported(desk, logs.furnished())
    assert desk.run("ledger", "export", str(desk.folder / "no" / "such" / "folder")).code == 1


def test_the_provider_exports_its_own_log_unless_it_names_a_project(desk: Desk) -> None:
    exported(desk, logs.furnished(), OWN)
    exported(desk, logs.furnished())
    file = str(desk.folder / "ledger.jsonl")
    assert desk.run("ledger", "export", file, "--as", "provider").code == 0
    assert fakes.identity(desk.service.asked("GET", f"{OWN}/export")[0]) == BEARER
    assert desk.run("--project", PROJECT, "ledger", "export", file, "--as", "provider").code == 0
    assert fakes.identity(desk.service.asked("GET", f"{LEDGER}/export")[0]) == BEARER


def test_a_kept_checkpoint_moves_on_with_the_log(desk: Desk) -> None:
    log = logs.furnished(size=5, rotate_at=99)
    serve(desk, log)
    file = desk.folder / "kept.json"
    assert desk.run("ledger", "checkpoint", "--save", str(file)).code == 0
    log.add(actor="a")
    serve(desk, log, old=5)
    result = desk.run("ledger", "checkpoint", "--save", str(file))
    assert result.code == 0
    assert "it goes with the one of 5 entries" in result.err
    assert desk.service.query("GET", f"{LEDGER}/consistency") == {"old": "5", "size": "6"}
    bundle = desk.folder / "ledger.jsonl"
    bundle.write_bytes(b"".join(log.lines()))
    assert desk.run("verify", str(bundle), "--checkpoint", str(file)).code == 0


@pytest.mark.parametrize("how", ["cut", "altered"])
def test_a_log_that_contradicts_the_kept_checkpoint_is_the_proof(desk: Desk, how: str) -> None:
    log = logs.furnished(size=5, rotate_at=99)
    serve(desk, log)
    file = desk.folder / "kept.json"
    assert desk.run("ledger", "checkpoint", "--save", str(file)).code == 0
    kept = file.read_text()
    other = logs.Log(secret=log.secret)
    for number in range(2 if how == "cut" else 8):
        other.add(actor=f"somebody else {number}")
    serve(desk, other, old=5)
    result = desk.run("ledger", "checkpoint", "--save", str(file))
    assert result.code == 1
    assert ("entries 3 to 4 were removed" if how == "cut" else "does not begin with the 5") in result.err
    assert "it is the proof" in result.err
    assert file.read_text() == kept
    bundle = desk.folder / "ledger.jsonl"
    bundle.write_bytes(b"".join(other.lines()))
    assert desk.run("verify", str(bundle)).code == 0
    assert desk.run("verify", str(bundle), "--checkpoint", str(file)).code == 1


def test_an_answer_that_is_not_signed_is_not_kept(desk: Desk) -> None:
    log = logs.furnished()
    serve(desk, log)
    desk.service.says("GET", f"{LEDGER}/checkpoint", {**answered(log), "note": log.sign(secret=notes.new_secret())})
    file = desk.folder / "kept.json"
    assert desk.run("ledger", "checkpoint", "--save", str(file)).code == 1
    assert not file.exists()


def test_state_entries_and_keys(desk: Desk) -> None:
    log = logs.furnished()
    witness = {"webhook": "w", "size": 9, "takenAt": None, "receipt": "", "failedSince": None, "lastError": ""}
    state = {"log": logs.LOG, "size": 12, "checkpoint": answered(log), "damage": None, "witnesses": [witness]}
    desk.service.says("GET", LEDGER, state)
    assert "w has 9" in desk.run("ledger", "show").out
    damage = {"foundAt": "2030-01-01T00:00:00Z", "index": 3, "text": "entry 3 is not there"}
    desk.service.says("GET", LEDGER, {**state, "damage": damage, "checkpoint": None})
    assert "entry 3 is not there" in desk.run("ledger", "show").out
    shown = {"index": 0, "at": "t", "hash": "00", "leaf": None, "disclosed": None}
    named = {**shown, "index": 1, "leaf": "{}", "disclosed": {"actor": {"salt": "s", "value": "somebody"}}}
    desk.service.says("GET", f"{LEDGER}/entries", [shown, named])
    listed = desk.run("ledger", "list", "--start", "0", "--limit", "2").out
    assert "withheld" in listed
    assert "somebody" in listed
    assert desk.service.query("GET", f"{LEDGER}/entries") == {"start": "0", "limit": "2"}
    serve(desk, log)
    assert desk.run("ledger", "keys", "-o", "name").out == f"{log.key.text}\n"


def test_erasing_asks_and_the_key_is_the_providers(desk: Desk) -> None:
    desk.service.says("POST", f"{LEDGER}/entries/3/erase", None)
    assert desk.run("ledger", "erase", "3").code == 2
    assert desk.run("ledger", "erase", "3", "--yes").code == 0
    assert len(desk.service.asked("POST", f"{LEDGER}/entries/3/erase")) == 1
    key = {"id": "1", "key": "k", "createdAt": "2030-01-01T00:00:00Z", "retiredAt": None, "note": ""}
    desk.service.says("POST", f"{OWN}/keys", key)
    assert desk.run("ledger", "rotate", "-o", "name").out == "k\n"
    assert fakes.identity(desk.service.asked("POST", f"{OWN}/keys")[0]) == BEARER
