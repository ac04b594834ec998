"""How people come to a password and a second factor in the console."""

import base64
import re
from pathlib import Path

from steward.kit import totp
from tests.api import serving, visiting

OWNER, STAFF = "owner@example.org", "staff@example.org"


def test_staff_get_password_and_second_factor_from_an_invitation_once(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        link = f"/console/password?token={await visiting.invited(service, STAFF, 'support')}"
        browser = visiting.Browser(service)
        form = (await browser.see(link)).form("/password")
        for password, again, said in (
            (visiting.PASSWORD, "another one entirely", "not the same"),
            ("short", "short", "12 to 256 characters"),
        ):
            page = await browser.submit(form, password=password, again=again)
            assert page.status == 400
            assert said in page.text
        page = await browser.submit(form, password=visiting.PASSWORD, again=visiting.PASSWORD)
        assert page.status == 200
        (secret,) = re.findall(r'class="secret">([A-Z2-7]+)<', page.source)
        assert 'src="data:image/svg+xml' in page.source
        again_page = await browser.submit(form, password=visiting.PASSWORD, again=visiting.PASSWORD)
        assert again_page.status == 403
        assert "This invitation is not valid" in again_page.text

        page = await browser.sign_in(STAFF)
        code = totp.code(base64.b32decode(secret), service.clock.now())
        page = await browser.submit(page.form("/code"), code=code)
        assert page.path == "/console/inbox"
        assert "support" in page.text

    serving.run(tmp_path, story)


def test_a_customers_first_password(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.operator("POST", "/native/projects", {"account": "cd2-local"})
        assert made.status == 200
        token = await visiting.invited(service, "first@example.org", "owner", account="cd2-local")
        browser = visiting.Browser(service)
        (ask,) = (await browser.see("/console/password")).forms
        assert (ask.method, ask.action) == ("get", "/console/password")
        assert (await browser.see("/console/password?token=stw_nonsense")).status == 403
        page = await browser.see(f"/console/password?token={token}")
        assert 'value="first@example.org"' in page.source
        page = await browser.submit(page.form("/password"), password=visiting.PASSWORD, again=visiting.PASSWORD)
        assert page.path == "/console/sign-in?done=password"
        await browser.enter("first@example.org")

    serving.run(tmp_path, story)


def test_a_second_factor_of_ones_own_will(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        page = await browser.submit((await browser.see("/console/you")).form("/second-factor"))
        (secret,) = re.findall(r'class="secret">([A-Z2-7]+)<', page.source)
        page = await browser.submit(page.form("/confirm"), code="000000")
        assert page.status == 403
        assert secret not in page.source
        code = totp.code(base64.b32decode(secret), service.clock.now())
        page = await browser.submit(page.form("/confirm"), code=code)
        assert page.path == "/console/you?done=second-factor"

        page = await visiting.Browser(service).sign_in(OWNER)
        assert page.path.startswith("/console/code")

        form = (await browser.see("/console/you")).form("/drop")
        assert (await browser.submit(form, code=code)).status == 403
        page = await browser.submit(form, code=await visiting.code_of(service, OWNER))
        assert page.path == "/console/you?done=second-factor-dropped"
        assert (await visiting.Browser(service).sign_in(OWNER)).path == "/console/inbox"

    serving.run(tmp_path, story)
