"""A coverage report as one HTML page: readable alone, printable, on a telephone as well, without any script.

States are words with a mark before them, never a colour alone. On narrow screens each row becomes a card. The style is
inside the page; `POLICY` allows it by its digest and nothing else.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from steward.api.reports import documents

MARKS = {
    "proven": "✓",
    "attested": "✍",
    "not applicable": "–",
    "stale": "◷",
    "unknown": "?",
    "breached": "✗",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1f;--dim:#4a4a55;--paper:#fff;--line:#c9c9d2;--soft:#f4f4f7}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;padding:1rem;
max-width:90rem}
h1{font-size:1.5rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:2rem 0 .5rem}
p{max-width:65ch}code,.digest{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}dt{color:var(--dim)}
dd{margin:0;overflow-wrap:anywhere}
ul.states{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}
ul.states li{border:1px solid var(--line);border-radius:.4rem;padding:.3rem .7rem}
table{border-collapse:collapse;width:100%;table-layout:fixed}
caption{text-align:left;color:var(--dim);padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
thead th{background:var(--soft)}
tbody th{font-weight:600}
.number{width:6rem}.letters{width:7.5rem}.state{width:10rem}.age{width:8rem}
.mark{display:inline-block;width:1.3em;font-weight:700}
.s-proven{color:#0b6b2f}.s-attested{color:#1d4ed8}.s-breached{color:#b91c1c;font-weight:700}
.s-stale{color:#92400e}.s-unknown,.s-not-applicable{color:var(--dim)}
.said{color:var(--dim);margin:.2rem 0 0;font-size:.92em}
@media (prefers-color-scheme:dark){:root{--ink:#f1f1f4;--dim:#c9c9d2;--paper:#17171b;--line:#4a4a55;--soft:#222228}
.s-proven{color:#6ee7a0}.s-attested{color:#9db7ff}.s-breached{color:#fca5a5}.s-stale{color:#fcd34d}}
@media (max-width:56rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}
table,tbody,tr,th,td,caption{display:block;width:100%}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border:1px solid var(--line);border-radius:.4rem;margin:0 0 .8rem;padding:.3rem .6rem}
th,td{border:0;padding:.2rem 0}td[data-label]::before{content:attr(data-label) ": ";color:var(--dim)}}
@media print{body{padding:0;max-width:none;font-size:9pt}tr{break-inside:avoid}thead{display:table-header-group}
:root{--ink:#000;--dim:#333;--paper:#fff;--line:#999;--soft:#eee}
.s-proven,.s-attested,.s-breached,.s-stale,.s-unknown,.s-not-applicable{color:#000}}
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
Document = Mapping[str, Any]


def report(document: Document) -> str:
    name = document["name"] or document["cluster"]
    known = [
        ("Cluster", document["cluster"]),
        ("Project", document["project"]),
        ("Made at", document["at"]),
        ("Contract", f"version {document['matrix']['version']}, SHA-256 {document['matrix']['digest']}"),
        ("Ledger", f"{document['ledger']['log']}, {document['ledger']['size']} entries"),
        ("Availability", _available(document["availability"])),
    ]
    heads = (("number", "Activity"), ("", "In the contract's words"), ("letters", "Letters"), ("state", "State"),
             ("age", "Age"), ("", "Why"))  # fmt: skip
    rows = "".join(_row(each) for each in document["rows"])
    count = len(document["rows"])
    caption = f"The {count} activities of the contract. R carries out, A is accountable, C is consulted, I is informed"
    gone = "<p>The deletion of this cluster was asked for.</p>" if document["ended"] else ""
    return _page(
        f"Coverage of {name}",
        f"{gone}{_list(known)}<h2>States</h2>{_states(document['states'])}{_explained()}"
        f"<h2>Activities</h2>{_table(caption, heads, rows)}",
    )


def fleet(document: Document) -> str:
    heads = (("number", "Activity"), ("", "In the contract's words"), ("letters", "Letters"), ("", "Clusters by state"))
    rows = "".join(_fleet_row(each) for each in document["rows"])
    count = len(document["clusters"])
    own = (("", "Cluster"), ("", "Project"), ("", "States"), ("", "Breached"))
    listed = "".join(_cluster_row(each) for each in document["clusters"])
    known = [
        ("Made at", document["at"]),
        ("Clusters", str(count)),
        ("Contract", f"version {document['matrix']['version']}, SHA-256 {document['matrix']['digest']}"),
    ]
    return _page(
        "Coverage of all clusters",
        f"{_list(known)}{_explained()}<h2>Activities</h2>{_table('How many clusters are in each state', heads, rows)}"
        f"<h2>Clusters</h2>{_table(f'{count} clusters', own, listed)}",
    )


def _row(row: Document) -> str:
    letters = f"customer {row['customer'] or '–'}, provider {row['provider'] or '–'}"
    by = f"<p class=said>By {escape(row['attestedBy'])}</p>" if row["attestedBy"] else ""
    digest = f"<p class='said digest'>SHA-256 {escape(row['digest'])}</p>" if row["digest"] else ""
    disputed = "<p class=said>The editions of the contract disagree about this row.</p>" if row["disputed"] else ""
    until = f"<p class=said>counts until {escape(row['validUntil'])}</p>" if row["validUntil"] else ""
    return (
        f"<tr><th scope=row>{escape(row['activity'])}</th><td>{escape(row['text'])}{disputed}</td>"
        f"<td data-label=Letters>{letters}</td><td data-label=State>{_state(row['state'])}{by}</td>"
        f"<td data-label=Age>{escape(documents.age(row['ageSeconds'])) or '–'}{until}</td>"
        f"<td data-label=Why>{escape(row['reason'])}{digest}</td></tr>"
    )


def _fleet_row(row: Document) -> str:
    letters = f"customer {row['customer'] or '–'}, provider {row['provider'] or '–'}"
    waits = f"<p class=said>Waits for {escape(row['waitsFor'])}</p>" if row["waitsFor"] else ""
    return (
        f"<tr><th scope=row>{escape(row['activity'])}</th><td>{escape(row['text'])}{waits}</td>"
        f"<td data-label=Letters>{letters}</td><td data-label=Clusters>{_states(row['states'])}</td></tr>"
    )


def _cluster_row(row: Document) -> str:
    breached = ", ".join(row["breached"]) or "–"
    return (
        f"<tr><th scope=row>{escape(row['name'])} <code>{escape(row['cluster'])}</code></th>"
        f"<td data-label=Project><code>{escape(row['project'])}</code></td>"
        f"<td data-label=States>{_states(row['states'])}</td><td data-label=Breached>{escape(breached)}</td></tr>"
    )


def _state(state: str) -> str:
    kind = f"s-{state.replace(' ', '-')}"
    return f"<span class={kind}><span class=mark aria-hidden=true>{MARKS[state]}</span>{escape(state)}</span>"


def _states(counts: Mapping[str, int]) -> str:
    shown = "".join(f"<li>{_state(state)}: {count}</li>" for state, count in counts.items() if count)
    return f"<ul class=states>{shown}</ul>" if shown else "<p>–</p>"


def _explained() -> str:
    return (
        "<p>Proven: observed, and the observation still counts. Attested: a named person says so. Stale: it was "
        "observed too long ago. Unknown: nobody looked, or it could not be told. Breached: observed to be otherwise. "
        "There is no percentage, because no share of rows makes up for one that is breached.</p>"
    )


def _available(figures: Document | None) -> str:
    if figures is None or figures["availability"] is None:
        return "nobody has probed yet"
    said = f"{figures['availability']:.4%} of what is known of {figures['month']}, promised {figures['objective']:.1%}"
    return f"{said}; unknown {figures['unknownSeconds']:.0f} s"


def _list(known: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in known) + "</dl>"


def _table(caption: str, heads: Iterable[tuple[str, str]], rows: str) -> str:
    titles = "".join(f"<th scope=col{f' class={kind}' if kind else ''}>{escape(title)}</th>" for kind, title in heads)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def _page(title: str, content: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f'<meta http-equiv=Content-Security-Policy content="{escape(_IN_PAGE)}">'
        f"<title>{escape(title)} · steward</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )


# Saved as a file the page has no headers; what only a header may say is left out.
_IN_PAGE = POLICY.replace("; frame-ancestors 'none'", "")
