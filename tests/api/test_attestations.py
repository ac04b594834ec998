"""A person's word, access reviews and the register of risks on the wire: who may, about what, for how long."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from steward.domain import clusters, evidence
from steward.operations import coverage
from tests.api import persons, serving


def later(service: serving.Service, days: float) -> str:
    return (service.clock.now() + timedelta(days=days)).isoformat()


def wish(service: serving.Service, **fields: Any) -> dict[str, Any]:
    return {"activity": "1.1-5", "statement": "All data is on volumes", "until": later(service, 90), **fields}


async def state(service: serving.Service, cluster: str, activity: str) -> tuple[str, str]:
    path = f"/native/projects/{service.project}/kube/{cluster}/report"
    found = await service.call("GET", path, prefix="")
    row = next(each for each in found.body["rows"] if each["activity"] == activity)
    return row["state"], row["attestedBy"]


def test_a_named_person_attests_until_a_day_and_withdraws(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = (await service.ready())["id"]
        ada = await persons.present(service, "admin")
        path = f"/native/projects/{service.project}/attestations"
        assert await state(service, cluster, "1.1-5") == ("unknown", "")
        made = await ada.call("POST", path, wish(service, cluster=cluster, document="A" * 64))
        assert made.status == 200, made.text
        assert (made.body["person"], made.body["document"]) == (ada.email, "a" * 64)
        assert await state(service, cluster, "1.1-5") == ("attested", ada.email)
        await service.clock.sleep(91 * 86_400)
        assert await state(service, cluster, "1.1-5") == ("stale", ada.email)
        await ada.takes_token()
        again = await ada.call("POST", path, wish(service))
        assert again.body["subject"] == f"project:{service.project}"
        assert await state(service, cluster, "1.1-5") == ("attested", ada.email)
        for _ in range(2):
            assert (await ada.call("DELETE", f"{path}/{again.body['id']}")).status == 200
        assert (await state(service, cluster, "1.1-5"))[0] == "stale"
        listed = await ada.call("GET", path)
        assert [bool(each["withdrawnAt"]) for each in listed.body] == [False, True]

    serving.run(tmp_path, story)


def test_neither_keys_nor_the_other_party_attest(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/native/projects/{service.project}/attestations"
        key = await service.call("POST", path, wish(service), prefix="")
        assert (key.status, key.body["errorCode"]) == (403, "NO_PERSON")
        susi = await persons.present(service, "operator")
        foreign = await susi.call("POST", path, wish(service))
        assert (foreign.status, foreign.body["details"]["activity"]) == (403, "1.1-5")
        vera = await persons.present(service, "viewer")
        assert (await vera.call("POST", path, wish(service))).status == 403
        async with service.records.read() as work:
            assert await work.attestations.all() == []

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"activity": "2.3-2"}, 409),  # proven by what is observed
        ({"activity": "9.9-9"}, 400),
        ({"statement": "  "}, 400),
        ({"document": "abc"}, 400),
        ({"cluster": "nowhere"}, 404),
        ({"until": "tomorrow"}, 400),
        ({"until": "2029-01-01T00:00:00Z"}, 400),
        ({"until": "2040-01-01T00:00:00Z"}, 400),
    ],
)
def test_what_is_no_attestation_is_refused_with_a_sentence(tmp_path: Path, change: dict[str, str], status: int) -> None:
    async def story(service: serving.Service) -> None:
        ada = await persons.present(service, "owner")
        answer = await ada.call("POST", f"/native/projects/{service.project}/attestations", wish(service, **change))
        assert answer.status == status, answer.text
        assert len(answer.body["message"]) > 20

    serving.run(tmp_path, story)


def test_statements_in_rows_of_ones_own_are_not_for_the_other_party(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ada = await persons.present(service, "owner")
        path = f"/native/projects/{service.project}/attestations"
        for activity in ("1.1-5", "3.1.7-3"):
            assert (await ada.call("POST", path, wish(service, activity=activity, statement="secret"))).status == 200
        shown = {each["activity"]: each["statement"] for each in (await service.operator("GET", path)).body}
        assert shown == {"1.1-5": "secret", "3.1.7-3": ""}, "the provider has I in the first and nothing in the other"

    serving.run(tmp_path, story)


def test_what_concerns_all_is_the_providers(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        oscar = await persons.present(service, "operator")
        physical = wish(service, activity="3.1.2-2", statement="Two people have keys")
        made = await oscar.call("POST", "/native/attestations", physical)
        assert (made.status, made.body["subject"]) == (200, "fleet"), made.text
        ada = await persons.present(service, "owner")
        assert (await ada.call("POST", "/native/attestations", physical)).status == 403
        assert (await ada.call("GET", "/native/attestations")).status == 403
        path = f"/native/projects/{service.project}/attestations"
        assert (await oscar.call("POST", path, physical)).status == 400, "it is stated of the whole service"
        gone = await oscar.call("DELETE", f"{path}/{made.body['id']}")
        assert gone.status == 404
        assert (await oscar.call("DELETE", f"/native/attestations/{made.body['id']}")).status == 200

    serving.run(tmp_path, story)


def test_a_review_holds_what_was_looked_at(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ada = await persons.present(service, "owner")
        path = f"/native/projects/{service.project}/reviews/members"
        listed = await ada.call("GET", path)
        assert ada.email in [each["name"] for each in listed.body["items"]]
        digest = listed.body["digest"]
        await persons.invited(service, "viewer")
        old = await ada.call("POST", path, {"digest": digest, "statement": "Fine"})
        assert (old.status, "changed" in old.body["message"]) == (409, True)
        digest = (await ada.call("GET", path)).body["digest"]
        made = await ada.call("POST", path, {"digest": digest, "statement": "Fine"})
        assert (made.body["review"], made.body["document"]) == ("members", digest)
        after = await ada.call("GET", path)
        assert after.body["overdue"] is False
        due = datetime.fromisoformat(after.body["dueAt"]) - service.clock.now()
        assert timedelta(days=89) < due <= timedelta(days=90)
        await service.clock.sleep(91 * 86_400)
        await ada.takes_token()
        assert (await ada.call("GET", path)).body["overdue"] is True

    serving.run(tmp_path, story)


def test_programs_are_reviewed_by_the_party_whose_they_are(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ada, oscar = await persons.present(service, "owner"), await persons.present(service, "operator")
        lists = {ada: f"/native/projects/{service.project}/reviews/members", oscar: "/native/reviews/register"}
        before = {who: (await who.call("GET", path)).body["digest"] for who, path in lists.items()}
        wanted = {"name": "ci", "description": "Deploys", "flow": "CLIENT_CREDENTIALS"}
        clients = {}
        for who, path in lists.items():
            made = await who.call("POST", "/v1/me/api/oauth2/client", wanted)
            assert made.status == 200, made.text
            clients[who] = made.body["clientId"]
            old = await who.call("POST", path, {"digest": before[who], "statement": "Fine"})
            assert old.status == 409, "the list has changed with the client"
        for who, path in lists.items():
            items = (await who.call("GET", path)).body["items"]
            programs = [each for each in items if each["kind"] == "program"]
            role = {ada: "admin", oscar: "operator"}[who]
            assert programs == [{"kind": "program", "name": clients[who], "role": role, "description": "ci"}]
        assert (await ada.call("DELETE", f"/v1/me/api/oauth2/client/{clients[ada]}")).status == 200
        assert (await ada.call("GET", lists[ada])).body["digest"] == before[ada]

    serving.run(tmp_path, story)


def test_lists_are_for_the_party_that_reviews_them(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = (await service.ready())["id"]
        ada, oscar = await persons.present(service, "owner"), await persons.present(service, "operator")
        admin = await persons.present(service, "admin")
        mine = f"/native/projects/{service.project}/reviews"
        assert (await oscar.call("GET", f"{mine}/members")).status == 403
        register = await ada.call("GET", "/native/reviews/register")
        assert (register.status, register.body["details"]["activity"]) == (403, "3.1.2-2")
        assert (await ada.call("GET", f"{mine}/register")).status == 400
        assert (await ada.call("GET", f"{mine}/nothing")).status == 404
        digest = (await admin.call("GET", f"{mine}/members")).body["digest"]
        refused = await admin.call("POST", f"{mine}/members", {"digest": digest, "statement": "Fine"})
        assert (refused.status, "owner" in refused.body["message"]) == (403, True)
        early = await admin.call("GET", f"{mine}/admins?cluster={cluster}")
        assert early.status == 409, "nobody has read it yet"
        await bound(service, cluster, {"cluster-admin": ["User:alice"]})
        listed = await admin.call("GET", f"{mine}/admins?cluster={cluster}")
        assert listed.body["items"] == [{"kind": "binding", "name": "cluster-admin", "subjects": ["User:alice"]}]
        made = await admin.call(
            "POST", f"{mine}/admins", {"digest": listed.body["digest"], "statement": "Alice it is", "cluster": cluster}
        )
        assert (made.status, made.body["subject"]) == (200, f"cluster:{cluster}"), made.text
        register = await oscar.call("GET", "/native/reviews/register")
        assert oscar.email in [each["name"] for each in register.body["items"]]
        done = {"digest": register.body["digest"], "statement": "As it should be"}
        assert (await oscar.call("POST", "/native/reviews/register", done)).status == 200
        token = await service.operator("POST", "/native/reviews/register", done)
        assert token.status in (200, 403), token.text

    serving.run(tmp_path, story)


async def bound(service: serving.Service, cluster: str, bindings: dict[str, list[str]]) -> None:
    now = service.clock.now()
    piece = evidence.Evidence(
        activity="3.1.2-3",
        subject=evidence.of_cluster(clusters.ClusterId(cluster)),
        collector="bindings",
        observed_at=now,
        valid_until=now + timedelta(days=1),
        outcome=evidence.Outcome.PROVEN,
        summary="It was read",
        facts={"bindings": bindings},
    )
    async with service.records.begin() as work:
        await coverage.keep(work, piece, None)


def test_the_register_of_risks_is_kept_by_the_provider(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        oscar = await persons.present(service, "operator")
        risk = {"title": "One host", "owner": "oscar", "treatment": "reduce", "reviewBy": later(service, 90)}
        for wrong in (
            {"treatment": "hope"}, {"title": " "}, {"reviewBy": later(service, -1)}, {"reviewBy": later(service, 500)},
            {"owner": None}, {"reviewBy": "soon"},
        ):  # fmt: skip
            answer = await oscar.call("POST", "/native/risks", {**risk, **wrong})
            assert answer.status == 400, wrong
        made = await oscar.call("POST", "/native/risks", risk)
        path = f"/native/risks/{made.body['id']}"
        signed = await oscar.call("POST", f"{path}/accept", {"until": later(service, 30)})
        assert (signed.body["treatment"], signed.body["acceptedBy"]) == ("accept", oscar.email)
        looked = await oscar.call("PUT", path, {"reviewBy": later(service, 200)})
        assert looked.body["acceptedBy"] == oscar.email, "looking at it again leaves what was signed"
        other = await oscar.call("PUT", path, {"title": "Two hosts"})
        assert other.body["acceptedBy"] == "", "what was signed was something else"
        assert (await oscar.call("DELETE", path)).status == 200
        assert (await oscar.call("PUT", path, {"title": "Three"})).status == 409
        assert (await oscar.call("GET", "/native/risks")).body == []
        assert len((await oscar.call("GET", "/native/risks?closed=true")).body) == 1
        ada = await persons.present(service, "owner")
        theirs = await ada.call("GET", "/native/risks")
        assert (theirs.status, theirs.body["details"]["activity"]) == (403, "3.1.6-2")
        assert (await ada.call("POST", "/native/risks", risk)).status == 403
        support = await persons.present(service, "support")
        assert (await support.call("POST", "/native/risks", risk)).status == 403

    serving.run(tmp_path, story)
