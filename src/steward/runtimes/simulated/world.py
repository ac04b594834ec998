"""The one simulated world that control planes, machines, guests and host look at.

It holds clusters, settles them before every look, tells listeners what died, and keeps a file per cluster where
it has a folder, so that a service which ends finds its simulated clusters again. No process, no address, no
container exists; credentials are given to nobody and kept nowhere.
"""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pydantic

from steward.domain import clusters
from steward.ports import clock, hosts
from steward.ports.control_planes import Part
from steward.runtimes.simulated import laws, state

ROOM = hosts.Capacity(memory_mb=2**20 * 64, vcpus=2**15, disk_gb=2**20, largest_vcpus=64, largest_memory_mb=2**20)
SEGMENTS = "segments"  # the file of those; each cluster has one of its own
_FILE = pydantic.TypeAdapter(state.Place)
_NAME = re.compile(r"[0-9A-Za-z._-]{1,128}")


class World:
    """`folder` keeps the world across restarts; without it the world ends with the process."""

    def __init__(
        self,
        *,
        clock: clock.Clock,
        folder: Path | None = None,
        timings: state.Timings | None = None,
        room: hosts.Capacity = ROOM,
    ) -> None:
        self.clock = clock
        self.timings = timings or state.Timings()
        self.room = room
        self.places: dict[str, state.Place] = {}
        self.left_over: dict[str, list[str]] = {}  # by cluster: what a removal does not get rid of
        self.missing: dict[str, str] = {}  # Kubernetes versions that are not to be had, and why
        self.segments: dict[int, set[int]] = {}  # of private networks: which routers stand on each
        self.trails: dict[str, state.Trail] = {}
        self.files = secrets.randbits(40)  # a log that another process kept is another file
        self._folder = folder
        self._listeners: list[Callable[[hosts.Change], None]] = []
        self._load()

    def look(self, cluster_id: str) -> state.Place | None:
        """The cluster as it is now."""
        place = self.places.get(cluster_id)
        if place is not None:
            laws.settle(place, self.clock.now(), self.timings)
        return place

    @contextlib.contextmanager
    def changing(self, cluster_id: str) -> Iterator[state.Place]:
        """The cluster as it is now, to be changed; KeyError where there is none."""
        place = self.look(cluster_id)
        if place is None:
            raise KeyError(cluster_id)
        try:
            yield place
        finally:
            laws.settle(place, self.clock.now(), self.timings)
            self._keep(place)

    def make(self, cluster_id: str, slot: int) -> state.Place:
        """The cluster's place, made where there is none yet."""
        if cluster_id not in self.places:
            self.places[cluster_id] = state.Place(cluster_id=cluster_id, slot=slot)
        return self.places[cluster_id]

    def remove(self, cluster_id: str) -> None:
        self.trails.pop(cluster_id, None)
        if self.places.pop(cluster_id, None) is not None and self._folder is not None:
            self._file(self._folder, cluster_id).unlink(missing_ok=True)

    def start(self, place: state.Place, name: str, running: state.Running) -> None:
        laws.start(place, name, running, self.clock.now(), self.timings)

    def end(self, place: state.Place, name: str, reason: str) -> None:
        """A part or a machine dies. Listeners hear of it at once, as from a real process."""
        running = _find(place, name)
        if running is None or not running.running:
            return
        laws.end(running, reason, self.clock.now(), self.timings)
        if name == Part.NETWORK:
            running.again_at = None  # links have no process whose end anybody could watch
        self._report(place, name, f"{reason}; it is started again")

    def _report(self, place: state.Place, name: str, message: str) -> None:
        node = place.boxes.get(name)
        change = hosts.Change(
            cluster_id=clusters.ClusterId(place.cluster_id),
            node_id=node.node_id if node is not None else "",
            component="machine" if node is not None else str(name),
            message=message,
        )
        for listener in self._listeners:
            listener(change)

    def keep_segment(self, number: int, routers: set[int]) -> None:
        self.segments[number] = routers
        self._keep_segments()

    def drop_segment(self, number: int) -> None:
        self.segments.pop(number, None)
        self._keep_segments()

    def _keep_segments(self) -> None:
        if self._folder is None:
            return
        path = self._folder / SEGMENTS
        if self.segments:
            path.write_text(json.dumps({str(number): sorted(each) for number, each in self.segments.items()}))
        else:
            path.unlink(missing_ok=True)

    async def pause(self) -> None:
        """The moment that a verb takes."""
        await self.clock.sleep(self.timings.verb)

    def subscribe(self, listener: Callable[[hosts.Change], None]) -> None:
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[hosts.Change], None]) -> None:
        with contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def serves(self, place: state.Place) -> bool:
        return laws.serves(place, self.clock.now(), self.timings)

    def _load(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads((self._folder / SEGMENTS).read_text())
            self.segments = {int(number): set(routers) for number, routers in kept.items()}
        for path in self._folder.glob("*.json"):
            place = _FILE.validate_json(path.read_bytes())
            self.places[place.cluster_id] = place

    def _keep(self, place: state.Place) -> None:
        if self._folder is None:
            return
        path = self._file(self._folder, place.cluster_id)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(_FILE.dump_json(place))
        os.replace(fresh, path)

    @staticmethod
    def _file(folder: Path, cluster_id: str) -> Path:
        if not _NAME.fullmatch(cluster_id):
            raise ValueError(f"{cluster_id!r} is no id of a cluster")
        return folder / f"{cluster_id}.json"


def _find(place: state.Place, name: str) -> state.Running | None:
    return next((running for part, running in place.parts.items() if part == name), place.boxes.get(name))
