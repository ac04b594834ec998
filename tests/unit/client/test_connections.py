"""What goes over the wire, and what comes back of it."""

from collections.abc import Callable
from typing import NoReturn

import httpx2
import pytest

from steward.client import configuration, connection, errors, routes, signing

CONFIGURATION = configuration.Configuration(
    application_key="ak", application_secret="as", consumer_key="ck", provider_token="t"
)


class Wire:
    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._answer = answer
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path.endswith("/auth/time"):
            return httpx2.Response(200, json=1000)
        return self._answer(request)

    def link(
        self, used: configuration.Configuration = CONFIGURATION, *, as_provider: bool = False
    ) -> connection.Connection:
        return connection.Connection(
            used, as_provider=as_provider, transport=httpx2.MockTransport(self), clock=lambda: 400.9
        )


@pytest.fixture
def wire() -> Wire:
    return Wire(lambda request: httpx2.Response(200, json={"seen": True}))


def refusing(status: int, **answer: object) -> Wire:
    return Wire(lambda request: httpx2.Response(status, headers={"X-OVH-QUERYID": "q"}, **answer))  # type: ignore[arg-type] # whatever a response takes


def test_what_is_signed_is_what_is_sent(wire: Wire) -> None:
    path = routes.kube("p", "a/b c", "ipRestrictions", "10.0.0.0/8")
    assert wire.link().call("POST", path, {"name": "é", "n": None}, query={"kind": "x y", "after": 1}) == {"seen": True}
    request = wire.requests[-1]
    url = "http://127.0.0.1:8080/1.0/cloud/project/p/kube/a%2Fb%20c/ipRestrictions/10.0.0.0%2F8"
    assert str(request.url).split("?")[0] == url
    assert request.url.raw_path.startswith(b"/1.0/cloud/project/p/kube/a%2Fb%20c/")
    assert request.content == b'{"name":"\\u00e9","n":null}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-ovh-application"] == "ak"
    assert request.headers["x-ovh-consumer"] == "ck"
    assert request.headers["x-ovh-timestamp"] == "1000"
    assert request.headers["x-ovh-signature"] == signing.signature(
        application_secret="as",
        consumer_key="ck",
        method="POST",
        url=str(request.url),
        body=request.content,
        timestamp=1000,
    )


def test_the_clock_is_asked_for_once_and_unsigned(wire: Wire) -> None:
    link = wire.link()
    link.call("GET", "/me")
    link.call("GET", "/me")
    assert [request.url.path for request in wire.requests] == ["/1.0/auth/time", "/1.0/me", "/1.0/me"]
    assert "x-ovh-signature" not in wire.requests[0].headers
    assert link.time_delta() == 600


def test_without_a_body_there_is_no_content_type(wire: Wire) -> None:
    wire.link().call("POST", routes.kube("p", "c", "kubeconfig"))
    assert "content-type" not in wire.requests[-1].headers
    assert wire.requests[-1].content == b""


def test_native_routes_stand_beside_the_branch(wire: Wire) -> None:
    wire.link().call("GET", routes.native_project("p", "kube", "c", "events"))
    assert str(wire.requests[-1].url) == "http://127.0.0.1:8080/native/projects/p/kube/c/events"
    assert "x-ovh-signature" in wire.requests[-1].headers


def test_the_provider_bears_its_token_and_needs_no_clock(wire: Wire) -> None:
    wire.link(as_provider=True).call("GET", "/native/projects")
    (request,) = wire.requests
    assert request.headers["authorization"] == "Bearer t"
    assert "x-ovh-signature" not in request.headers


@pytest.mark.parametrize(("endpoint", "sent"), [("http://10.0.0.1/1.0", False), ("https://10.0.0.1/1.0", True)])
def test_the_token_does_not_travel_in_the_clear(wire: Wire, endpoint: str, sent: bool) -> None:
    link = wire.link(configuration.Configuration(endpoint=endpoint, provider_token="t"), as_provider=True)
    if sent:
        link.call("GET", "/native/projects")
    else:
        with pytest.raises(errors.Misconfigured, match="https"):
            link.call("GET", "/native/projects")
    assert len(wire.requests) == sent


def test_null_and_nothing_are_both_void() -> None:
    for answer in (httpx2.Response(200, json=None), httpx2.Response(204)):
        assert Wire(lambda request, answer=answer: answer).link().call("DELETE", "/x") is None  # type: ignore[misc] # bound per turn


def test_a_refusal_carries_all_of_it() -> None:
    body = {"class": "Client::Forbidden", "message": "No", "errorCode": "FORBIDDEN", "details": {"whose": "turn"}}
    with pytest.raises(errors.ApiError) as caught:
        refusing(403, json=body).link().call("GET", "/x")
    error = caught.value
    assert (error.status, error.kind, error.message, error.code) == (403, "Client::Forbidden", "No", "FORBIDDEN")
    assert (error.query_id, error.details) == ("q", {"whose": "turn"})
    assert error.not_authorised


@pytest.mark.parametrize("answer", [{"html": "<h1>Gateway</h1>"}, {"json": ["odd"]}, {"content": b"\xff\xfe"}])
def test_a_refusal_by_somebody_else(answer: dict[str, object]) -> None:
    with pytest.raises(errors.ApiError, match="not steward's") as caught:
        refusing(502, **answer).link().call("GET", "/x")
    assert (caught.value.status, caught.value.code) == (502, "INVALID_RESPONSE")


def test_a_refusal_without_words() -> None:
    with pytest.raises(errors.ApiError, match="HTTP 500"):
        refusing(500, json={}).link().call("GET", "/x")


@pytest.mark.parametrize("failure", [httpx2.ConnectError, httpx2.RemoteProtocolError, httpx2.ReadError])
def test_nobody_answers(failure: type[httpx2.RequestError]) -> None:
    def away(request: httpx2.Request) -> NoReturn:
        raise failure("refused", request=request)

    with pytest.raises(errors.Unreachable, match="steward serve"):
        Wire(away).link().call("GET", "/x")


def test_a_clock_that_is_no_clock() -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json="noon"))
    with pytest.raises(errors.ApiError, match="auth/time"):
        connection.Connection(CONFIGURATION, transport=transport).call("GET", "/x")
