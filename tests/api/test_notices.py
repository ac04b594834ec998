"""Inbox, webhooks and preferences on the wire, for both parties."""

import base64
from pathlib import Path

from steward.domain import notices
from tests.api import persons, serving


def test_the_provider_is_told_of_an_order_and_the_customer_of_its_project(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await service.order()
        own = await service.operator("GET", "/native/notices")
        ordered = next(each for each in own.body["notices"] if each["type"] == "cluster:ordered")
        assert (ordered["activity"], ordered["projectId"], ordered["severity"]) == ("1.1-1", service.project, "info")
        assert (ordered["seenAt"], ordered["receipt"]) == (None, None)
        inbox = await service.call("GET", f"/native/projects/{service.project}/notices", prefix="")
        assert inbox.body["unseen"] == len(inbox.body["notices"]) > 0
        assert {each["type"] for each in inbox.body["notices"]} & {"cluster:ordered"} == set()
        everywhere = await service.call("GET", "/native/notices", prefix="")
        assert everywhere.body == inbox.body
        marked = await service.operator("POST", f"/native/notices/{ordered['id']}/seen")
        assert (marked.status, marked.body["id"]) == (200, ordered["id"])
        again = await service.operator("GET", f"/native/projects/{service.project}/notices?unseen=true")
        assert ordered["id"] not in [each["id"] for each in again.body["notices"]]
        every = await service.operator("GET", "/native/notices?limit=200")
        found = next(each for each in every.body["notices"] if each["id"] == ordered["id"])
        assert found["receipt"]["channel"] == "inbox"
        assert found["seenAt"] is not None

    serving.run(tmp_path, story)


def test_pages(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for _ in range(3):
            await service.order()
        every = (await service.operator("GET", "/native/notices")).body["notices"]
        first = await service.operator("GET", "/native/notices?limit=2")
        rest = await service.operator("GET", f"/native/notices?before={first.body['before']}")
        assert first.body["notices"] + rest.body["notices"] == every
        assert rest.body["before"] == ""
        for query in ("limit=0", "limit=201", "limit=x", "before=nothing"):
            assert (await service.operator("GET", f"/native/notices?{query}")).status == 400

    serving.run(tmp_path, story)


def test_one_customer_learns_nothing_of_another(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        _, keys = await service.customer_of("zz9-local")
        mine = f"/native/projects/{service.project}"
        hook = await service.call("POST", f"{mine}/webhooks", {"url": "https://hook.example/"}, prefix="")
        notice = (await service.call("GET", f"{mine}/notices", prefix="")).body["notices"][0]
        for method, path in [
            ("GET", f"{mine}/notices"),
            ("POST", f"{mine}/notices/{notice['id']}/seen"),
            ("POST", f"/native/notices/{notice['id']}/seen"),
            ("GET", f"{mine}/webhooks"),
            ("GET", f"{mine}/webhooks/{hook.body['id']}"),
            ("POST", f"{mine}/webhooks/{hook.body['id']}/rotate"),
            ("POST", f"{mine}/webhooks/{hook.body['id']}/test"),
            ("DELETE", f"{mine}/webhooks/{hook.body['id']}"),
        ]:
            answer = await service.call(method, path, prefix="", keys=keys)
            assert answer.status == 404, (method, path)
            assert notice["title"] not in answer.text
        foreign = (await service.call("GET", "/native/notices", prefix="", keys=keys)).text
        assert service.project not in foreign

    serving.run(tmp_path, story)


def test_a_webhooks_life(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        hooks = f"/native/projects/{service.project}/webhooks"
        wanted = {"url": "https://hook.example/a", "least": "warning", "checkpoints": True}
        made = await service.call("POST", hooks, wanted, prefix="")
        secret, path = made.body.pop("secret"), f"{hooks}/{made.body['id']}"
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert (made.body["least"], made.body["digest"], made.body["checkpoints"]) == ("warning", False, True)
        assert (await service.call("GET", path, prefix="")).body == made.body
        assert (await service.call("GET", hooks, prefix="")).body == [made.body]
        changed = await service.call("PUT", path, {"digest": True}, prefix="")
        assert changed.body == made.body | {"digest": True}
        rotated = await service.call("POST", f"{path}/rotate", prefix="")
        assert rotated.body["secret"] not in ("", secret)
        tried = await service.call("POST", f"{path}/test", prefix="")
        assert tried.body == {"arrived": False, "answer": "This service sends no webhooks"}
        database = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
        for each in (secret, rotated.body["secret"]):
            assert each.encode() not in database
        # The provider may look, and change nothing.
        assert (await service.operator("GET", hooks)).status == 200
        for method, where, body in [("POST", hooks, wanted), ("PUT", path, {}), ("DELETE", path, None)]:
            refused = await service.operator(method, where, body)
            assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.2-1")
        assert (await service.call("DELETE", path, prefix="")).text == "null"
        assert (await service.call("GET", path, prefix="")).status == 404

    serving.run(tmp_path, story)


def test_bad_webhooks(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        hooks = f"/native/projects/{service.project}/webhooks"
        url = {"url": "https://x.example"}
        for body in (
            {},
            {"url": ""},
            {"url": 7},
            url | {"least": "loud"},
            url | {"secret": "a"},
            url | {"digest": "yes"},
        ):
            assert (await service.call("POST", hooks, body, prefix="")).status == 400, body
        for _ in range(notices.MOST_WEBHOOKS):
            await service.clock.sleep(1)
            assert (await service.call("POST", hooks, {"url": "https://x.example"}, prefix="")).status == 200
        await service.clock.sleep(1)
        assert (await service.call("POST", hooks, {"url": "https://x.example"}, prefix="")).status == 409

    serving.run(tmp_path, story)


def test_preferences_are_a_persons_own(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "viewer")
        staff = await persons.present(service, "auditor")
        for person in (ann, staff):
            before = await person.call("GET", "/native/preferences")
            assert before.body == {"mail": False, "address": person.email, "least": "info", "digest": False}
            changed = await person.call("PUT", "/native/preferences", {"mail": True, "least": "urgent"})
            assert changed.body == {"mail": True, "address": person.email, "least": "urgent", "digest": False}
            assert (await person.call("PUT", "/native/preferences", {"address": "else@x.example"})).status == 400
            assert (await person.call("PUT", "/native/preferences", {"mail": False})).body["mail"] is False
        for answer in (
            await service.call("PUT", "/native/preferences", {"mail": True}, prefix=""),
            await service.call("GET", "/native/preferences", prefix=""),
        ):
            assert (answer.status, answer.body["errorCode"]) == (409, "NO_PERSON")

    serving.run(tmp_path, story)
