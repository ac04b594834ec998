"""What an OpenID provider has to prove, with one that answers whatever the test says, and keys of the test's own."""

import base64
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwk, jws, jwt

from steward.domain import errors
from steward.outside import openid
from steward.ports import openid as ports
from tests import virtual

ISSUER, CLIENT = "https://id.example", "steward"
ATTEMPT = ports.Attempt(
    state="a state", nonce="a nonce", verifier="v" * 43, back_to="https://x.example/console/openid/back"
)
KEY = jwk.RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = jwk.RSAKey.generate_key(2048, {"kid": "one"})
NEW = jwk.ECKey.generate_key("P-256", {"kid": "two"})


class Provider:
    """At `ISSUER`; what it says can be changed in every part."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.keys = [KEY]
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/me",
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.claims: dict[str, Any] = {}
        self.user: dict[str, Any] = {"sub": "anna"}
        self.token = ""
        self.status = 200
        self.asked: list[httpx2.Request] = []

    def says(self, **claims: Any) -> None:
        now = int(self.clock.now().timestamp())
        usual = {"iss": ISSUER, "aud": CLIENT, "sub": "anna", "nonce": "a nonce", "iat": now, "exp": now + 300}
        usual |= {"email": "anna@x.example", "email_verified": True}
        self.claims = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        self.signs(KEY, {"alg": "RS256", "kid": "one"})

    def signs(self, key: Any, header: dict[str, Any]) -> None:
        registry = jws.JWSRegistry(algorithms=[header["alg"]])
        self.token = jwt.encode(header, self.claims, key, registry=registry)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        path = request.url.path
        if path.endswith("openid-configuration"):
            return httpx2.Response(self.status, json=self.metadata)
        if path == "/keys":
            return httpx2.Response(200, json={"keys": [each.as_dict(private=False) for each in self.keys]})
        if path == "/me":
            return httpx2.Response(200, json=self.user)
        return httpx2.Response(200, json={"id_token": self.token, "access_token": "at"})

    def paths(self) -> list[str]:
        return [each.url.path for each in self.asked]


Story = Callable[[Provider, openid.HttpOpenIdProvider], Any]


def run(story: Story, **config: Any) -> None:
    async def within(clock: Any) -> None:
        provider = Provider(clock)
        provider.says()
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(provider.answer))
        made = openid.HttpOpenIdProvider(
            openid.Config(**{"issuer": ISSUER, "client_id": CLIENT, "name": "SSO", **config}), clock, http
        )
        await story(provider, made)
        await http.aclose()

    virtual.run(within)


def test_the_browser_is_sent_with_a_challenge_and_not_with_its_secret() -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        address = urlsplit(await made.address(ATTEMPT))
        asked = parse_qs(address.query)
        assert (address.hostname, address.path, asked["tenant"]) == ("id.example", "/auth", ["1"])
        assert asked["redirect_uri"] == [ATTEMPT.back_to]
        assert (asked["state"], asked["nonce"]) == (["a state"], ["a nonce"])
        assert (asked["code_challenge_method"], len(asked["code_challenge"][0])) == (["S256"], 43)
        assert ATTEMPT.verifier not in address.query

    run(story)


def test_what_a_good_answer_proves() -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        provider.says(amr=["pwd", "otp"], acr="gold")
        claims = await made.claims(ATTEMPT, "code")
        assert claims == ports.Claims(
            issuer=ISSUER, subject="anna", email="anna@x.example", email_verified=True, second_factor=True
        )
        exchange = next(each for each in provider.asked if each.url.path == "/token")
        form = parse_qs(exchange.content.decode())
        assert (form["code"], form["code_verifier"]) == (["code"], [ATTEMPT.verifier])
        assert form["redirect_uri"] == [ATTEMPT.back_to]
        assert base64.b64decode(exchange.headers["authorization"].split()[1]) == b"steward:a%2Fsecret"
        for said in ({"amr": ["pwd"]}, {"amr": "otp"}, {"acr": "silver"}, {}):
            provider.says(**said)
            assert not (await made.claims(ATTEMPT, "code")).second_factor

    run(story, client_secret="a/secret", second_factors=frozenset({"otp", "gold"}))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"nonce": 1},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
    ],
)
def test_what_is_not_believed(change: dict[str, Any]) -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        provider.says(**change)
        with pytest.raises(errors.Unauthenticated) as refused:
            await made.claims(ATTEMPT, "code")
        assert refused.value.code == "OPENID_REFUSED"

    run(story)


@pytest.mark.parametrize(
    ("claim", "seconds", "believed"),
    [
        ("exp", -59, True),
        ("exp", -60, False),
        ("iat", 60, True),
        ("iat", 61, False),
        ("iat", -600, True),
        ("iat", -601, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
    ],
)
def test_clocks_may_differ_by_a_minute(claim: str, seconds: int, believed: bool) -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        provider.says(**{claim: int(provider.clock.now().timestamp()) + seconds})
        if believed:
            await made.claims(ATTEMPT, "code")
        else:
            with pytest.raises(errors.Unauthenticated):
                await made.claims(ATTEMPT, "code")

    run(story)


def coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


STRANGE = [f"{coded(head)}.e30.e30" for head in (b"[]", b'{"alg":"RS256","crit":1}', b'{"alg":["RS256"]}', b"\xff")]


def forged(how: str, provider: Provider) -> None:
    if how == "another key":
        provider.signs(OTHER, {"alg": "RS256", "kid": "one"})
    elif how == "public key as secret":
        # By hand: the library refuses to make one.
        head, body = coded(b'{"alg":"HS256","kid":"one"}'), provider.token.split(".")[1]
        digest = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
        provider.token = f"{head}.{body}.{coded(digest)}"
    elif how == "none":
        none = coded(b'{"alg":"none"}')
        provider.token = f"{none}.{provider.token.split('.')[1]}."
    elif how == "unknown key":
        provider.signs(NEW, {"alg": "ES256", "kid": "two"})
    elif how == "changed":
        head, body, signature = provider.token.split(".")
        provider.token = f"{head}.{body[:-2]}xx.{signature}"
    else:
        provider.token = how


@pytest.mark.parametrize(
    "how",
    ["another key", "public key as secret", "none", "unknown key", "changed", "", "a.b.c", "ü", "x" * 5000, *STRANGE],
)
def test_forgeries(how: str) -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        forged(how, provider)
        with pytest.raises(errors.Unauthenticated):
            await made.claims(ATTEMPT, "code")

    run(story)


def test_new_keys_are_learned_and_strange_ones_do_not_make_us_ask_on() -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        await made.claims(ATTEMPT, "code")
        assert provider.paths().count("/keys") == 1
        provider.keys = [NEW]
        provider.signs(NEW, {"alg": "ES256", "kid": "two"})
        await provider.clock.sleep(31)
        assert (await made.claims(ATTEMPT, "code")).subject == "anna"
        provider.signs(OTHER, {"alg": "RS256", "kid": "one"})
        for _ in range(5):
            with pytest.raises(errors.Unauthenticated):
                await made.claims(ATTEMPT, "code")
        assert provider.paths().count("/keys") == 2
        assert provider.paths().count("/.well-known/openid-configuration") == 1

    run(story)


def test_the_address_may_stand_with_the_user_alone() -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        provider.says(email=None, email_verified=None)
        provider.user = {"sub": "anna", "email": "anna@x.example", "email_verified": True}
        assert (await made.claims(ATTEMPT, "code")).email_verified
        provider.user["sub"] = "eve"
        found = await made.claims(ATTEMPT, "code")
        assert (found.email, found.email_verified) == ("", False)
        provider.says(email=["x"], email_verified="true")
        found = await made.claims(ATTEMPT, "code")
        assert (found.email, found.email_verified) == ("", False)

    run(story)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://other.example"},
        {"authorization_endpoint": 7},
        {"jwks_uri": "http://id.example/keys"},
        {"token_endpoint": None},
    ],
)
def test_a_provider_that_contradicts_itself_is_not_asked(change: dict[str, Any]) -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        provider.metadata |= change
        asking = made.address(ATTEMPT) if "authorization_endpoint" in change else made.claims(ATTEMPT, "code")
        with pytest.raises(errors.Unavailable) as refused:
            await asking
        assert refused.value.code == "OPENID_UNAVAILABLE"

    run(story)


def test_it_is_asked_again_once_it_is_back() -> None:
    async def story(provider: Provider, made: openid.HttpOpenIdProvider) -> None:
        for provider.status in (503, 404):
            with pytest.raises(errors.Unavailable):
                await made.address(ATTEMPT)
        provider.status = 200
        await made.address(ATTEMPT)
        provider.status = 503
        await made.address(ATTEMPT)
        await provider.clock.sleep(timedelta(hours=1, seconds=1).total_seconds())
        with pytest.raises(errors.Unavailable):
            await made.address(ATTEMPT)

    run(story)
