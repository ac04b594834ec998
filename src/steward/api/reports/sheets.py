"""A coverage report as CSV: one line for each row of the contract, for people with a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

ROWS = (
    "activity", "text", "customer", "provider", "disputed", "way", "state", "reason", "observedAt", "ageSeconds",
    "validUntil", "attestedBy", "digest", "waitsFor",
)  # fmt: skip
FLEET = ("activity", "text", "customer", "provider", "disputed", "way", "waitsFor")
# A spreadsheet takes what begins with these for a formula.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def report(document: Mapping[str, Any]) -> str:
    head = {name: document[name] for name in ("project", "cluster", "at")} | {"matrix": document["matrix"]["version"]}
    return _written((*head, *ROWS), ({**head, **row} for row in document["rows"]))


def fleet(document: Mapping[str, Any]) -> str:
    rows = [{**row, **row["states"]} for row in document["rows"]]
    names = tuple(rows[0]["states"]) if rows else ()
    return _written((*FLEET, *names), rows)


def _written(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    columns = list(names)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_ACTIVE) else text
