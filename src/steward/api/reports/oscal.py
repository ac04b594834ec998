"""A coverage report as OSCAL assessment-results, for auditors' tools. OSCAL is an export and never the data model.

Each row of the contract is a finding; what collectors saw are its observations. OSCAL knows `satisfied` and
`not-satisfied` alone: a state of ours that is neither proven nor attested is `not-satisfied`, and stands beside it.
What is not applicable is excluded from the controls that were reviewed.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

VERSION = "1.1.3"
NAMESPACE = "https://github.com/steward-k8s/steward/ns/oscal"
_NAMES = uuid.UUID("6e1a2a0c-1f9a-5b52-9d0e-0a4f3d0c5a11")
SATISFIED = ("proven", "attested")
Document = Mapping[str, Any]


def report(document: Document) -> dict[str, Any]:
    """Of one cluster. The same report has the same ids."""
    seed = f"{document['cluster']}/{document['at']}"
    title = f"Coverage of the responsibility model for cluster {document['cluster']}"
    return _results(seed, title, document, [document])


def fleet(document: Document, reports: Sequence[Document]) -> dict[str, Any]:
    """A result for each cluster; there is at least one. `document` is of all of them."""
    seed = f"fleet/{document['at']}"
    return _results(seed, "Coverage of the responsibility model for all clusters", document, reports)


def _results(seed: str, title: str, document: Document, reports: Sequence[Document]) -> dict[str, Any]:
    return {
        "assessment-results": {
            "uuid": _id(seed, "document"),
            "metadata": {
                "title": title,
                "last-modified": document["at"],
                "version": document["matrix"]["version"],
                "oscal-version": VERSION,
                "props": [_property("matrix-digest", document["matrix"]["digest"])],
            },
            "import-ap": {"href": "https://github.com/steward-k8s/steward/blob/main/docs/evidence.md"},
            "results": [_result(each) for each in reports],
        }
    }


def _result(document: Document) -> dict[str, Any]:
    seed = f"{document['cluster']}/{document['at']}"
    left_out = [row for row in document["rows"] if row["state"] == "not applicable"]
    judged = [row for row in document["rows"] if row not in left_out]
    observations = [_observation(seed, row, each, document) for row in document["rows"] for each in row["parts"]]
    return {
        "uuid": _id(seed, "result"),
        "title": f"State of each activity for cluster {document['cluster']}",
        "description": "What collectors observed and named persons stated, at one moment.",
        "start": document["at"],
        "end": document["at"],
        "props": [
            _property("project", document["project"]),
            _property("cluster", document["cluster"]),
            _property("matrix-version", document["matrix"]["version"]),
            _property("ledger-log", document["ledger"]["log"]),
            _property("ledger-size", str(document["ledger"]["size"])),
        ],
        "reviewed-controls": {
            "control-selections": [
                {
                    "include-controls": _selected(judged),
                    **({"exclude-controls": _selected(left_out)} if left_out else {}),
                }
            ]
        },
        **({"observations": observations} if observations else {}),
        "findings": [_finding(seed, row) for row in judged],
    }


def _selected(rows: Sequence[Document]) -> list[dict[str, str]]:
    return [{"control-id": _control(row)} for row in rows]


def _observation(seed: str, row: Document, part: Document, document: Document) -> dict[str, Any]:
    made: dict[str, Any] = {
        "uuid": _id(seed, row["activity"], part["name"]),
        "title": f"{row['activity']}: {part['name']}",
        "description": _text(part["reason"]),
        "methods": ["INTERVIEW" if part["attestedBy"] else "TEST"],
        "types": ["control-objective"],
        "collected": part["observedAt"] or document["at"],
        "props": [_property("state", part["state"])],
    }
    if part["validUntil"]:
        made["expires"] = part["validUntil"]
    if part["digest"]:
        made["props"].append(_property("sha-256", part["digest"]))
    if part["attestedBy"]:
        made["props"].append(_property("attested-by", part["attestedBy"]))
    return made


def _finding(seed: str, row: Document) -> dict[str, Any]:
    state = "satisfied" if row["state"] in SATISFIED else "not-satisfied"
    made: dict[str, Any] = {
        "uuid": _id(seed, row["activity"]),
        "title": f"{row['activity']} {_text(row['text'])}",
        "description": _text(row["reason"]),
        "props": [
            _property("state", row["state"]),
            _property("way", row["way"]),
            *([_property("customer", row["customer"])] if row["customer"] else []),
            *([_property("provider", row["provider"])] if row["provider"] else []),
        ],
        "target": {
            "type": "objective-id",
            "target-id": _control(row),
            "status": {"state": state, "reason": _reason(row["state"])},
        },
    }
    if row["parts"]:
        made["related-observations"] = [
            {"observation-uuid": _id(seed, row["activity"], each["name"])} for each in row["parts"]
        ]
    return made


def _reason(state: str) -> str:
    """A token; `other` where OSCAL has no word of its own."""
    return {"proven": "pass", "breached": "fail"}.get(state, "other")


def _control(row: Document) -> str:
    """Ids of OSCAL begin with a letter."""
    return f"activity-{row['activity']}"


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": " ".join(value.split()) or "-"}


def _text(text: str) -> str:
    return text.strip() or "-"


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_NAMES, "/".join(parts)))
