"""A service of canned answers, a terminal of strings and a clock that only sleeping moves."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from urllib.parse import parse_qsl

import httpx2
import typer
from typer.testing import CliRunner

from steward.cli import app, session, terminal
from steward.client import models

PROJECT = "0123456789abcdef0123456789abcdef"
CLUSTER = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
POOL = "aaaaaaaa-2222-4333-8444-555555555555"
NODE = "bbbbbbbb-2222-4333-8444-555555555555"
NOW = 1_893_456_000.0  # 2030-01-01T00:00:00Z
KUBE = f"/1.0/cloud/project/{PROJECT}/kube"
NATIVE = f"/native/projects/{PROJECT}/kube/{CLUSTER}"

ENVIRONMENT = {
    "OVH_ENDPOINT": "http://127.0.0.1:8080/1.0",
    "OVH_APPLICATION_KEY": "ak",
    "OVH_APPLICATION_SECRET": "as",
    "OVH_CONSUMER_KEY": "ck",
    "OVH_CLOUD_PROJECT_SERVICE": PROJECT,
    "STEWARD_PROVIDER_TOKEN": "operators-token",
}

Answer = Callable[[httpx2.Request], httpx2.Response]


class Screen(io.StringIO):
    """A stream that a person looks at."""

    def __init__(self, text: str = "", *, person: bool, encoding: str = "utf-8") -> None:
        super().__init__(text)
        self._person = person
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override] # a StringIO has none, a terminal has
        return self._encoding

    def isatty(self) -> bool:
        return self._person


@dataclass
class Clock:
    now: float = NOW
    interrupt_at: float | None = None
    on_sleep: list[Callable[[], None]] = field(default_factory=list)  # each runs at one sleep, in order

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.interrupt_at is not None and self.now >= self.interrupt_at:
            raise KeyboardInterrupt
        if self.on_sleep:
            self.on_sleep.pop(0)()


class Service:
    """Answers by method and path; keeps what it was asked."""

    def __init__(self, clock: Clock) -> None:
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self.requests: list[httpx2.Request] = []
        self.says("GET", "/1.0/auth/time", int(clock.now))

    def says(self, method: str, path: str, *contents: object) -> None:
        """Each content once, the last for ever after."""
        self._answers[method, path] = [_answering(content) for content in contents]

    def refuses(self, method: str, path: str, status: int, message: str, code: str = "X", **details: str) -> None:
        body = {"class": "Client::X", "message": message, "errorCode": code, "details": details}
        headers = {"X-OVH-QueryID": "EU.ext-1.2.3.4"}
        self._answers[method, path] = [lambda _: httpx2.Response(status, json=body, headers=headers)]

    def is_away(self, method: str, path: str) -> None:
        def away(request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("connection refused", request=request)

        self._answers[method, path] = [away]

    def then(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answers = self._answers.get((request.method, request.url.path))
        if answers is None:
            return httpx2.Response(404, json={"class": "Client::NotFound", "message": f"nothing at {request.url.path}"})
        return (answers.pop(0) if len(answers) > 1 else answers[0])(request)

    def asked(self, method: str, path: str) -> list[httpx2.Request]:
        return [each for each in self.requests if (each.method, each.url.path) == (method, path)]

    def sent(self, method: str, path: str) -> dict[str, object]:
        """The body of the one such request."""
        (request,) = self.asked(method, path)
        return cast(dict[str, object], json.loads(request.content))

    def query(self, method: str, path: str) -> dict[str, str]:
        return dict(parse_qsl(self.asked(method, path)[-1].url.query.decode()))


@dataclass(frozen=True, kw_only=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


class Desk:
    """A person at a terminal, with a service somewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.clock = Clock()
        self.service = Service(self.clock)
        self.environ = dict(ENVIRONMENT)
        self.person = False
        self.encoding = "utf-8"
        self.served: list[str] = []

    def run(self, *arguments: str, typed: str = "") -> Result:
        run = self.session(typed)
        result = CliRunner().invoke(self.app(), list(arguments), obj=run, catch_exceptions=False)
        out, err = run.terminal.out, run.terminal.err
        assert isinstance(out, Screen)
        assert isinstance(err, Screen)
        return Result(code=result.exit_code, out=out.getvalue() + result.stdout, err=err.getvalue() + result.stderr)

    def session(self, typed: str = "") -> session.Session:
        seat = terminal.Terminal(
            input=Screen(typed, person=self.person),
            out=Screen(person=self.person, encoding=self.encoding),
            err=Screen(person=self.person, encoding=self.encoding),
            monotonic=self.clock.time,
            wall=self.clock.time,
            sleep=self.clock.sleep,
            environ=self.environ,
            folder=self.folder,
            home=self.home,
        )
        return session.Session(seat, transport=httpx2.MockTransport(self.service))

    def app(self) -> typer.Typer:
        return app.build(serve=self._serve, doctor=self._doctor, components=self._components)

    def _serve(self) -> int:
        self.served.append("serve")
        return 0

    def _doctor(self, *, form: str) -> int:
        self.served.append(f"doctor {form}")
        return 1

    def _components(self, *, versions: object) -> int:
        self.served.append(f"components {versions}")
        return 0

    def has(self, *clusters: models.Cluster) -> None:
        self.service.says("GET", KUBE, [each["id"] for each in clusters])
        for each in clusters:
            self.service.says("GET", f"{KUBE}/{each['id']}", each)

    def has_pools(self, *pools: models.NodePool) -> None:
        self.has(cluster())
        self.service.says("GET", f"{KUBE}/{CLUSTER}/nodepool", pools)
        for each in pools:
            self.service.says("GET", f"{KUBE}/{CLUSTER}/nodepool/{each['id']}", each)

    def has_nodes(self, *nodes: models.Node) -> None:
        self.has(cluster())
        self.service.says("GET", f"{KUBE}/{CLUSTER}/node", nodes)
        for each in nodes:
            self.service.says("GET", f"{KUBE}/{CLUSTER}/node/{each['id']}", each)


