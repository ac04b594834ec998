"""Settings of an OpenID provider that would make signing in unsafe, or half work, keep the service from starting."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from steward.bootstrap import openid
from steward.domain import errors
from steward.outside import clock
from steward.settings import Settings


def settings(**changes: Any) -> Settings:
    return Settings(**{"oidc_issuer": "https://id.example", "oidc_client_id": "steward", **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"oidc_client_id": ""},
        {"oidc_issuer": "http://id.example"},
        {"oidc_issuer": "http://127.0.0.1.id.example"},
        {"oidc_issuer": "id.example"},
        {"oidc_client_secret_file": Path("/nowhere/secret")},
        {"oidc_authority": Path("/nowhere/ca.crt")},
    ],
)
def test_what_keeps_it_from_serving(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.Unavailable):
        openid.check(settings(**changes))


@pytest.mark.parametrize(
    "issuer", ["", "https://id.example", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"]
)
def test_what_does_not(issuer: str) -> None:
    openid.check(settings(oidc_issuer=issuer))


def test_the_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the file\n")

    async def story() -> None:
        given = settings(oidc_client_secret_file=secret, oidc_second_factors=["otp"], oidc_name="ID")
        async with openid.provider(given, clock.SystemClock()) as made:
            assert made is not None
            assert (made.name, made.issuer) == ("ID", "https://id.example")
            assert made._config.client_secret == "of the file"
            assert "of the file" not in repr(made._config)
        async with openid.provider(settings(oidc_issuer=""), clock.SystemClock()) as nothing:
            assert nothing is None

    asyncio.run(story())
