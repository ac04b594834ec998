"""What was done in a break-glass session: its calls, taken out of the cluster's own audit log.

Called by `accesses` once the credential is void. Nothing is left out: the calls by which steward proved the end are
marked as such, not hidden.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from steward.domain import accesses, events
from steward.kit import times
from steward.ports import probes
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

SETTLES = 2.0  # seconds until what was asked stands in the log
PROOF = "steward's proof of the end"


async def calls_of(services: Services, found: accesses.Access) -> tuple[str, ...] | None:
    """In order, each as `verb resource namespace/name code`; None where the log could not be read."""
    await services.clock.sleep(SETTLES)
    try:
        lines = await services.audit_logs.search(found.cluster_id, found.user, limit=accesses.MOST_CALLS + 1)
    except OSError as reason:
        log.warning("audit log not read", cluster=found.cluster_id, access=found.id, reason=str(reason))
        return None
    calls = [each for each in (_call(line, found) for line in lines) if each]
    if len(lines) > accesses.MOST_CALLS:
        calls = [*calls[: accesses.MOST_CALLS], "and more, which only the audit log itself shows"]
    return tuple(calls)


def _call(line: bytes, found: accesses.Access) -> str:
    """Empty where the line is of somebody else who only names the user, or not an answer yet."""
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return ""
    if entry.get("user", {}).get("username") != found.user or entry.get("stage") == "ResponseStarted":
        return ""
    what, code = _object(entry), entry.get("responseStatus", {}).get("code", "")
    at = entry.get("requestReceivedTimestamp", "")
    mark = f" ({PROOF})" if _is_proof(entry, found) else ""
    return f"{at} {entry.get('verb', '')} {what} {code}{mark}".replace("  ", " ")


def _object(entry: Mapping[str, Any]) -> str:
    named = entry.get("objectRef")
    if not named:
        return str(entry.get("requestURI", ""))[:200]
    resource = named.get("resource", "")
    if named.get("subresource"):
        resource += f"/{named['subresource']}"
    where = "/".join(part for part in (named.get("namespace", ""), named.get("name", "")) if part)
    return f"{resource} {where}".strip()


def _is_proof(entry: Mapping[str, Any], found: accesses.Access) -> bool:
    if entry.get("userAgent") != probes.PROOF_AGENT or entry.get("requestURI") != probes.TRIED:
        return False
    at = times.parsed(str(entry.get("requestReceivedTimestamp", "")))
    return found.ended_at is not None and at >= found.ended_at.replace(microsecond=0)


def event(
    about: accesses.Access, type_: str, told: str, at: datetime, activity: str, facts: Mapping[str, str]
) -> events.Event:
    """In the history of its cluster, also once that is gone."""
    return events.Event(
        at=at,
        project_id=about.project_id,
        cluster_id=about.cluster_id,
        subject="access",
        subject_id=about.id,
        type=type_,
        message=told,
        actor="automation",
        activity=activity,
        facts=facts,
    )
