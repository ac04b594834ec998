"""People of both parties over the wire: invited, signed in, limited, locked out, gone."""

from pathlib import Path

import pytest

from steward.operations import sessions
from tests.api import persons, serving

OTHERS_PERSON = "00000000-0000-4000-8000-000000000000"


def test_a_person_from_invitation_to_end(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner", name="Ann")
        me = (await ann.call("GET", "/native/me")).body
        assert (me["party"], me["role"], me["account"], me["personId"]) == ("customer", "owner", "ab1-local", ann.id)
        bob = await persons.present(service, "viewer")
        listed = {each["email"]: each for each in (await ann.call("GET", "/native/people")).body}
        assert listed[bob.email]["status"] == "active"
        assert listed[bob.email]["lastSignIn"] is not None
        changed = await ann.call("PUT", f"/native/people/{bob.id}", {"role": "admin"})
        assert changed.body["role"] == "admin"
        assert (await bob.call("GET", "/native/me")).body["role"] == "admin"
        assert (await ann.call("POST", f"/native/people/{bob.id}/suspend")).body["status"] == "suspended"
        assert (await bob.call("GET", "/native/me")).status == 403
        assert (await bob.signs_in()).body["errorCode"] == "PERSON_SUSPENDED"
        await ann.call("POST", f"/native/people/{bob.id}/resume")
        assert (await bob.call("GET", "/native/me")).status == 200
        assert (await ann.call("DELETE", f"/native/people/{bob.id}")).text == "null"
        assert (await bob.call("GET", "/native/me")).status == 403
        assert (await bob.signs_in()).body["errorCode"] == "SIGN_IN_REFUSED"
        assert (await ann.call("POST", f"/native/people/{bob.id}/resume")).status == 409
        again = await ann.call("POST", "/native/people", {"email": bob.email, "role": "viewer"})
        assert again.body["id"] != bob.id

    serving.run(tmp_path, story)


def test_the_owner_cannot_lock_the_account(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        for method, tail, body in (("POST", "/suspend", None), ("DELETE", "", None), ("PUT", "", {"role": "viewer"})):
            answer = await ann.call(method, f"/native/people/{ann.id}{tail}", body)
            assert (answer.status, answer.body["errorCode"]) == (409, "LAST_OF_ITS_ROLE")
        bob = await persons.present(service, "owner")
        assert (await ann.call("POST", f"/native/people/{ann.id}/suspend")).status == 200
        assert (await bob.call("GET", "/native/me")).status == 200

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "body",
    [
        {"email": "nobody", "role": "owner"},
        {"email": "a b@x.example", "role": "owner"},
        {"email": "a@x.example", "role": "operator"},
        {"email": "a@x.example", "role": "king"},
        {"email": "a@x.example", "role": "owner", "name": "\x07"},
        {"email": "a@x.example", "role": "viewer", "only": ["0" * 32]},
        {"email": "a@x.example", "role": "owner", "only": ["self"]},
        {"email": "a@x.example", "role": "owner", "colour": 1},
    ],
)
def test_wrong_invitations(tmp_path: Path, body: dict[str, object]) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("POST", "/native/people", body, prefix="")
        assert answer.status == 400, answer.text

    serving.run(tmp_path, story)


def test_parties_manage_their_own_people(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann, viewer = await persons.present(service, "owner"), await persons.present(service, "viewer")
        staff = await persons.present(service, "operator")
        for person, wanted in ((viewer, {"email": "a@x.example", "role": "viewer"}),):
            refused = await person.call("POST", "/native/people", wanted)
            assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.2-1")
        body = {"email": "eve@x.example", "role": "owner", "account": "ab1-local"}
        assert (await staff.call("POST", "/native/people", body)).body["details"]["activity"] == "3.1.2-1"
        for method, tail, sent in (
            ("POST", "/suspend", None),
            ("POST", "/reset", {"secondFactor": True}),
            ("PUT", "", {"role": "viewer"}),
            ("DELETE", "", None),
        ):
            refused = await staff.call(method, f"/native/people/{ann.id}{tail}", sent)
            assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.2-1"), tail
            hidden = await ann.call(method, f"/native/people/{staff.id}{tail}", sent)
            assert hidden.status == 404, tail
        assert ann.id in {each["id"] for each in (await staff.call("GET", "/native/people?account=ab1-local")).body}
        assert ann.id not in {each["id"] for each in (await staff.call("GET", "/native/people")).body}
        assert (await ann.call("GET", "/native/people?account=zz9-local")).status == 404

    serving.run(tmp_path, story)


def test_nobody_sees_another_customers_people(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        _, others = await service.customer_of("zz9-local")
        said = set()
        for person in (ann.id, OTHERS_PERSON, "nonsense"):
            for method, tail in (("GET", ""), ("POST", "/suspend"), ("GET", "/tokens"), ("DELETE", "")):
                answer = await service.call(method, f"/native/people/{person}{tail}", keys=others, prefix="")
                said.add((answer.status, answer.body["message"].replace(person, "…").replace("'", "")))
        assert said == {(404, "Person … does not exist")}
        assert (await service.call("GET", "/native/people", keys=others, prefix="")).body == []

    serving.run(tmp_path, story)


def test_roles_and_limits_hold_on_ovhclouds_api(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        second = (await service.operator("POST", "/native/projects", {"account": "ab1-local"})).body["id"]
        made = await service.ready(nodepool={"flavorName": "d2-4", "desiredNodes": 1})
        viewer = await persons.present(service, "viewer")
        limited = await persons.present(service, "admin", only=[second])
        admin = await persons.present(service, "admin")
        kube = f"/1.0{service.kube}"
        assert (await viewer.call("GET", f"{kube}/{made['id']}")).body["id"] == made["id"]
        assert (await viewer.call("GET", "/v1/cloud/project")).body == (
            await admin.call("GET", "/v1/cloud/project")
        ).body
        refused = await viewer.call("POST", kube, {"region": "LOCAL1"})
        assert (refused.status, refused.body["details"]["activity"]) == (403, "1.1-1")
        assert (await limited.call("GET", "/1.0/cloud/project")).body == [second]
        for path in ("", f"/{made['id']}"):
            assert (await limited.call("GET", f"{kube}{path}")).status == 404
        assert (await limited.call("POST", f"/1.0/cloud/project/{second}/kube", {"region": "LOCAL1"})).status == 200
        assert (await admin.call("POST", f"{kube}/{made['id']}/kubeconfig")).status == 200

    serving.run(tmp_path, story)


def test_the_provider_reads_and_changes_nothing_of_the_customers(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool={"flavorName": "d2-4", "desiredNodes": 1})
        cluster = f"/1.0{service.kube}/{made['id']}"
        for role in ("operator", "support", "auditor"):
            staff = await persons.present(service, role)
            assert (await staff.call("GET", cluster)).body["id"] == made["id"]
            assert service.project in (await staff.call("GET", "/1.0/cloud/project")).body
            for method, path, body, activity in (
                ("POST", f"/1.0{service.kube}", {"region": "LOCAL1"}, "1.1-1"),
                ("PUT", cluster, {"name": "x"}, "2.1-2"),
                ("POST", f"{cluster}/nodepool", {"flavorName": "d2-4", "desiredNodes": 1}, "3.1.3-3"),
                ("POST", f"{cluster}/kubeconfig", None, "3.1.2-3"),
                ("DELETE", cluster, None, "5.1-1"),
            ):
                refused = await staff.call(method, path, body)
                assert (refused.status, refused.body["details"]["activity"]) == (403, activity), (role, path)
        assert (await service.call("GET", f"{service.kube}/{made['id']}")).body["name"] == made["name"]

    serving.run(tmp_path, story)


def test_staff_signs_in_with_a_second_factor_alone(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        sam = await persons.invited(service, "support")
        await sam.sets_password()
        assert (await sam.signs_in(code="")).body["errorCode"] == "SECOND_FACTOR_REQUIRED"
        code = await sam.code()
        assert (await sam.signs_in(code=code)).status == 200
        assert (await sam.signs_in(code=code)).body["errorCode"] == "SECOND_FACTOR_REFUSED"
        first = await sam.signs_in()
        assert (first.body["party"], first.body["role"]) == ("provider", "support")
        session = first.body["token"]
        assert (await service.operator("DELETE", "/native/sessions/current", token=session)).text == "null"
        assert (await service.operator("GET", "/native/me", token=session)).status == 403

    serving.run(tmp_path, story)


def test_a_customer_may_take_a_second_factor_and_give_it_up(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        offered = (await ann.call("POST", "/native/me/second-factor")).body
        assert (await ann.signs_in()).status == 200
        wrong = await ann.call("POST", "/native/me/second-factor/confirm", {"code": "000000"})
        assert wrong.status == 403
        ann.factor = persons.factor(offered)
        confirmed = await ann.call("POST", "/native/me/second-factor/confirm", {"code": await ann.code()})
        assert confirmed.status == 200
        assert (await ann.signs_in(code="")).body["errorCode"] == "SECOND_FACTOR_REQUIRED"
        assert (await ann.signs_in()).status == 200
        assert (await ann.call("POST", "/native/me/second-factor/drop", {"code": "1"})).status == 403
        assert (await ann.call("POST", "/native/me/second-factor/drop", {"code": await ann.code()})).status == 200
        assert (await ann.signs_in(code="")).status == 200
        staff = await persons.present(service, "auditor")
        assert (await staff.call("POST", "/native/me/second-factor/drop", {"code": await staff.code()})).status == 409

    serving.run(tmp_path, story)


def test_a_reset_token_works_once_and_an_hour(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann, bob = await persons.present(service, "owner"), await persons.present(service, "viewer")
        path = f"/native/people/{bob.id}/reset"
        session = (await bob.signs_in()).body["token"]
        old = (await ann.call("POST", path, {})).body["token"]
        assert (await service.operator("GET", "/native/me", token=session)).status == 403
        assert (await bob.call("GET", "/native/me")).status == 200
        newer = (await ann.call("POST", path, {})).body["token"]
        assert (await bob.sets_password(old)).body["errorCode"] == "INVALID_INVITATION"
        assert (await bob.sets_password(newer)).status == 200
        assert (await bob.sets_password(newer)).body["errorCode"] == "INVALID_INVITATION"
        late = (await ann.call("POST", path, {})).body["token"]
        await service.clock.sleep(3601)
        assert (await bob.sets_password(late)).body["errorCode"] == "INVALID_INVITATION"
        assert (await bob.call("POST", path, {})).status == 403

    serving.run(tmp_path, story)


@pytest.mark.parametrize("password", ["short", "a" * 12, "x" * 257, ""])
def test_passwords_are_long(tmp_path: Path, password: str) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.invited(service, "owner")
        body = {"token": ann.invitation, "password": password}
        answer = serving.Answer(await service.http.post("/native/people/password", json=body))
        assert (answer.status, "[password]" in answer.body["message"]) == (400, True)
        assert password not in answer.text or not password

    serving.run(tmp_path, story)


def test_five_failures_lock_out_whoever_it_is(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        said = []
        for email in (ann.email, "nobody@x.example"):
            codes = []
            for _ in range(sessions.MOST_FAILURES + 1):
                body = {"email": email, "password": "wrong wrong wrong"}
                answer = serving.Answer(await service.http.post("/native/sessions", json=body))
                codes.append((answer.status, answer.body["errorCode"], answer.body["message"]))
            said.append(codes)
        assert said[0] == said[1]
        assert [code for _, code, _ in said[0]] == ["SIGN_IN_REFUSED"] * 5 + ["SIGN_IN_LOCKED"]
        assert (await ann.signs_in()).body["errorCode"] == "SIGN_IN_LOCKED"
        assert (await ann.call("GET", "/native/me")).status == 200
        await service.clock.sleep(sessions.LOCKED_FOR.total_seconds())
        assert (await ann.signs_in()).status == 200

    serving.run(tmp_path, story)