def cluster(**fields: object) -> models.Cluster:
    return cast(
        models.Cluster,
        {
            "id": CLUSTER,
            "name": "demo",
            "region": "LOCAL1",
            "version": "1.37.2",
            "plan": "free",
            "status": "READY",
            "updatePolicy": "ALWAYS_UPDATE",
            "kubeProxyMode": "iptables",
            "url": "100.64.0.2:6443",
            "nodesUrl": "nodes.example",
            "nextUpgradeVersions": [],
            "isUpToDate": True,
            "createdAt": "2030-01-01T00:00:00Z",
            "updatedAt": "2030-01-01T00:00:00Z",
            **fields,
        },
    )


def pool(**fields: object) -> models.NodePool:
    return cast(
        models.NodePool,
        {
            "id": POOL,
            "name": "workers",
            "flavor": "b3-8",
            "status": "READY",
            "sizeStatus": "CAPACITY_OK",
            "autoscale": False,
            "antiAffinity": False,
            "desiredNodes": 2,
            "minNodes": 0,
            "maxNodes": 100,
            "currentNodes": 2,
            "availableNodes": 2,
            "upToDateNodes": 2,
            "template": {
                "metadata": {"annotations": {"a": "b"}, "finalizers": [], "labels": {"tier": "web", "old": "1"}},
                "spec": {"taints": [{"key": "only", "value": "x", "effect": "NoSchedule"}], "unschedulable": False},
            },
            "createdAt": "2030-01-01T00:00:00Z",
            "updatedAt": "2030-01-01T00:00:00Z",
            **fields,
        },
    )


def node(**fields: object) -> models.Node:
    return cast(
        models.Node,
        {
            "id": NODE,
            "name": "workers-node-bbbbbb",
            "nodePoolId": POOL,
            "flavor": "b3-8",
            "version": "1.37.2",
            "status": "READY",
            "instanceId": None,
            "isUpToDate": True,
            "createdAt": "2030-01-01T00:00:00Z",
            "updatedAt": "2030-01-01T00:00:00Z",
            "deployedAt": None,
            "deletedAt": None,
            **fields,
        },
    )


State = Literal["waiting", "running", "done", "blocked"]


def step(name: str, state: State, *, message: str = "", began: int = 0, ended: int | None = None) -> models.Step:
    """`began` and `ended` in seconds after midnight."""
    return models.Step(
        name=name,
        activity="1.1-1",
        state=state,
        message=message,
        startedAt=None if state == "waiting" else moment(began),
        endedAt=moment(ended) if ended is not None else None,
    )


def flow(
    *steps: models.Step, name: str = "Install the cluster", subject: str = f"cluster:{CLUSTER}", ended: bool = False
) -> models.Progress:
    done = sum(1 for each in steps if each["state"] == "done")
    return models.Progress(
        subject=subject,
        flow=name,
        fraction=done / len(steps),
        startedAt=moment(0),
        endedAt=moment(9) if ended else None,
        steps=list(steps),
    )


def moment(seconds: int) -> str:
    return f"2030-01-01T00:{seconds // 60:02}:{seconds % 60:02}Z"


def identity(request: httpx2.Request) -> Mapping[str, str]:
    """How the request says who asks."""
    names = ("authorization", "x-ovh-application", "x-ovh-consumer", "x-ovh-timestamp", "x-ovh-signature")
    return {name: request.headers[name] for name in names if name in request.headers}


def _answering(content: object) -> Answer:
    return lambda _: httpx2.Response(200, json=content)
