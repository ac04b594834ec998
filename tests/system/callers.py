"""OVHcloud's own clients behind one call, so that one script can be played by each of them."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import ovh
import ovh.exceptions

from tests import node_programs
from tests.system.service import Service

NODE = Path(__file__).parents[1] / "node" / "ovh"


class Refused(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Caller(Protocol):
    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer as the client read it; raises Refused."""
        ...


class PythonOvh:
    def __init__(self, client: ovh.Client) -> None:
        self._client = client

    def call(self, method: str, path: str, body: object = None) -> Any:
        try:
            return self._client.call(method, path, body)
        except ovh.exceptions.APIError as refusal:
            raise Refused(refusal.response.status_code if refusal.response is not None else 0, str(refusal)) from None


class Program:
    """One made with a client (tests/go/ovh, tests/node/ovh), asked line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, method: str, path: str, body: object = None) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wanted = {"method": method, "path": path, **({} if body is None else {"body": body})}
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if said["code"]:
            raise Refused(said["code"], said["message"])
        return said["answer"]


@contextmanager
def go_ovh(program: Path, service: Service) -> Iterator[Program]:
    with _asked([str(program), "calls", service.project], environment(service)) as caller:
        yield caller


@contextmanager
def node_ovh(service: Service, host: str, port: int, authority: Path) -> Iterator[Program]:
    """It speaks HTTPS alone."""
    program = node_programs.installed(NODE)
    trusting = {**environment(service), "NODE_EXTRA_CA_CERTS": str(authority)}
    with _asked(["node", str(program), host, str(port)], trusting) as caller:
        yield caller


@contextmanager
def _asked(command: Sequence[str], given: Mapping[str, str]) -> Iterator[Program]:
    process = subprocess.Popen(command, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Program(process)
    finally:
        process.communicate(timeout=60)
    assert process.returncode == 0


def environment(service: Service) -> dict[str, str]:
    """That go-ovh reads where it is, and who asks, from."""
    return {
        **os.environ,
        "NO_PROXY": "127.0.0.1",
        "OVH_ENDPOINT": f"{service.url}/1.0",
        "OVH_APPLICATION_KEY": service.api._application_key,
        "OVH_APPLICATION_SECRET": service.api._application_secret,
        "OVH_CONSUMER_KEY": service.api._consumer_key,
    }
