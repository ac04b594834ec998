"""A coverage report as plain values: what `/native` answers as JSON, and what the other forms are made from.

States and no percentage: a share of green rows would say less than any row of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from steward.api.native import outages, shapes
from steward.domain import errors
from steward.operations import coverage
from steward.responsibility import coverage as coverage_
from steward.responsibility import evidence_rules, model

Document = dict[str, Any]


def report(found: coverage.Report) -> Document:
    return {
        "kind": "coverage",
        "project": found.project_id,
        "cluster": found.cluster_id,
        "name": found.cluster_name,
        "ended": found.ended,
        "at": shapes.moment(found.at),
        "matrix": matrix(found.contract),
        "ledger": {"log": found.log, "size": found.size},
        "availability": None if found.figures is None else outages.figures(found.figures),
        "states": states(found.lines),
        "rows": [line(each, found.at) for each in found.lines],
    }


def fleet(found: coverage.Fleet) -> Document:
    """Row by row the clusters in each state; and each cluster with its own counts."""
    return {
        "kind": "fleet",
        "at": shapes.moment(found.at),
        "matrix": matrix(found.contract),
        "clusters": [
            {
                "project": each.project_id,
                "cluster": each.cluster_id,
                "name": each.cluster_name,
                "contract": each.contract.version,
                "states": states(each.lines),
                "breached": [row.activity.id for row in each.lines if row.row.state is coverage_.State.BREACHED],
                "availability": None if each.figures is None else each.figures.availability,
            }
            for each in found.reports
        ],
        "rows": [
            {
                **described(activity),
                "states": {state.value: count for state, count in found.counts(activity.id).items()},
                "waitsFor": evidence_rules.rule_of(activity.id).waits_for,
            }
            for activity in found.contract.activities.values()
        ],
    }


def line(found: coverage.Line, now: datetime) -> Document:
    row = found.row
    return {
        **described(found.activity),
        "state": row.state.value,
        "reason": row.reason,
        "observedAt": shapes.moment(row.observed_at),
        "ageSeconds": None if row.observed_at is None else max(0, round((now - row.observed_at).total_seconds())),
        "validUntil": shapes.moment(row.valid_until),
        "attestedBy": row.attested_by,
        "digest": row.digest,
        "waitsFor": row.waits_for,
        "parts": [part(each) for each in row.parts],
        "facts": [facts(each) for each in found.facts],
    }


def described(activity: model.Activity) -> Document:
    held = {party: model.shown(letters) for party, letters in activity.letters.items()}
    return {
        "activity": activity.id,
        "text": activity.text,
        "customer": held[errors.CUSTOMER],
        "provider": held[errors.PROVIDER],
        "disputed": activity.disputed is not None,
        "way": evidence_rules.rule_of(activity.id).way.value,
    }


def part(found: coverage_.Part) -> Document:
    return {
        "name": found.name,
        "state": found.state.value,
        "reason": found.reason,
        "observedAt": shapes.moment(found.observed_at),
        "validUntil": shapes.moment(found.valid_until),
        "digest": found.digest,
        "attestedBy": found.attested_by,
    }


def facts(found: coverage.Facts) -> Document:
    return {
        "collector": found.collector,
        "subject": found.subject,
        "summary": found.summary,
        "digest": found.digest,
        "ledgerIndex": found.ledger_index,
        "facts": dict(found.facts),
        "hidden": found.hidden,
    }


def states(lines: Sequence[coverage.Line]) -> dict[str, int]:
    found = {state.value: 0 for state in coverage_.State}
    for each in lines:
        found[each.row.state.value] += 1
    return found


def matrix(found: model.Matrix) -> Document:
    return {"version": found.version, "digest": found.digest}


def age(seconds: int | None) -> str:
    """For people: the largest unit that fits."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
