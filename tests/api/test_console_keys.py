"""The console's page of keys: made, shown once, revoked, and nobody else's."""

import re
from pathlib import Path

import pytest

from tests.api import serving, visiting


def secrets_on(page: visiting.Page) -> list[str]:
    return re.findall(r'<code class="secret">([^<]+)</code>', page.source)


def test_a_token_of_ones_own(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service, role="viewer")
        page = await browser.see("/console/keys")
        assert "You have none" in page.text
        shown = await browser.submit(page.form("/keys/tokens"), description="laptop", days="7")
        (secret,) = secrets_on(shown)
        assert (await service.operator("GET", "/native/me", token=secret)).body["role"] == "viewer"
        page = await browser.see("/console/keys")
        assert "laptop" in page.text
        assert secret not in page.source
        page = await browser.submit(next(each for each in page.forms if each.action.endswith("/revoke")))
        assert ("refused from now on" in page.text, "laptop" in page.text) == (True, False)
        assert (await service.operator("GET", "/native/me", token=secret)).status == 403
        for days in ("0", "x", "99999999", "367"):
            assert (await browser.submit(page.form("/keys/tokens"), description="x", days=days)).status == 400

    serving.run(tmp_path, story)


@pytest.mark.parametrize("party", ["customer", "provider"])
def test_a_client_of_ones_party(tmp_path: Path, party: str) -> None:
    async def story(service: serving.Service) -> None:
        browser = await (visiting.customer(service) if party == "customer" else visiting.staff(service))
        page = await browser.see("/console/keys")
        role = "viewer" if party == "customer" else "auditor"
        form = page.form("/keys/clients")
        shown = await browser.submit(form, name=visiting.HOSTILE[:60], description="CI", role=role)
        client_id, secret = secrets_on(shown)
        assert "<script" not in shown.source
        grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = (await service.http.post("/auth/oauth2/token", data=grant)).json()["access_token"]
        assert (await service.operator("GET", "/native/me", token=token)).body["role"] == role
        page = await browser.see("/console/keys")
        page = await browser.submit(page.form(f"/clients/{client_id}/remove"))
        assert "refused from now on" in page.text
        assert (await service.operator("GET", "/native/me", token=token)).status == 403

    serving.run(tmp_path, story)


def test_only_owners_see_the_buttons_and_buttons_are_not_all(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        owner = await visiting.customer(service)
        shown = await owner.submit((await owner.see("/console/keys")).form("/keys/clients"), name="ci", description="")
        client_id, _ = secrets_on(shown)
        viewer = await visiting.customer(service, "viewer@example.org", role="viewer")
        page = await viewer.see("/console/keys")
        assert client_id in page.text
        assert not page.has_form("/keys/clients")
        token = page.form("/keys/tokens").fields["form"]
        for path in ("clients", f"clients/{client_id}/remove", "credentials/1/revoke"):
            refused = await viewer.post(f"/console/keys/{path}", {"form": token, "name": "x"})
            assert refused.status == 403, path
        stranger = await visiting.stranger(service)
        page = await stranger.see("/console/keys")
        assert client_id not in page.text
        token = page.form("/keys/tokens").fields["form"]
        for path in (f"clients/{client_id}/remove", "credentials/1/revoke"):
            assert (await stranger.post(f"/console/keys/{path}", {"form": token})).status == 404, path

    serving.run(tmp_path, story)


def test_application_keys(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        page = await browser.see("/console/keys")
        number = (await service.call("GET", "/auth/currentCredential")).body["credentialId"]
        page = await browser.submit(page.form(f"/credentials/{number}/revoke"))
        assert "refused from now on" in page.text
        assert not page.has_form(f"/credentials/{number}/revoke")
        assert (await service.call("GET", "/cloud/project")).body["errorCode"] == "INVALID_CREDENTIAL"

    serving.run(tmp_path, story)
