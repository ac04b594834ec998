"""Connections to the API servers of clusters: mutual TLS, kept alive, one small pool per cluster and identity.

Called by `guests` alone, which knows what to ask. Here stands how: certificates from memory, only the
cluster's own authority trusted, no proxy and no redirect followed, and every failure told as one sentence.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from steward.domain import clusters
from steward.kit import mutual_tls
from steward.ports import guests

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
# The API server itself closes what was idle for 90 s; being first avoids a request into a closing connection.
IDLE_SECONDS = 80.0
MOST_CONNECTIONS = 8
MOST_IDLE_CONNECTIONS = 1
# Who looks, who keeps nodes, the canary, and one that is seldom; a renewed one takes the place of its predecessor.
MOST_IDENTITIES = 4
AGENT = "steward"

IDEMPOTENT = frozenset({"GET", "PUT", "PATCH", "DELETE"})  # what is patched here is applied as a whole
ENDING = frozenset({429, 503})
KEPT_AT_MOST = 4  # connections to one that ends, each of which may turn out to be closed
Connect = Callable[[guests.Access], httpx2.AsyncClient]


def connect(access: guests.Access, *, source: str = "") -> httpx2.AsyncClient:
    limits = httpx2.Limits(
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=MOST_IDLE_CONNECTIONS,
        keepalive_expiry=IDLE_SECONDS,
    )
    context = mutual_tls.identified(access.authority, certificate=access.certificate, key=access.key)
    return httpx2.AsyncClient(
        base_url=access.server,
        transport=transport(context, source, limits),
        timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": AGENT, "Accept": "application/json"},
        trust_env=False,
    )


def transport(context: ssl.SSLContext, source: str, limits: httpx2.Limits | None = None) -> httpx2.AsyncHTTPTransport:
    """From the source address, if one is given; no proxy, whatever the environment says."""
    return httpx2.AsyncHTTPTransport(
        verify=context, trust_env=False, limits=limits or httpx2.Limits(), local_address=source or None
    )


@dataclass(slots=True, eq=False)
class _Line:
    client: httpx2.AsyncClient
    users: int = 0
    retired: bool = False


class Lines:
    """The connections that are kept, by cluster and identity."""

    def __init__(self, connect: Connect = connect) -> None:
        self._connect = connect
        self._lines: dict[clusters.ClusterId, dict[guests.Access, _Line]] = {}

    async def ask(self, access: guests.Access, request: "Request") -> httpx2.Response:
        """Any answer is an answer; `NotAnswering` only when there was none."""
        async with self._line(access) as client:
            try:
                return await _sent(client, request)
            except (httpx2.TransportError, ssl.SSLError) as reason:
                raise guests.NotAnswering(f"{request.to(access)} failed: {_told(reason)}") from reason

    async def forget(self, cluster_id: clusters.ClusterId) -> None:
        for line in self._lines.pop(cluster_id, {}).values():
            await _retire(line)

    async def close(self) -> None:
        await asyncio.gather(*(self.forget(each) for each in list(self._lines)))

    @contextlib.asynccontextmanager
    async def _line(self, access: guests.Access) -> AsyncIterator[httpx2.AsyncClient]:
        kept = self._lines.setdefault(access.cluster_id, {})
        line = kept.pop(access, None)
        if line is None:
            line = self._opened(access)
            for old in [each for each in kept if access.user and each.user == access.user]:
                await _retire(kept.pop(old))
        kept[access] = line  # at the end: the first is the one that was used longest ago
        line.users += 1
        try:
            while len(kept) > MOST_IDENTITIES:
                await _retire(kept.pop(next(iter(kept))))
            yield line.client
        finally:
            line.users -= 1
            if line.retired:
                await _retire(line)

    def _opened(self, access: guests.Access) -> _Line:
        try:
            return _Line(client=self._connect(access))
        except (ssl.SSLError, ValueError) as reason:
            raise guests.NotAnswering(f"The credentials for {access.server} do not load: {reason}") from reason


async def _sent(client: httpx2.AsyncClient, request: "Request") -> httpx2.Response:
    """Again where an API server ends, as Kubernetes' own clients do: it closes kept connections, perhaps while a
    request is on its way (RFC 9112, 9.3.1), or says when to try again."""
    sent = client.build_request(
        request.method,
        request.path,
        params=request.query,
        content=None if request.body is None else json.dumps(request.body, separators=(",", ":")),
        headers=request.headers,
    )
    for _ in range(KEPT_AT_MOST):
        try:
            answer = await client.send(sent)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            if request.method not in IDEMPOTENT:
                raise
            continue
        if answer.status_code not in ENDING or "Retry-After" not in answer.headers or request.method not in IDEMPOTENT:
            return answer
        # It says so on every connection that it has; a new one leads to its successor.
        sent.headers["Connection"] = "close"
    return await client.send(sent)


async def _retire(line: _Line) -> None:
    """Closed at once, or by its last user."""
    line.retired = True
    if not line.users:
        await line.client.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"
    operation: str = ""  # what it is for, as the cluster's audit log shows it

    @property
    def headers(self) -> dict[str, str]:
        found = {} if self.body is None else {"Content-Type": self.content_type}
        return {**found, "User-Agent": f"{AGENT} (operation {self.operation})"} if self.operation else found

    def to(self, access: guests.Access) -> str:
        return f"{self.method} {access.server}{self.path}"


def require(access: guests.Access, request: Request, response: httpx2.Response) -> Any:
    """The document of a good answer; `NotAnswering` with the API's own message of any other."""
    if not response.is_success:
        raise guests.NotAnswering(f"{request.to(access)} was answered {response.status_code}: {message(response)}")
    found = document(response)
    if found is None:
        raise guests.NotAnswering(f"{request.to(access)} was answered with something that is not JSON")
    return found


def document(response: httpx2.Response) -> Any:
    """None where the answer is not JSON."""
    try:
        return response.json()
    except ValueError:
        return None


def message(response: httpx2.Response) -> str:
    """The `message` of a Status object, or the text itself, cut."""
    status = document(response)
    text = status.get("message") if isinstance(status, dict) else None
    return str(text or " ".join(response.text.split())[:300] or response.reason_phrase)


def _told(reason: Exception) -> str:
    if isinstance(reason, httpx2.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:g} s"
    if isinstance(reason, httpx2.TimeoutException):
        return f"no answer within {ANSWER_SECONDS:g} s"
    return str(reason) or type(reason).__name__
