"""Looks at an API server from outside, the same way for every contender: with its kubeconfig, over TLS.

Called by the measures. A look costs about a millisecond, so that looking often does not slow what is looked at.
"""

import base64
import contextlib
import http.client
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

LOOK_EVERY = 0.02  # seconds between two looks at an API server
ANSWER_WITHIN = 5.0


class TookTooLong(Exception):
    """What was waited for did not come."""


class Api:
    """One API server, as the user of a kubeconfig; the connection is kept between looks."""

    def __init__(self, kubeconfig: str) -> None:
        document = yaml.safe_load(kubeconfig)
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._address = urlsplit(cluster["server"])
        self._context = ssl.create_default_context(cadata=_text(cluster, "certificate-authority"))
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(f"{_text(user, 'client-certificate')}\n{_text(user, 'client-key')}")
            file.flush()
            self._context.load_cert_chain(file.name)
        self._connection: http.client.HTTPSConnection | None = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
        """Status and body; status 0 where nobody answers."""
        try:
            if self._connection is None:
                host, port = self._address.hostname or "", self._address.port
                self._connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_WITHIN, context=self._context)
            text = None if body is None else json.dumps(body)
            self._connection.request(method, path, text, {"Content-Type": "application/json"} if body else {})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return 0, b""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def answers(self) -> bool:
        """Ready, and it knows who asks: an authorised request is served."""
        return self.ask("GET", "/readyz")[0] == 200 and self.ask("GET", "/api/v1/namespaces/default")[0] == 200

    def ready_nodes(self) -> set[str]:
        status, body = self.ask("GET", "/api/v1/nodes")
        if status != 200:
            return set()
        return {each["metadata"]["name"] for each in json.loads(body)["items"] if _is_ready(each)}

    def create_pod(self, name: str, image: str) -> bool:
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "containers": [{"name": "main", "image": image, "command": ["sleep", "3600"]}],
                "terminationGracePeriodSeconds": 0,
            },
        }
        return self.ask("POST", "/api/v1/namespaces/default/pods", manifest)[0] in (201, 409)

    def runs(self, pod: str) -> bool:
        status, body = self.ask("GET", f"/api/v1/namespaces/default/pods/{pod}")
        return status == 200 and json.loads(body)["status"].get("phase") == "Running"


def until(found: Callable[[], Any], *, within: float, every: float = LOOK_EVERY, what: str) -> Any:
    """What `found` gave when it first gave something; raises `TookTooLong` after `within` seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        seen = found()
        if seen:
            return seen
        time.sleep(every)
    raise TookTooLong(f"{what}: not within {within:.0f} s")


def answered(kubeconfig: Path, *, within: float) -> Api:
    """Wait until the API that a kubeconfig file leads to answers; the file may not be there yet."""
    kept: list[Api] = []

    def look() -> bool:
        if not kept:
            # Half-written files do not parse, or name keys that are not there yet.
            with contextlib.suppress(OSError, ssl.SSLError, yaml.YAMLError, KeyError, TypeError):
                kept.append(Api(kubeconfig.read_text()))
        return bool(kept) and kept[0].answers()

    until(look, within=within, what=f"an answer of the API of {kubeconfig}")
    return kept[0]


def _text(part: Mapping[str, str], name: str) -> str:
    if f"{name}-data" in part:
        return base64.b64decode(part[f"{name}-data"]).decode()
    return Path(part[name]).read_text()


def _is_ready(node: Mapping[str, Any]) -> bool:
    found = node["status"].get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in found)
