"""A real service for system tests: `steward serve` as a process of its own, in a folder of its own.

It is started, killed, asked and ended here. Its clusters are in `ordered.py`, what it may leave behind in
`remains.py`.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import ovh
import ovh.client
import ovh.exceptions

from steward.domain import networks
from steward.runtimes.processes import places
from tests.system import waiting

ROOT = Path(__file__).resolve().parent.parent.parent
STEWARD = Path(sys.executable).with_name("steward")
RANGES = tuple(
    IPv4Network(f"{start}.0.0/12")
    for start in ("100.80", "100.112", "100.64", "100.96", "10.128", "10.144", "10.160", "10.176")
)
REGION = "LOCAL1"


@dataclass
class Service:
    """One steward: its settings, its process while it runs, and a customer of it."""

    folder: Path
    instance: str
    network: IPv4Network
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    project: str = ""
    customer: ovh.Client | None = None

    @property
    def state(self) -> Path:
        return Path(self.extra.get("STEWARD_STATE", self.folder / "state"))

    @property
    def url(self) -> str:
        scheme = "https" if "STEWARD_TLS_CERTIFICATE" in self.extra else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def spot(self) -> places.Places:
        return places.Places(self.state, self.instance)

    @property
    def plan(self) -> networks.Plan:
        return networks.Plan(self.network)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("STEWARD_")}
        cache = {name: os.environ[name] for name in ("STEWARD_CACHE", "STEWARD_COMPONENTS") if name in os.environ}
        return {
            **inherited,
            **cache,
            "STEWARD_STATE": str(self.state),
            "STEWARD_INSTANCE": self.instance,
            "STEWARD_NETWORK": str(self.network),
            "STEWARD_LISTEN": f"127.0.0.1:{self.port}",
            # The promises of a test are short; what the host can keep is a test of its own.
            "STEWARD_OVERCOMMIT_MEMORY": "40",
            "STEWARD_OVERCOMMIT_CPU": "200",
            "STEWARD_OVERCOMMIT_DISK": "100",
            **self.extra,
        }

    @property
    def log(self) -> Path:
        return self.folder / "serve.log"

    def start(self, *command: str, settings: Mapping[str, str] | None = None) -> None:
        """To the first answer. `command` is another program than `steward serve`, with the same settings."""
        assert self.process is None, "it runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command or (str(STEWARD), "serve"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **(settings or {})},
                start_new_session=True,
                cwd=ROOT,
            )
        waiting.until(self._answers_or_ended, f"an answer of {self.url}; its log: {self.log}")

    def _answers_or_ended(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended:\n{self.log.read_text()[-2000:]}"
        with urllib.request.urlopen(f"{self.url}/native/health", timeout=5) as answer:
            return bool(answer.status == 200)

    def watched(self) -> set[int]:
        """The processes that it holds by a pidfd, whose end it therefore notices."""
        found: set[int] = set()
        if self.process is not None:
            for entry in Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    found.update(int(line.split()[1]) for line in entry.read_text().splitlines() if line[:4] == "Pid:")
        return found

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> int:
        assert self.process is not None, "it does not run"
        self.process.send_signal(by)
        code = self.process.wait(120)
        self.process = None
        return code

    def make_customer(self) -> None:
        """A project, and the unmodified client of OVHcloud with credentials for it."""
        made = self.native("POST", "/native/projects", {"description": "system tests", "account": "tests"})
        self.project = made["id"]
        keys = self.native("POST", f"/native/projects/{self.project}/credentials", {})
        endpoint = f"steward-{self.instance}"
        ovh.client.ENDPOINTS[endpoint] = f"{self.url}/1.0"
        self.customer = ovh.Client(
            endpoint=endpoint,
            application_key=keys["applicationKey"],
            application_secret=keys["applicationSecret"],
            consumer_key=keys["consumerKey"],
        )

    @property
    def api(self) -> ovh.Client:
        assert self.customer is not None, "make_customer first"
        return self.customer

    @property
    def base(self) -> str:
        return f"/cloud/project/{self.project}/kube"

    def native(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call with the operator's token."""
        token = (self.state / "operator.token").read_text().strip()
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def delete_all(self) -> None:
        for cluster_id in self.api.get(self.base):
            self.api.delete(f"{self.base}/{cluster_id}")
        waiting.until(lambda: self.api.get(self.base) == [], "the deletion of all clusters")

    def close(self) -> None:
        if self.customer is not None:
            self.customer._session.close()  # python-ovh has no way of its own
            self.customer = None


@contextlib.contextmanager
def running(instance: str, **extra: str) -> Iterator[Service]:
    """A served and empty steward with a customer; at the end nothing of it may be left on the machine."""
    from tests.system import remains

    with contextlib.ExitStack() as stack:
        own = stack.enter_context(free_name(instance))
        network = stack.enter_context(free_range())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"steward-{own}-"))
        service = Service(Path(folder), own, network, free_port(), extra)
        service.start()
        try:
            service.make_customer()
            yield service
            if service.process is None:
                service.start()
            service.delete_all()
            assert service.stop() == 0
        finally:
            service.close()
            if service.process is not None:
                service.kill()
            said = end(service)
        assert said == ""
        assert remains.of_service(service) == []


NotFound = ovh.exceptions.ResourceNotFoundError


def client(service: Service, keys: tuple[str, str, str]) -> ovh.Client:
    """Of another customer: application key, its secret, consumer key."""
    application, secret, consumer = keys
    return ovh.Client(
        endpoint=f"steward-{service.instance}",
        application_key=application,
        application_secret=secret,
        consumer_key=consumer,
    )


def end(service: Service) -> str:
    """What the ending refuses; where clusters are left after a failure, they are taken away by force."""
    from tests.system import remains

    ending = subprocess.run(
        [sys.executable, "-m", "steward.bootstrap.ending"],
        env=service.environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if ending.returncode != 0:
        remains.lose_machine(service)
        return ending.stderr
    return ""


@contextlib.contextmanager
def free_name(wanted: str) -> Iterator[str]:
    """That name, or one like it where another run of these tests on this machine has it."""
    with contextlib.ExitStack() as stack:
        for name in (wanted, *(f"{wanted[:5]}{number}" for number in range(10))):
            if _locked(stack, name):
                yield name
                return
        raise AssertionError(f"every name like {wanted} is taken; end another run of these tests first")


@contextlib.contextmanager
def free_range() -> Iterator[IPv4Network]:
    """A /12 of which nothing is in use on this machine; a lock keeps it until the first of it is."""
    said = subprocess.run(["ip", "-4", "-j", "route"], capture_output=True, text=True, check=True).stdout
    used = [IPv4Network(each["dst"]) for each in json.loads(said) if each["dst"] != "default"]
    with contextlib.ExitStack() as stack:
        for network in RANGES:
            if not any(network.overlaps(each) for each in used) and _locked(stack, str(network.network_address)):
                yield network
                return
        raise AssertionError("every range of the tests is in use; end another steward on this machine first")


def _locked(stack: contextlib.ExitStack, name: str) -> bool:
    """Kept by the stack, or by nobody once this process is gone."""
    path = Path(tempfile.gettempdir(), f"steward-test-{name}.lock")
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
