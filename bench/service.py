"""The service under test: `steward serve` as a process of its own, ordered from with python-ovh as a customer does.

It has its own instance name, network, port and state folder, all gone when it ends.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import ovh
import ovh.client

from bench import probes

INSTANCE = "stwb"
NETWORK = "100.96.0.0/12"
REGION = "LOCAL1"
FLAVOR = "b2-7"
POOL = "workers"
LOOK_EVERY = 0.1  # seconds between two looks through the management API, as a waiting client would
PATIENCE = 300.0
# What of the caller's settings holds here too: where components come from.
_PASSED_ON = ("STEWARD_CACHE", "STEWARD_COMPONENTS", "STEWARD_MIRROR", "STEWARD_DIGESTS")


class Trouble(Exception):
    """What keeps the benchmark from going on, for the person at the terminal."""


@dataclass(slots=True)
class Service:
    """Use it as a context: it serves inside, and nothing of it is left outside."""

    folder: Path
    runtime: str = "processes"
    process: subprocess.Popen[bytes] | None = None
    listen: str = ""
    project: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    @property
    def kube(self) -> str:
        return f"/cloud/project/{self.project}/kube"

    def __enter__(self) -> "Service":
        if self.runtime == "processes":
            _check_free()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.listen = f"127.0.0.1:{free_port()}"
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("steward"), "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                start_new_session=True,
            )
        try:
            probes.until(self._serves, within=60, every=0.1, what="the service's own start")
            made = self.native("POST", "/native/projects", {"account": "bench", "description": "bench"})
            self.project = made["id"]
            self.keys = self.native("POST", f"/native/projects/{self.project}/credentials", {"description": "bench"})
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.delete(self.client().get(self.kube))
        finally:
            self._stop()

    def environment(self) -> dict[str, str]:
        outer = {name: text for name, text in os.environ.items() if not name.startswith("STEWARD_")}
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = {
            "STEWARD_INSTANCE": INSTANCE,
            "STEWARD_NETWORK": NETWORK,
            "STEWARD_LISTEN": self.listen,
            "STEWARD_REQUEST_RATE": "0",
            "STEWARD_STRANGER_RATE": "0",
            "STEWARD_RUNTIME": self.runtime,
            "STEWARD_STATE": str(self.state),
        }
        return {**outer, **passed_on, **own}

    def client(self) -> ovh.Client:
        # python-ovh knows endpoints by name; this line makes ours known to it.
        ovh.client.ENDPOINTS["bench"] = f"http://{self.listen}/1.0"
        return ovh.Client(
            endpoint="bench",
            application_key=self.keys["applicationKey"],
            application_secret=self.keys["applicationSecret"],
            consumer_key=self.keys["consumerKey"],
        )

    def native(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        token = (self.state / "operator.token").read_text().strip()
        request = urllib.request.Request(
            f"http://{self.listen}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)

    def steps(self, cluster_id: str, since: float) -> dict[str, list[float | None]]:
        """When each step began and ended, in seconds after `since`; of nodes with the same name, the last."""
        found = self.native("GET", f"/native/projects/{self.project}/kube/{cluster_id}/progress")
        return {
            f"{flow['flow']}: {step['name']}": [_after(step["startedAt"], since), _after(step["endedAt"], since)]
            for flow in found
            for step in flow["steps"]
        }

    def wait_ready(self, client: ovh.Client, cluster_id: str, *, pools: bool = False) -> None:
        def look() -> bool:
            status = client.get(f"{self.kube}/{cluster_id}")["status"]
            if status in ("ERROR", "USER_ERROR"):
                raise Trouble(f"The cluster {cluster_id} became {status}; see {self.folder / 'serve.log'}")
            if status != "READY":
                return False
            return not pools or all(
                each["status"] == "READY" for each in client.get(f"{self.kube}/{cluster_id}/nodepool")
            )

        probes.until(look, within=PATIENCE, every=LOOK_EVERY, what=f"cluster {cluster_id} READY")

    def delete(self, cluster_ids: list[str]) -> float:
        """Seconds until the last of them is gone."""
        client, began = self.client(), time.monotonic()
        for each in cluster_ids:
            client.delete(f"{self.kube}/{each}")
        gone = set(cluster_ids)
        probes.until(
            lambda: not gone & set(client.get(self.kube)), within=PATIENCE, every=LOOK_EVERY, what="clusters deleted"
        )
        return time.monotonic() - began

    def _serves(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            said = (self.folder / "serve.log").read_text(errors="replace").strip().splitlines()[-3:]
            raise Trouble("The service did not start:\n" + "\n".join(said))
        try:
            return bool(self.native("GET", "/native/health")["status"] == "ok")
        except (OSError, urllib.error.URLError):
            return False

    def _stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        ending = subprocess.run(
            [sys.executable, "-m", "steward.bootstrap.ending"],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ending.returncode != 0:
            raise Trouble(f"The service left something behind: {ending.stderr.strip()}")


def _check_free() -> None:
    """Two services on one range answer for each other's clusters, so neither would be measured."""
    shown = subprocess.run(["ip", "-4", "route", "show", "root", NETWORK], capture_output=True, text=True, check=True)
    if shown.stdout.strip():
        raise Trouble(f"{NETWORK} is in use on this machine; end what uses it first:\n{shown.stdout.rstrip()}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


def _after(moment: str | None, since: float) -> float | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() - since, 3)
