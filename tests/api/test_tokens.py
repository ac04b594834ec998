"""Bearer tokens on both APIs: shown once, kept as hashes, ended at once."""

import hashlib
from pathlib import Path

import pytest

from steward.api import authentication
from steward.operations import people as people_
from tests.api import persons, serving


def test_tokens_are_listed_without_their_secret(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        await ann.call("GET", "/native/me")
        listed = await ann.call("GET", "/native/me/tokens")
        (only,) = listed.body
        assert (only["id"], only["description"], only["revokedAt"]) == (ann.token_id, "tests", None)
        assert only["lastUse"] is not None
        assert only["expiresAt"] == "2030-04-01T00:00:00Z"
        assert ann.token not in listed.text
        database = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert ann.token.encode() not in database
        assert hashlib.sha256(ann.token.encode()).hexdigest().encode() in database
        assert persons.PASSWORD.encode() not in database.replace(f"hash of {persons.PASSWORD}".encode(), b"")

    serving.run(tmp_path, story)


def test_a_revoked_token_fails_with_the_next_call(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        bob = await persons.present(service, "admin")
        for path in ("/native/me", "/1.0/cloud/project", "/v1/cloud/project"):
            assert (await bob.call("GET", path)).status == 200
        assert (await bob.call("DELETE", f"/native/people/{ann.id}/tokens/{ann.token_id}")).status == 403
        assert (await ann.call("DELETE", f"/native/people/{bob.id}/tokens/{bob.token_id}")).text == "null"
        for path in ("/native/me", "/1.0/cloud/project"):
            refused = await bob.call("GET", path)
            assert (refused.status, refused.body["errorCode"]) == (403, "INVALID_CREDENTIAL")
        await ann.call("DELETE", f"/native/me/tokens/{ann.token_id}")
        assert (await ann.call("GET", "/native/me")).status == 403

    serving.run(tmp_path, story)


def test_a_token_revoked_behind_the_cache_fails_within_a_second(tmp_path: Path) -> None:
    """As another process on the same records would revoke it."""

    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        assert (await ann.call("GET", "/native/me")).status == 200
        async with service.records.begin() as work:
            await work.tokens.remove(ann.token_id)
        assert authentication.CACHED_SECONDS < 1
        await service.clock.sleep(authentication.CACHED_SECONDS + 0.01)
        assert (await ann.call("GET", "/native/me")).status == 403

    serving.run(tmp_path, story)


def test_a_token_ends_by_itself(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        await ann.takes_token(days=1)
        await service.clock.sleep(24 * 3600 - 1)
        assert (await ann.call("GET", "/native/me")).status == 200
        await service.clock.sleep(1)
        assert (await ann.call("GET", "/native/me")).status == 403

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "body", [{"description": ""}, {"description": "x", "days": 0}, {"description": "x", "days": 367}]
)
def test_wrong_tokens_are_not_made(tmp_path: Path, body: dict[str, object]) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        assert (await ann.call("POST", "/native/me/tokens", body)).status == 400
        by_key = await service.call("POST", "/native/me/tokens", {"description": "x"}, prefix="")
        assert by_key.status == 409

    serving.run(tmp_path, story)


@pytest.mark.parametrize("token", ["x", "stw_" + "A" * 43, "é", "x" * 5000, serving.TOKEN + "x"])
def test_unknown_tokens(tmp_path: Path, token: str) -> None:
    async def story(service: serving.Service) -> None:
        for path in ("/native/me", "/1.0/cloud/project"):
            headers = {"authorization": f"Bearer {token}".encode()}
            answer = serving.Answer(await service.http.get(path, headers=headers))
            assert (answer.status, answer.body["errorCode"]) == (403, "INVALID_CREDENTIAL")

    serving.run(tmp_path, story)


def test_the_state_folders_token_is_a_persons(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await people_.begin(service.needs, serving.TOKEN)
        await people_.begin(service.needs, serving.TOKEN)
        me = (await service.operator("GET", "/native/me")).body
        assert (me["name"], me["role"], me["party"]) == (people_.OPERATORS_EMAIL, "operator", "provider")
        assert me["personId"] is not None
        last = await service.operator("POST", f"/native/people/{me['personId']}/suspend")
        assert (last.status, last.body["errorCode"]) == (409, "LAST_OF_ITS_ROLE")
        await people_.begin(service.needs, "the token of a new file")
        await service.clock.sleep(1)
        assert (await service.operator("GET", "/native/me")).status == 403
        assert (await service.operator("GET", "/native/me", token="the token of a new file")).status == 200
        other = persons.Person(
            service,
            await service.operator(
                "POST", "/native/people", {"email": "o@x.example", "role": "operator"}, token="the token of a new file"
            ),
        )
        await other.sets_password()
        await other.takes_token()
        assert (await other.call("DELETE", f"/native/people/{me['personId']}")).status == 200
        await people_.begin(service.needs, "yet another file")
        await service.clock.sleep(1)
        for token in (serving.TOKEN, "the token of a new file", "yet another file"):
            assert (await service.operator("GET", "/native/me", token=token)).status == 403

    serving.run(tmp_path, story)
