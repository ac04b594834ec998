"""Audit logs of the simulated world: what its guests were asked, as an API server would have written it.

The lines are in memory alone; a service that starts anew finds the log of its clusters gone, and says so.
"""

import hashlib
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.domain import clusters
from steward.kit import times
from steward.ports.audit_logs import START, Glance, Piece, Place
from steward.ports.control_planes import Part
from steward.ports.guests import Access
from steward.runtimes.simulated import state, world


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One request, as far as the log shows it."""

    verb: str
    resource: str = ""
    group: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    uri: str = "/"
    agent: str = "steward"
    code: int = 200


class SimulatedAuditLogs:
    def __init__(self, world: world.World) -> None:
        self._world = world

    def glance(self, cluster_id: clusters.ClusterId) -> Glance | None:
        trail = self._world.trails.get(cluster_id)
        if trail is None:
            return None
        return Glance(inode=trail.inode, size=trail.written, writer=trail.writer)

    async def read(self, cluster_id: clusters.ClusterId, place: Place, *, most: int) -> Piece:
        trail = self._world.trails.get(cluster_id)
        if trail is None:
            return Piece(lines=(), place=START, lost="the log is gone" if place.inode else "")
        offset, lost = place.offset, ""
        if place.inode != trail.inode:
            offset, lost = trail.began, "the log is gone" if place.inode else ""
        elif offset < trail.began:
            offset, lost = trail.began, "the log was cut"
        elif offset > trail.written:
            offset, lost = trail.began, "the log is shorter than what was read of it"
        lines, end = _from(trail, offset, most)
        return Piece(
            lines=lines, place=Place(inode=trail.inode, offset=end), lost=lost, more=bool(lines) and end < trail.written
        )

    async def latest(self, cluster_id: clusters.ClusterId, *, most: int) -> Piece:
        trail = self._world.trails.get(cluster_id)
        if trail is None:
            return Piece(lines=(), place=START)
        lines: list[bytes] = []
        for line in reversed(trail.lines):
            most -= len(line)
            if most < 0:
                break
            lines.append(line.rstrip(b"\n"))
        return Piece(lines=lines[::-1], place=Place(inode=trail.inode, offset=trail.written))

    async def search(self, cluster_id: clusters.ClusterId, word: str, *, limit: int) -> Sequence[bytes]:
        trail = self._world.trails.get(cluster_id)
        lines = trail.lines if trail is not None else []
        return [line.rstrip(b"\n") for line in lines if word.encode() in line][:limit]


def note(world: world.World, place: state.Place, access: Access, deed: Deed) -> None:
    """Called by the simulated guests with every request that reached the API."""
    user = {
        "username": access.user or "somebody",
        "groups": ["system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": [f"X509SHA256={fingerprint(access.certificate)}"]},
    }
    write(world, place.cluster_id, event(world.clock.now(), user, deed))
    world.trails[place.cluster_id].writer = place.parts[Part.API_SERVER].started_at.isoformat()


def write(world: world.World, cluster_id: str, line: Mapping[str, Any]) -> None:
    trail = world.trails.get(cluster_id)
    if trail is None:
        world.files += 1
        trail = world.trails[cluster_id] = state.Trail(inode=world.files)
    numbered = {**line, "auditID": line.get("auditID") or f"{trail.inode:08d}-{trail.number:08d}"}
    trail.add(json.dumps(numbered, separators=(",", ":")).encode())


def event(now: datetime, user: Mapping[str, Any], deed: Deed) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "requestURI": deed.uri,
        "verb": deed.verb,
        "user": dict(user),
        "userAgent": deed.agent,
        "responseStatus": {"code": deed.code},
        "requestReceivedTimestamp": times.precise(now),
        "stageTimestamp": times.precise(now),
    }
    if deed.resource:
        named = {"namespace": deed.namespace, "name": deed.name, "apiGroup": deed.group, "apiVersion": "v1"}
        reference = {"resource": deed.resource, "subresource": deed.subresource, **named}
        found["objectRef"] = {key: text for key, text in reference.items() if text}
    return found


def fingerprint(certificate: str) -> str:
    if certificate.startswith("-----BEGIN"):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    return hashlib.sha256(certificate.encode()).hexdigest()


def _from(trail: state.Trail, offset: int, most: int) -> tuple[list[bytes], int]:
    """Lines from a byte on, at least one where there is any, and where they end."""
    lines: list[bytes] = []
    position, size = trail.began, 0
    for line in trail.lines:
        if position >= offset:
            if lines and size + len(line) > most:
                break
            lines.append(line.rstrip(b"\n"))
            size += len(line)
        position += len(line)
    return lines, max(offset, trail.began) + size
