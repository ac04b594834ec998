"""One HTTP connection to a steward service: signs or bears a token, sends, and turns refusals into `ApiError`.

The modules of nouns beside this one call it; they know routes, it knows none but `/auth/time`.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import httpx2

from steward.client import configuration as configuration_
from steward.client import errors, signing

TIMEOUT = 30.0  # seconds; the service answers before the work begins, so an answer is never long in coming
LONGEST_TEXT = 500  # characters of an answer that is not JSON, enough to recognise who answered

Query = Mapping[str, str | int | bool]


class Connection:
    """As the customer (signed, or with a person's token) or, with `as_provider`, as the provider (a token)."""

    def __init__(
        self,
        configuration: configuration_.Configuration,
        *,
        as_provider: bool = False,
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        timeout: float = TIMEOUT,
    ) -> None:
        self._configuration = configuration
        self._as_provider = as_provider
        self._clock = clock
        self._delta: int | None = None
        self._http = httpx2.Client(
            transport=transport,
            timeout=timeout,
            # Loading the machine's authorities takes as long as a request; over plain HTTP nobody asks for them,
            # and a context without any refuses every certificate.
            verify=True if configuration.encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            # A proxy cannot reach this machine's own loopback.
            trust_env=not configuration.loopback,
            headers={"User-Agent": "steward"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, query: Query | None = None
    ) -> object:
        """The answer's JSON. `path` begins after `/1.0`, or with `/native`."""
        request = self._request(method, path, body, query)
        request.headers.update(self._identity(request))
        return self._sent(request)

    def open(self, method: str, path: str, body: Mapping[str, object] | None = None) -> object:
        """What anybody may ask: the body says enough."""
        return self._sent(self._request(method, path, body, None))

    def download(self, path: str, write: Callable[[bytes], object]) -> None:
        """An answer of any length, handed on piece by piece."""
        request = self._request("GET", path, None, None)
        request.headers.update(self._identity(request))
        with self._reaching():
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    response.read()
                    _content(response)
                for piece in response.iter_bytes():
                    write(piece)
            finally:
                response.close()

    def time_delta(self) -> int:
        """Seconds that the service's clock is ahead of ours; asked once."""
        if self._delta is None:
            now = self._sent(self._request("GET", "/auth/time", None, None))
            if not isinstance(now, int):
                raise errors.ApiError(f"{self._configuration.endpoint}/auth/time did not answer a number", status=200)
            self._delta = now - int(self._clock())
        return self._delta

    def _request(
        self, method: str, path: str, body: Mapping[str, object] | None, query: Query | None
    ) -> httpx2.Request:
        native = path.startswith("/native/")
        base = self._configuration.base if native else self._configuration.endpoint
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return self._http.build_request(
            method,
            base + path,
            params=dict(query) if query else None,
            content=content,
            headers={"Accept": "application/json"} | ({"Content-Type": "application/json"} if content else {}),
        )

    def _identity(self, request: httpx2.Request) -> dict[str, str]:
        configuration = self._configuration
        if self._as_provider:
            return self._bearer(configuration_.provider_token(configuration))
        if configuration.customer_token:
            return self._bearer(configuration.customer_token)
        if not (configuration.application_key and configuration.application_secret and configuration.consumer_key):
            raise errors.Misconfigured(
                "No credentials: set OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET and OVH_CONSUMER_KEY, or source "
                "the file that `make demo` left (.steward/demo.env). The provider hands over the first ones with "
                "`steward --as provider project credentials create`."
            )
        timestamp = int(self._clock()) + self.time_delta()
        return {
            "X-Ovh-Application": configuration.application_key,
            "X-Ovh-Consumer": configuration.consumer_key,
            "X-Ovh-Timestamp": str(timestamp),
            "X-Ovh-Signature": signing.signature(
                application_secret=configuration.application_secret,
                consumer_key=configuration.consumer_key,
                method=request.method,
                url=str(request.url),
                body=request.content,
                timestamp=timestamp,
            ),
        }

    def _bearer(self, token: str) -> dict[str, str]:
        if not (self._configuration.encrypted or self._configuration.loopback):
            raise errors.Misconfigured(
                f"A token is not sent to {self._configuration.base} in the clear. Use its https address."
            )
        return {"Authorization": f"Bearer {token}"}

    def _sent(self, request: httpx2.Request) -> object:
        with self._reaching():
            response = self._http.send(request)
        return _content(response)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException:
            raise errors.Unreachable(
                f"{self._configuration.base} did not answer in time. If it is busy, try again; "
                "`steward doctor` on its machine says more."
            ) from None
        except httpx2.RequestError as error:
            raise errors.Unreachable(
                f"No steward answers at {self._configuration.base} ({error}). Start it with `steward serve` (or "
                "`make demo` in a checkout), or set OVH_ENDPOINT to the address of one that runs."
            ) from None


def _content(response: httpx2.Response) -> object:
    try:
        content: object = response.json() if response.content else None
    except ValueError:
        raise _foreign(response) from None
    if response.is_success:
        return content
    if not isinstance(content, dict):
        raise _foreign(response)
    details = content.get("details")
    raise errors.ApiError(
        str(content.get("message", "")) or f"HTTP {response.status_code}",
        status=response.status_code,
        kind=str(content.get("class", "")),
        code=str(content.get("errorCode", "")),
        query_id=response.headers.get("X-OVH-QueryID", ""),
        details=details if isinstance(details, dict) else None,
    )


def _foreign(response: httpx2.Response) -> errors.ApiError:
    text = " ".join(response.text.split())[:LONGEST_TEXT]
    return errors.ApiError(
        f"The answer of {response.request.url.copy_with(query=None)} is not steward's: HTTP {response.status_code} "
        f"{text!r}. Does OVH_ENDPOINT name a steward service?",
        status=response.status_code,
        code="INVALID_RESPONSE",
        query_id=response.headers.get("X-OVH-QueryID", ""),
    )
