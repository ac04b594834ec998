"""`/me`: the account, and what stands for it."""

from pathlib import Path

from steward.api import authentication
from tests.api import persons, serving
from tests.api.models import check_model


def test_the_account(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        me = (await service.call("GET", "/me")).body
        assert (me["nichandle"], me["state"], me["email"]) == ("ab1-local", "complete", None)
        ann = await persons.present(service, "viewer")
        assert (await ann.call("GET", "/v1/me")).body["email"] == ann.email
        assert (await service.operator("GET", "/1.0/me")).body["nichandle"] == "provider"

    serving.run(tmp_path, story)


def test_credentials_and_their_applications(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        current = (await service.call("GET", "/auth/currentCredential")).body
        assert (await service.call("GET", "/me/api/credential")).body == [current["credentialId"]]
        one = (await service.call("GET", f"/me/api/credential/{current['credentialId']}")).body
        assert one | {"lastUse": None} == current | {"lastUse": None}
        number = current["applicationId"]
        application = (await service.call("GET", f"/me/api/application/{number}")).body
        check_model(
            application,
            {"applicationId": int, "applicationKey": str, "name": str, "description": str, "status": str},
        )
        assert application["applicationKey"] == service.keys.application
        its = await service.call("GET", f"/me/api/credential/{current['credentialId']}/application")
        assert its.body == application
        assert (await service.call("GET", "/me/api/application")).body == [number]
        assert (await service.call("GET", f"/me/api/credential?applicationId={number}&status=validated")).body
        for query in ("applicationId=1", "status=expired"):
            assert (await service.call("GET", f"/me/api/credential?{query}")).body == []
        for path in ("credential/999", "application/999", "credential/999/application"):
            assert (await service.call("GET", f"/me/api/{path}")).status == 404
        assert (await service.call("GET", "/me/api/credential/x")).status == 400

    serving.run(tmp_path, story)


def test_revoking_a_key_and_an_application(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/native/projects/{service.project}/credentials"
        second = (await service.call("POST", path, {"description": "second"}, prefix="")).body
        _, others = await service.customer_of("zz9-local")
        stranger = await service.call("DELETE", f"/me/api/credential/{second['credentialId']}", keys=others)
        assert stranger.status == 404
        keys = serving.Keys(second["applicationKey"], second["applicationSecret"], second["consumerKey"])
        assert (await service.call("GET", "/cloud/project", keys=keys)).status == 200
        assert (await service.call("DELETE", f"/me/api/credential/{second['credentialId']}")).text == "null"
        refused = await service.call("GET", "/cloud/project", keys=keys)
        assert refused.body["errorCode"] == "INVALID_CREDENTIAL"
        number = (await service.call("GET", "/auth/currentCredential")).body["applicationId"]
        assert (await service.call("DELETE", f"/me/api/application/{number}")).text == "null"
        await service.clock.sleep(authentication.CACHED_SECONDS + 1)
        assert (await service.call("GET", "/cloud/project")).body["errorCode"] == "INVALID_CREDENTIAL"

    serving.run(tmp_path, story)
