"""A loopback control plane as the tests of guests hold it: two identities, and a way past the code under test."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from steward.catalogue import addons
from steward.outside import guest_lines
from steward.outside import guests as guests_
from steward.ports import guests
from tests.system import loopback

T = TypeVar("T")
MERGE = "application/merge-patch+json"


class Cluster:
    """What a test holds: the control plane, and guests on a loop that lives as long as it."""

    def __init__(self, plane: loopback.ControlPlane) -> None:
        self.plane = plane
        self.lines = guest_lines.Lines()
        self.guests = guests_.HttpGuests(loopback.Ahead(), self.lines)
        self.administrator = plane.administrator()
        self.daily = plane.access(addons.NODES)
        self._runner = asyncio.Runner()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(story)

    async def ask(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Any:
        """As the administrator, past the code under test."""
        request = guest_lines.Request(method=method, path=path, body=body, content_type=kind)
        return guest_lines.require(self.administrator, request, await self.lines.ask(self.administrator, request))

    async def node(self, name: str) -> Any:
        return await self.ask("GET", f"/api/v1/nodes/{name}")

    async def patch_node(self, name: str, patch: Any) -> None:
        await self.ask("PATCH", f"/api/v1/nodes/{name}", patch, kind=MERGE)

    async def pod(self, name: str, node: str, **more: Any) -> None:
        spec = {
            "nodeName": node,
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "it", "image": "registry.k8s.io/pause:3.10"}],
        }
        metadata = {"name": name, "labels": {"app": more.pop("app", name)}, **more}
        await self.ask("POST", "/api/v1/namespaces/default/pods", {"metadata": metadata, "spec": spec})

    async def started(self, name: str, phase: str = "Running") -> None:
        """Say what a kubelet would."""
        conditions = [{"type": "Ready", "status": "True"}] if phase == "Running" else []
        status = {"status": {"phase": phase, "startTime": "2030-01-01T00:00:00Z", "conditions": conditions}}
        path = f"/api/v1/namespaces/default/pods/{name}/status"
        await self.ask("PATCH", path, status, kind=MERGE)

    def close(self) -> None:
        self.run(self.guests.close())
        self._runner.close()


async def eventually(act: Callable[[], Awaitable[T]], right: Callable[[T], bool], seconds: float = 30) -> T:
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = await act()
            if right(answer):
                return answer
            told = repr(answer)
        except guests.NotAnswering as reason:
            told = str(reason)
        assert time.monotonic() < deadline, f"not within {seconds:g} s; at last: {told}"
        await asyncio.sleep(0.05)


async def installed(cluster: Cluster) -> None:
    await eventually(lambda: cluster.guests.version(cluster.administrator), bool)
    await eventually(lambda: cluster.guests.has_default_account(cluster.administrator), bool)
    await cluster.guests.apply(cluster.administrator, addons.rights())
    await eventually(lambda: cluster.guests.nodes(cluster.daily), lambda _: True)
