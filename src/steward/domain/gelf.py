"""An event of an audit log as a message in GELF 1.1, the form that log platforms read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Message = dict[str, Any]

INFORMATIONAL, WARNING = 6, 4  # levels of syslog
_LONGEST_SHORT = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a line was read, and when."""

    cluster_id: str
    project_id: str
    read_at: datetime


def of_event(line: bytes, origin: Origin) -> Message:
    """`full_message` is the line as it is, so nothing of the event is lost; also of a line that is no event."""
    text = line.decode("utf-8", "replace")
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return _message("A line of the audit log that is no event", origin.read_at, origin, full=text)
    at = _moment(found.get("requestReceivedTimestamp")) or origin.read_at
    return _message(_sentence(found), at, origin, full=text) | _fields(found)


def of_loss(reason: str, origin: Origin) -> Message:
    """What will never arrive is told where it is missing."""
    said = f"A part of the audit log before this is missing: {reason}"
    return _message(said, origin.read_at, origin, full=said) | {"level": WARNING}


def of_test(*, stream_id: str, now: datetime) -> Message:
    said = "This is a test. Nothing happened"
    return {
        "version": "1.1",
        "host": "steward",
        "short_message": said,
        "timestamp": round(now.timestamp(), 6),
        "level": INFORMATIONAL,
        "_kind": "test",
        "_stream_id": stream_id,
    }


def _message(short: str, at: datetime, origin: Origin, *, full: str) -> Message:
    return {
        "version": "1.1",
        "host": origin.cluster_id,
        "short_message": short[:_LONGEST_SHORT],
        "full_message": full,
        "timestamp": round(at.timestamp(), 6),
        "level": INFORMATIONAL,
        "_kind": "audit",
        "_cluster_id": origin.cluster_id,
        "_project_id": origin.project_id,
    }


def _fields(event: Mapping[str, Any]) -> Message:
    """What people search by. GELF's values are texts and numbers."""
    user, what = _map(event.get("user")), _map(event.get("objectRef"))
    sources = event.get("sourceIPs")
    named = {
        "_audit_id": event.get("auditID"),
        "_verb": event.get("verb"),
        "_user": user.get("username"),
        "_user_agent": event.get("userAgent"),
        "_source_ip": sources[0] if isinstance(sources, list) and sources else None,
        "_uri": event.get("requestURI"),
        "_stage": event.get("stage"),
        "_code": _map(event.get("responseStatus")).get("code"),
        "_api_group": what.get("apiGroup"),
        "_resource": what.get("resource"),
        "_subresource": what.get("subresource"),
        "_namespace": what.get("namespace"),
        "_name": what.get("name"),
        "_decision": _map(event.get("annotations")).get("authorization.k8s.io/decision"),
    }
    return {name: value for name, value in named.items() if type(value) in (str, int) and value != ""}


def _sentence(event: Mapping[str, Any]) -> str:
    what = _map(event.get("objectRef"))
    resource = "/".join(str(each) for each in (what.get("resource"), what.get("subresource")) if each)
    name = "/".join(str(each) for each in (what.get("namespace"), what.get("name")) if each)
    who = _map(event.get("user")).get("username") or "somebody"
    code = _map(event.get("responseStatus")).get("code", "")
    shown = " ".join(each for each in (str(event.get("verb", "")), resource or str(event.get("requestURI", "")), name))
    return f"{' '.join(shown.split())} by {who}: {code}".strip(": ")


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
