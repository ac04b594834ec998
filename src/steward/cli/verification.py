"""`steward verify`: whether an exported ledger or report is whole, without the service that wrote it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from steward.cli import failures, options, output, terminal
from steward.cli import session as session_
from steward.kit import bundles, custody, notes, reports, verdicts, verification

app = typer.Typer(add_completion=False)

_BEGINNING = 256  # bytes in which a report says its kind
_OF_REPORT = b'"kind":"coverage"'
_LARGEST_REPORT = 64 * 2**20


@app.command(no_args_is_help=True)
def run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `steward ledger export` or `steward report -o json` wrote.")],
    key: Annotated[
        str, typer.Option(help="The log's key as you know it: `steward ledger keys` shows it.", show_default=False)
    ] = "",
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A checkpoint that `steward ledger checkpoint --save` kept.", show_default=False),
    ] = None,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Check an exported ledger offline: leaves, tree, checkpoints, keys, personal values; or the seal of a report's
    rows. 0 only when all holds."""
    session = session_.of(ctx)
    trusted, saved = _anchors(key, checkpoint)
    try:
        if (report := _report(file)) is not None:
            _tell_report(session.terminal, reports.verify(report, trusted=trusted), form)
            return
        with file.open("rb") as stream:
            found = verification.verify(bundles.lines_of(stream), trusted=trusted, saved=saved)
    except OSError as reason:
        raise failures.Usage(f"{file} cannot be read: {reason.strerror}.") from None
    _tell(session.terminal, found, form)
    if not found.holds:
        raise typer.Exit(failures.REFUSED)


def _report(file: Path) -> reports.Document | None:
    """A report is one document; a ledger is a document on each line, and may be larger than the memory."""
    with file.open("rb") as stream:
        beginning = stream.read(_BEGINNING)
    if _OF_REPORT not in b"".join(beginning.split()) or file.stat().st_size > _LARGEST_REPORT:
        return None
    try:
        content = json.loads(file.read_bytes())
    except ValueError as reason:
        raise failures.Failure(f"Does not hold: {file} is no report any more, it was altered: {reason}.") from None
    return content if reports.is_report(content) else None


def _tell_report(screen: terminal.Terminal, found: reports.Verdict, form: output.Format) -> None:
    if form in (output.Format.JSON, output.Format.YAML):
        screen.write(output.serialised(form, found.as_data()))
    elif found.holds:
        label = screen.paint("Holds:", terminal.GREEN, stream=screen.out)
        screen.write(f"{label} {output.text(f'{found.origin}, {found.rows} rows of {found.cluster} at {found.at}')}")
    else:
        label = screen.paint("Does not hold:", terminal.RED, stream=screen.out)
        screen.write(f"{label} {output.text(found.fault)}")
    if form not in (output.Format.JSON, output.Format.YAML):
        for each in found.remarks:
            screen.write(output.text(each))
    if not found.holds:
        raise typer.Exit(failures.REFUSED)


def _anchors(key: str, checkpoint: Path | None) -> tuple[list[notes.Key], list[notes.Checkpoint]]:
    """What the caller knows already."""
    trusted: list[notes.Key] = []
    saved: list[notes.Checkpoint] = []
    try:
        if key:
            trusted.append(notes.read_key(key))
        if checkpoint is not None:
            kept = custody.read(checkpoint.read_text(encoding="utf-8"))
            trusted.append(kept.key)
            saved.append(kept.checkpoint)
    except notes.Invalid as reason:
        raise failures.Usage(f"The key or the checkpoint to compare with cannot be used: {reason}.") from None
    except (OSError, UnicodeDecodeError) as reason:
        raise failures.Usage(f"{checkpoint} cannot be read: {reason}.") from None
    return trusted, saved


def _tell(screen: terminal.Terminal, found: verdicts.Verdict, form: output.Format) -> None:
    if form in (output.Format.JSON, output.Format.YAML):
        screen.write(output.serialised(form, found.as_data()))
        return
    if found.fault is None:
        label = screen.paint("Holds:", terminal.GREEN, stream=screen.out)
        span = f"{found.entries} entries from {found.first_at} to {found.last_at}"
        signed = f"{found.checkpoints} checkpoints, the last of {found.last_checkpoint_at or 'an unknown time'}"
        screen.write(f"{label} {output.text(f'{found.origin}, {span}, {signed}')}")
    else:
        label = screen.paint("Does not hold:", terminal.RED, stream=screen.out)
        screen.write(f"{label} {output.text(found.fault.sentence)}")
        screen.write(f"Entries that are proven all the same: the first {found.proven}")
    if found.erased:
        screen.write(f"Erased personal values, as entries say: {len(found.erased)}, first in entry {found.erased[0]}")
    for each in found.remarks:
        screen.write(output.text(each))
