"""`steward contract`: who is responsible for what, what a new version changes, and accepting it."""

from typing import Annotated, TypedDict

import typer

from steward.cli import confirmation, options, output, subjects
from steward.cli import session as session_
from steward.client import agreements, contracts

app = typer.Typer(help="The contract between customer and provider, row by row.", no_args_is_help=True)

COLUMNS: list[output.Column[agreements.Row]] = [
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="CUSTOMER", value=lambda row: row["letters"].get("customer", "")),
    output.Column(title="PROVIDER", value=lambda row: row["letters"].get("provider", "")),
    output.Column(title="DISPUTED", value=lambda row: _letters(row["disputed"])),
    output.Column(title="OPERATIONS", value=lambda row: row.get("operations", []), wide=True),
    output.Column(title="TEXT", value=lambda row: row["text"]),
]
ACCEPTED: list[output.Column[agreements.Acceptance]] = [
    output.Column(title="VERSION", value=lambda row: row["version"]),
    output.Column(title="DIGEST", value=lambda row: row["digest"]),
    output.Column(title="CLUSTER", value=lambda row: row["clusterId"] or "those ordered from now on"),
    output.Column(title="DEFAULTS", value=lambda row: _defaults(row["defaults"])),
    output.Column(title="ACCEPTED BY", value=lambda row: row["acceptedBy"]),
    output.Column(title="ACCEPTED", value=lambda row: row["acceptedAt"]),
]


class Change(TypedDict):
    """A row of the table of differences."""

    activity: str
    change: str
    old: str
    new: str


CHANGES: list[output.Column[Change]] = [
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="CHANGE", value=lambda row: row["change"]),
    output.Column(title="OLD", value=lambda row: row["old"]),
    output.Column(title="NEW", value=lambda row: row["new"]),
]
SAME = "Both versions say the same."

Version = Annotated[str, typer.Argument(help="Version. Default: the newest.", show_default=False)]


@app.command()
def show(
    ctx: typer.Context,
    version: Version = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show every row with its letters, what the project accepted, and the defaults that go with it."""
    session = session_.of(ctx)
    link = session.link(party)
    held = contracts.of_project(link, session.project)
    whole = contracts.get(link, version or held["newest"]["version"])
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, {"contract": whole, "project": held}))
        return
    output.listing(session.terminal, form, whole["rows"], COLUMNS, name="activity", nothing="It has no rows.")
    if form is not output.Format.NAME:
        _say_held(session, held, whole)


@app.command()
def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(help="Version. Default: the accepted one.", show_default=False)] = "",
    new: Version = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show what a version changes, row by row."""
    session = session_.of(ctx)
    link = session.link(party)
    held = contracts.of_project(link, session.project)
    newest = held["newest"]["version"]
    accepted = held["accepted"]["version"] if held["accepted"] else newest
    found = contracts.diff(link, old or accepted, new or newest)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, found))
        return
    rows = [_change(each) for each in found["changes"]]
    output.listing(session.terminal, form, rows, CHANGES, name="activity", nothing=SAME)


@app.command()
def accept(
    ctx: typer.Context,
    version: Version = "",
    cluster: Annotated[
        str, typer.Option(help="For this cluster that stands. Default: for what is ordered from now on.")
    ] = "",
    yes: options.Yes = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Accept a version for the project's next orders, or for one cluster. Shows what it changes first."""
    session = session_.of(ctx)
    held = contracts.of_project(session.link(), session.project)
    wanted = version or held["newest"]["version"]
    identifier, now = "", held["accepted"]["version"] if held["accepted"] else ""
    if cluster:
        _, identifier = subjects.cluster(session, cluster, options.Party.CUSTOMER)
        now = next((each["version"] for each in held["clusters"] if each["id"] == identifier), now)
    changes = contracts.diff(session.link(), now or wanted, wanted)
    for each in changes["changes"]:
        row = _change(each)
        session.terminal.say(output.text(f"{row['activity']} {row['change']}: {row['old']} -> {row['new']}"))
    session.terminal.say(f"Defaults of an order: {output.text(_defaults(held['defaults']))}")
    what = f"Version {wanted} of the contract, digest {changes['digest']}, is accepted for "
    what += f"cluster {cluster}." if cluster else "the clusters that this project orders from now on."
    confirmation.typed(session.terminal, what=what, name=wanted, yes=yes)
    made = contracts.accept(
        session.link(), session.project, version=wanted, digest=changes["digest"], cluster=identifier
    )
    output.single(session.terminal, form, made, ACCEPTED, name="version")


def _say_held(session: session_.Session, held: agreements.Contract, whole: agreements.WholeEdition) -> None:
    accepted = held["accepted"]
    if accepted is None:
        said = "This project has accepted no version yet; its first order accepts the newest"
    else:
        how = "by ordering, by" if accepted["byOrdering"] else "by"
        said = f"Version {accepted['version']} was accepted {how} {accepted['acceptedBy']} at {accepted['acceptedAt']}"
    session.terminal.say(f"Version {whole['version']}, SHA-256 {whole['digest']}.")
    session.terminal.say(output.text(f"{said}."))
    session.terminal.say(output.text(f"Defaults of an order: {_defaults(held['defaults'])}."))
    if accepted is not None and held["offered"] is not None:
        newest = held["newest"]["version"]
        session.terminal.say(f"Version {newest} is offered: steward contract diff; steward contract accept {newest}")


def _change(found: agreements.RowChange) -> Change:
    what = f" ({', '.join(found['what'])})" if found["what"] else ""
    return Change(
        activity=found["activity"], change=found["change"] + what, old=_said(found["old"]), new=_said(found["new"])
    )


def _said(row: agreements.Row | None) -> str:
    if row is None:
        return ""
    disputed = f" (disputed: {_letters(row['disputed'])})" if row["disputed"] else ""
    return f"{_letters(row['letters'])}{disputed}, {row['text']}"


def _letters(letters: dict[str, str] | None) -> str:
    return "" if letters is None else ", ".join(f"{party} {held or '-'}" for party, held in letters.items())


def _defaults(defaults: dict[str, str]) -> str:
    return ", ".join(f"{field} {value}" for field, value in defaults.items())
