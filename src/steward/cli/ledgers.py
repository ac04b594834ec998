"""`steward ledger`: the log of what was done and proven, its checkpoints, and its export for `steward verify`."""

import json
import os
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from steward.cli import confirmation, failures, options, output
from steward.cli import session as session_
from steward.client import connection, ledgers
from steward.kit import custody, notes

app = typer.Typer(
    help="The log of what was done and proven. As the provider it is the provider's own log, or, with --project, what "
    "the provider may see of a project's.",
    no_args_is_help=True,
)

STATE: list[output.Column[ledgers.Ledger]] = [
    output.Column(title="LOG", value=lambda row: row["log"]),
    output.Column(title="ENTRIES", value=lambda row: row["size"]),
    output.Column(title="SIGNED", value=lambda row: None if row["checkpoint"] is None else row["checkpoint"]["size"]),
    output.Column(title="AT", value=lambda row: None if row["checkpoint"] is None else row["checkpoint"]["at"]),
    output.Column(title="DAMAGE", value=lambda row: None if row["damage"] is None else row["damage"]["text"]),
    output.Column(
        title="WITNESSES", value=lambda row: [f"{each['webhook']} has {each['size']}" for each in row["witnesses"]]
    ),
]
CHECKPOINT: list[output.Column[ledgers.Checkpoint]] = [
    output.Column(title="ENTRIES", value=lambda row: row["size"]),
    output.Column(title="ROOT", value=lambda row: row["root"]),
    output.Column(title="AT", value=lambda row: row["at"]),
]
KEYS: list[output.Column[ledgers.LedgerKey]] = [
    output.Column(title="KEY", value=lambda row: row["key"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
    output.Column(title="RETIRED", value=lambda row: row["retiredAt"]),
]


def _said(row: ledgers.LedgerEntry, name: str) -> object:
    """Of the leaf; the customer's own content is withheld from the provider."""
    if row["leaf"] is None:
        return "withheld" if name == "kind" else None
    found: object = json.loads(row["leaf"]).get(name)
    return found


def _shown(row: ledgers.LedgerEntry, name: str) -> object:
    return (row["disclosed"] or {}).get(name, {}).get("value")


ENTRIES: list[output.Column[ledgers.LedgerEntry]] = [
    output.Column(title="INDEX", value=lambda row: row["index"]),
    output.Column(title="AT", value=lambda row: row["at"]),
    output.Column(title="KIND", value=lambda row: _said(row, "kind")),
    output.Column(title="ACTIVITY", value=lambda row: _said(row, "activity")),
    output.Column(title="BY", value=lambda row: _shown(row, "actor")),
    output.Column(title="SUBJECT", value=lambda row: _said(row, "subject"), wide=True),
    output.Column(title="HASH", value=lambda row: row["hash"], wide=True),
    output.Column(title="MESSAGE", value=lambda row: _shown(row, "message")),
    output.Column(title="LEAF", value=lambda row: row["leaf"], wide=True),
]

File = Annotated[Path, typer.Argument(help="The file to write.", show_default=False)]
Index = Annotated[int, typer.Argument(help="Index of the entry, from 0.", min=0)]


@app.command()
def show(
    ctx: typer.Context,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show how long the log is, how far it is signed, and who outside keeps its checkpoints."""
    session = session_.of(ctx)
    output.single(session.terminal, form, ledgers.state(*_whose(session, party)), STATE, name="log")


@app.command("list")
def list_(
    ctx: typer.Context,
    start: Annotated[int, typer.Option(help="Index of the first entry.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="How many entries.", min=1, max=1000)] = 100,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List entries, oldest first."""
    session = session_.of(ctx)
    found = ledgers.entries(*_whose(session, party), start=start, limit=limit)
    output.listing(session.terminal, form, found, ENTRIES, name="index", nothing="No entries there.")


@app.command()
def keys(
    ctx: typer.Context,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the keys that its checkpoints are signed with, oldest first. Keep the last; `steward verify` asks for it."""
    session = session_.of(ctx)
    found = ledgers.keys(*_whose(session, party))
    output.listing(session.terminal, form, found, KEYS, name="key", nothing="Nothing was signed yet.")


@app.command(no_args_is_help=True)
def export(
    ctx: typer.Context,
    file: File,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Write the whole log into a file that `steward verify` checks without the service."""
    session = session_.of(ctx)
    link, project = _whose(session, party)
    partial = file.with_name(f"{file.name}.part")
    try:
        with _created(partial) as stream:
            ledgers.export(link, project, stream.write)
        partial.replace(file)
    except OSError as reason:
        raise failures.Failure(f"{file} cannot be written: {reason.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, {"file": str(file), "bytes": file.stat().st_size}))
        return
    session.terminal.say(f"The ledger is in {file}. Check it with: steward verify {file}")


@app.command()
def checkpoint(
    ctx: typer.Context,
    save: Annotated[
        Path | None,
        typer.Option(help="Keep it in this file; the one that is there must go with the new one.", show_default=False),
    ] = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show a signed checkpoint of the log as it is now, and keep it: it cannot be taken back then."""
    session = session_.of(ctx)
    link, project = _whose(session, party)
    found = ledgers.checkpoint(link, project)
    if save is not None:
        _keep(session, link, project, found, save)
    output.single(session.terminal, form, found, CHECKPOINT, name="root")


@app.command(no_args_is_help=True)
def erase(
    ctx: typer.Context,
    index: Index,
    yes: options.Yes = False,
    party: options.As = options.Party.CUSTOMER,
) -> None:
    """Erase the personal values of an entry, for good. Its hash and every proof stay as they are."""
    session = session_.of(ctx)
    what = f"Names and messages of entry {index} will be gone; what it commits to can be shown by nobody then."
    confirmation.typed(session.terminal, what=what, name=str(index), yes=yes)
    link, project = _whose(session, party)
    ledgers.erase(link, project, index)
    session.terminal.say(f"The personal values of entry {index} are erased.")


@app.command()
def rotate(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """Sign with a new key from now on; the old one signs it over. Acts as the provider, of all logs."""
    session = session_.of(ctx)
    output.single(session.terminal, form, ledgers.rotate_key(session.provider), KEYS, name="key")


def _whose(session: session_.Session, party: options.Party) -> tuple[connection.Connection, str]:
    """The connection, and the project: none is the provider's own log."""
    if session.party(party) is options.Party.PROVIDER:
        return session.provider, session.chosen_project
    return session.link(), session.project


def _keep(
    session: session_.Session, link: connection.Connection, project: str, found: ledgers.Checkpoint, file: Path
) -> None:
    known = [
        custody.Successor(key=notes.read_key(each["key"]), note=each["note"]) for each in ledgers.keys(link, project)
    ]
    try:
        before = _read(file)
        if before is None:
            made = custody.kept(known[-1].key, found["note"])
            said = f"Kept in {file}, with the key as the service named it: {made.key.text}"
        else:
            made = custody.advanced(before, found["note"], known, _proof(link, project, before, found))
            said = f"Kept in {file}; it goes with the one of {before.checkpoint.size} entries that was there."
    except custody.Contradiction as reason:
        raise failures.Failure(f"{reason}. {file} stays as it is: it is the proof.") from None
    except notes.Invalid as reason:
        raise failures.Failure(f"{file} and the service's answer do not go together: {reason}.") from None
    partial = file.with_name(f"{file.name}.part")
    partial.write_text(made.text, encoding="utf-8")
    partial.replace(file)
    session.terminal.say(said)


def _proof(link: connection.Connection, project: str, before: custody.Kept, found: ledgers.Checkpoint) -> list[bytes]:
    if before.checkpoint.size > found["size"]:
        return []
    answer = ledgers.consistency(link, project, old=before.checkpoint.size, size=found["size"])
    return [bytes.fromhex(each) for each in answer["proof"]]


def _read(file: Path) -> custody.Kept | None:
    try:
        return custody.read(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as reason:
        raise failures.Failure(f"{file} cannot be read: {reason}.") from None


def _created(file: Path) -> BinaryIO:
    """Readable by its owner alone: a ledger holds names."""
    return os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb")
