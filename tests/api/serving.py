"""The whole application without a socket: real records, a host with room, virtual time, signed requests."""

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from starlette.types import ASGIApp

from steward.api import app as app_
from steward.api import config
from steward.domain import clusters, conditions, networks, nodepools
from steward.operations import context
from steward.ports import clock as ports_clock
from steward.ports import records
from tests import contract, fakes, virtual
from tests.api import storing
from tests.unit.operations import setting

BASE = "http://steward.test"
TOKEN = "operator-token-of-the-tests"
PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))

Headers = dict[str, str]


def quoted(text: str) -> str:
    """As part of a query."""
    return quote(text, safe="")


class Answer:
    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.body: Any = json.loads(response.text)


@dataclasses.dataclass
class Keys:
    application: str
    secret: str
    consumer: str


class Service:
    """One project of account `ab1-local`, with issued credentials."""

    def __init__(self, clock: ports_clock.Clock, kept: records.Records, application: ASGIApp) -> None:
        self.clock = clock
        self.records = kept
        self.app = application
        self.needs: context.Context
        self.woken: list[str] = []
        self.host = fakes.Host()
        self.keys = Keys("", "", "")
        self.project = ""
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application), base_url=BASE)

    async def operator(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        return Answer(
            await self.http.request(
                method,
                path,
                content=content,
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
        )

    async def call(
        self, method: str, path: str, body: Any = None, *, keys: Keys | None = None, **changes: Any
    ) -> Answer:
        """As a client of OVHcloud's would send it, held against the contract; `raw` is sent as it is."""
        raw: bytes = changes.pop("raw", b"" if body is None else json.dumps(body).encode())
        prefix = changes.pop("prefix", "/1.0")
        headers = self.signed(method, f"{BASE}{prefix}{path}", raw, keys or self.keys)
        if raw:
            headers["Content-Type"] = "application/json"
        headers |= changes.pop("headers", {})
        answer = Answer(await self.http.request(method, f"{prefix}{path}", content=raw or None, headers=headers))
        if answer.status == 200 and prefix:
            contract.check_answer(method, path, answer.body, expanded="x-pagination-elements" in answer.headers)
        return answer

    def signed(self, method: str, url: str, body: bytes, keys: Keys, at: int | None = None) -> Headers:
        now = str(int(self.clock.now().timestamp()) if at is None else at)
        text = "+".join([keys.secret, keys.consumer, method, url, ""]).encode() + body + f"+{now}".encode()
        return {
            "X-Ovh-Application": keys.application,
            "X-Ovh-Consumer": keys.consumer,
            "X-Ovh-Timestamp": now,
            "X-Ovh-Signature": "$1$" + hashlib.sha1(text).hexdigest(),
        }

    async def customer_of(self, account: str) -> tuple[str, Keys]:
        made = await self.operator("POST", "/native/projects", {"account": account})
        issued = await self.operator("POST", f"/native/projects/{made.body['id']}/credentials", {})
        return made.body["id"], Keys(
            issued.body["applicationKey"], issued.body["applicationSecret"], issued.body["consumerKey"]
        )

    @property
    def kube(self) -> str:
        return f"/cloud/project/{self.project}/kube"

    async def order(self, **fields: Any) -> dict[str, Any]:
        """A second later each time: equal writes of one second are one write."""
        await self.clock.sleep(1)
        answer = await self.call("POST", self.kube, {"region": "LOCAL1", **fields})
        assert answer.status == 200, answer.text
        made: dict[str, Any] = answer.body
        return made

    async def ready(self, **fields: Any) -> dict[str, Any]:
        """A cluster as its reconcilers would leave it."""
        made = await self.order(**fields)
        cluster_id = clusters.ClusterId(made["id"])
        async with self.records.begin() as work:
            cluster = await work.clusters.get(cluster_id)
            assert cluster is not None
            now = self.clock.now()
            await work.clusters.save(
                dataclasses.replace(cluster, conditions=good(), installed_at=now, installed_version=cluster.version)
            )
            for pool in await work.nodepools.of_cluster(cluster_id):
                await work.nodepools.save(dataclasses.replace(pool, conditions=good()))
                await self._nodes(work, cluster, pool)
            await work.secrets.put(cluster_id, "admin-kubeconfig", b"apiVersion: v1\nkind: Config\n")
        return made

    async def status(self, cluster: Mapping[str, Any]) -> str:
        return str((await self.call("GET", f"{self.kube}/{cluster['id']}")).body["status"])

    async def settle(self, cluster_id: str) -> None:
        """As the reconcilers would leave a cluster that was changed."""
        async with self.records.begin() as work:
            cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
            assert cluster is not None
            await work.clusters.save(dataclasses.replace(cluster, conditions=good()))

    async def _nodes(self, work: records.Work, cluster: clusters.Cluster, pool: nodepools.NodePool) -> None:
        for _ in range(pool.desired):
            numbers = f"nodes {cluster.id}"
            drafted = setting.node(cluster, pool, 0)
            number = await work.allotments.take(numbers, drafted.id, below=500)
            assert number is not None
            await work.nodes.save(dataclasses.replace(drafted, number=number))


def good() -> conditions.Conditions:
    return setting.good()


@asynccontextmanager
async def served(
    clock: ports_clock.Clock, folder: Path, *, database: str = "", **changes: Any
) -> AsyncIterator[Service]:
    kept = await storing.opened(folder, database)
    woken: list[str] = []
    host = fakes.Host()
    needs = context.Context(
        records=kept,
        clock=clock,
        host=host,
        passwords=fakes.Passwords(),
        wake=woken.append,
        openid=changes.pop("openid", None),
    )
    settings = config.ApiConfig(**{"base_url": BASE, "operator_token": TOKEN, "network": PLAN, **changes})
    service = Service(clock, kept, app_.create(needs, settings))
    service.woken, service.host, service.needs = woken, host, needs
    try:
        service.project, service.keys = await service.customer_of("ab1-local")
        yield service
    finally:
        await service.http.aclose()
        await kept.close()


Story = Callable[[Service], Awaitable[None]]


class SteppedClock:
    """Moves when somebody sleeps; for databases behind sockets, which virtual time would overtake."""

    def __init__(self) -> None:
        self._now = virtual.START

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


def run(folder: Path, story: Story, *, database: str = "", **changes: Any) -> None:
    async def within(clock: ports_clock.Clock) -> None:
        async with served(clock, folder, database=database, **changes) as service:
            await story(service)

    if database:
        asyncio.run(within(SteppedClock()))
    else:
        virtual.run(within)
