"""The ledger over HTTP: entries, proofs, checkpoints, keys, export, and who gets what of it."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from steward import settings
from steward.kit import bundles, leaves, merkle, notes, verification
from tests.api import serving
from tests.api.serving import Service

HUGE = 2**63


def ledger(service: Service) -> str:
    return f"/native/projects/{service.project}/ledger"


async def get(service: Service, path: str = "", *, status: int = 200) -> Any:
    """As the customer."""
    answer = await service.call("GET", ledger(service) + path, prefix="")
    assert answer.status == status, answer.text
    return answer.body


def leaf_hash(text: str) -> bytes:
    return hashlib.sha256(b"\0" + text.encode()).digest()


def unhexed(found: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in found]


def test_entries_prove_themselves(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        await service.order(name="first")
        old = await get(service, "/checkpoint")
        await service.order(name="second", nodepool={"flavorName": "d2-4", "desiredNodes": 1})
        state = await get(service)
        new = await get(service, "/checkpoint")
        assert state["log"] == f"project-{service.project}"
        assert state["checkpoint"] == old
        assert (state["damage"], state["witnesses"]) == (None, [])
        (key,) = await get(service, "/keys")
        signed = notes.opened_checkpoint(new["note"], notes.read_key(key["key"]))
        assert (signed.size, signed.root.hex()) == (new["size"], new["root"])
        assert signed.origin == f"steward.local/project-{service.project}"

        entries = await get(service, "/entries?limit=1000")
        assert [each["index"] for each in entries] == list(range(new["size"]))
        for each in entries:
            digest = leaf_hash(each["leaf"])
            assert digest.hex() == each["hash"]
            shown = each["disclosed"] or {}
            committed = json.loads(each["leaf"])["commitments"]
            assert committed == {name: leaves.commitment(it["salt"], it["value"]) for name, it in shown.items()}
            for size in range(each["index"] + 1, new["size"] + 1):
                proof = await get(service, f"/entries/{each['index']}/inclusion?size={size}")
                path, root = unhexed(proof["proof"]), bytes.fromhex(proof["root"])
                assert merkle.includes(digest, each["index"], size, path, root)
        assert (await get(service, "/entries/0/inclusion"))["root"] == new["root"]
        assert await get(service, "/entries?start=1&limit=2") == entries[1:3]
        assert await get(service, "/entries/1") == entries[1]
        between = await get(service, f"/consistency?old={old['size']}&size={new['size']}")
        roots = unhexed([old["root"], new["root"]])
        assert merkle.consistent(old["size"], new["size"], unhexed(between["proof"]), *roots)

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/entries/999", 404, "There is no entry 999"),
        (f"/entries/{HUGE}", 400, "[index]"),
        ("/entries/-1", 400, "[index]"),
        ("/entries/x", 400, "[index]"),
        ("/entries/999/inclusion", 404, "no entry 999 among the first"),
        ("/entries/1/inclusion?size=1", 404, "no entry 1 among the first 1 "),
        ("/entries/0/inclusion?size=999", 400, "entries, not 999"),
        ("/entries/0/inclusion?size=-1", 400, "[size]"),
        ("/entries?limit=0", 400, "[limit]"),
        ("/entries?limit=1001", 400, "[limit]"),
        ("/entries?start=-1", 400, "[start]"),
        ("/consistency", 400, "[old] Missing parameter"),
        ("/consistency?old=999", 400, "does not begin with one of 999"),
        ("/consistency?old=0&size=999", 400, "entries, not 999"),
        ("/nothing", 404, "invalid"),
    ],
)
def test_what_is_not_there_or_no_number_is_said(tmp_path: Path, path: str, status: int, said: str) -> None:
    async def story(service: Service) -> None:
        await service.order()
        assert said in (await get(service, path, status=status))["message"]

    serving.run(tmp_path, story)


def test_the_export_verifies_and_is_the_customers_own(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        await service.order()
        path = f"{ledger(service)}/export"
        url = f"{serving.BASE}{path}"
        answer = await service.http.get(path, headers=service.signed("GET", url, b"", service.keys))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/jsonl"
        (key,) = await get(service, "/keys")
        lines = bundles.lines_of(io.BytesIO(answer.content))
        found = verification.verify(lines, trusted=[notes.read_key(key["key"])])
        assert found.holds, found.fault
        assert found.entries == (await get(service))["size"]

    serving.run(tmp_path, story)


def test_one_customer_learns_nothing_of_another(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        await service.order()
        other, keys = await service.customer_of("zz9-local")
        nowhere = f"/native/projects/{'0' * 32}/ledger"
        for path in ("", "/entries", "/entries/0", "/checkpoint", "/keys", "/export", "/consistency?old=0"):
            theirs = await service.call("GET", ledger(service) + path, keys=keys, prefix="")
            none = await service.call("GET", nowhere + path, keys=keys, prefix="")
            assert theirs.status == none.status == 404
            assert theirs.body["message"] == none.body["message"]
            assert (await service.call("GET", f"/native/ledger{path}", keys=keys, prefix="")).status == 404
        erased = await service.call("POST", f"{ledger(service)}/entries/0/erase", keys=keys, prefix="")
        assert erased.status == 404
        assert other != service.project

    serving.run(tmp_path, story)


def test_the_provider_reads_its_own_and_hashes_of_the_rest(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        made = await service.ready()
        await service.clock.sleep(1)
        renamed = await service.call("PUT", f"{service.kube}/{made['id']}", {"name": "secret-plans"})
        assert renamed.status == 200
        entries = (await service.operator("GET", f"{ledger(service)}/entries")).body
        ours = await get(service, "/entries")
        assert [each["hash"] for each in entries] == [each["hash"] for each in ours]
        withheld = [each["index"] for each in entries if each["leaf"] is None]
        assert withheld == [each["index"] for each in ours if json.loads(each["leaf"])["activity"] == "2.1-2"] != []
        assert all(entries[index]["disclosed"] is None for index in withheld)
        assert "secret-plans" not in json.dumps(entries)
        proof = (await service.operator("GET", f"{ledger(service)}/entries/{withheld[0]}/inclusion")).body
        assert proof["hash"] == ours[withheld[0]]["hash"]
        assert (await service.operator("GET", "/native/ledger/checkpoint")).status == 200

    serving.run(tmp_path, story)


def test_erasing_and_renewing_are_decided_upon(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        await service.order()
        before = await get(service, "/checkpoint")
        shown = await get(service, "/entries")
        actors = {each["index"]: (each["disclosed"] or {}).get("actor", {}).get("value") for each in shown}
        theirs = next(index for index, actor in actors.items() if actor == "ab1-local")
        path = f"{ledger(service)}/entries/{theirs}"
        refused = await service.operator("POST", f"{path}/erase")
        assert (refused.status, refused.body["errorCode"]) == (403, "NOT_YOUR_ENTRY")
        assert (await get(service, f"/entries/{theirs}"))["disclosed"] is not None
        erased = await service.call("POST", f"{path}/erase", prefix="")
        assert (erased.status, erased.body) == (200, None), erased.text
        assert (await get(service, f"/entries/{theirs}"))["disclosed"] is None
        refused = await service.call("POST", "/native/ledger/keys", prefix="")
        assert refused.status in (401, 403)
        new = await service.operator("POST", "/native/ledger/keys")
        assert new.status == 200
        old_key, new_key = await get(service, "/keys")
        assert old_key["retiredAt"] is not None
        after = await get(service, "/checkpoint")
        assert notes.opened_checkpoint(after["note"], notes.read_key(new_key["key"])).size > before["size"]
        assert (await service.operator("GET", "/native/ledger/checkpoint")).status == 200
        last = (await service.operator("GET", "/native/ledger")).body["size"] - 1
        own = f"/native/ledger/entries/{last}"
        assert (await service.operator("GET", own)).body["disclosed"] is not None
        assert (await service.operator("POST", f"{own}/erase")).status == 200
        assert (await service.operator("GET", own)).body["disclosed"] is None

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("public", "name"),
    [("", "steward.abc"), ("https://k8s.example.org:8443/steward", "steward.k8s.example.org")],
)
def test_a_ledger_is_known_by_the_public_host(public: str, name: str) -> None:
    found = settings.Settings(public_url=public, instance="abc").ledger_name
    assert found == notes.checked_name(found) == name


def test_what_was_refused_leaves_no_entry(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        await service.order()
        before = await get(service)
        for body in ({"region": "NOWHERE"}, {}, {"region": "LOCAL1", "name": "\n"}):
            await service.clock.sleep(1)
            assert (await service.call("POST", service.kube, body)).status == 400
        assert await get(service) == before

    serving.run(tmp_path, story)
