"""Every way in which a command ends badly: its exit code, and what the person reads.

`app` catches here, commands only raise. The codes are a promise to scripts; `EXIT_CODES` is shown by
`steward --help`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from steward.cli import output
from steward.cli import session as session_
from steward.cli import terminal as terminal_
from steward.client import errors

REFUSED, USAGE, NOT_FOUND, NOT_AUTHORISED, CONFLICT, TIMEOUT, UNREACHABLE, INTERRUPTED = 1, 2, 3, 4, 5, 6, 7, 130

EXIT_CODES = {
    0: "done",
    REFUSED: "refused, or the work failed",
    USAGE: "wrong use, or configuration missing",
    NOT_FOUND: "not found",
    NOT_AUTHORISED: "not authorised",
    CONFLICT: "busy, or in conflict: try again later",
    TIMEOUT: "--wait took longer than --timeout; the work goes on",
    UNREACHABLE: "the service cannot be reached",
    INTERRUPTED: "interrupted; work that began goes on",
}


class Failure(Exception):
    """Raised by commands for what the API does not know about."""

    code = REFUSED


class Usage(Failure):
    code = USAGE


class NotFound(Failure):
    code = NOT_FOUND


class TimedOut(Failure):
    code = TIMEOUT


class Interrupted(Failure):
    """Ctrl-C, with how to come back."""

    code = INTERRUPTED


def exit_code(error: errors.ClientError) -> int:
    if isinstance(error, errors.Unreachable):
        return UNREACHABLE
    if not isinstance(error, errors.ApiError):
        return USAGE
    if error.not_authorised:
        return NOT_AUTHORISED
    if error.not_found:
        return NOT_FOUND
    return CONFLICT if error.conflict else REFUSED


@contextmanager
def told(session: session_.Session) -> Iterator[None]:
    """Expected failures become a sentence and an exit code; a bug stays a traceback."""
    try:
        yield
    except Failure as failure:
        _tell(session.terminal, str(failure), interrupted=isinstance(failure, Interrupted))
        raise typer.Exit(failure.code) from None
    except errors.ClientError as error:
        _tell(session.terminal, error.message)
        for line in _particulars(error):
            session.terminal.say(f"  {output.text(line)}")
        raise typer.Exit(exit_code(error)) from None
    except KeyboardInterrupt:
        session.terminal.say("")
        raise typer.Exit(INTERRUPTED) from None


def _tell(terminal: terminal_.Terminal, message: str, *, interrupted: bool = False) -> None:
    label = "Interrupted:" if interrupted else "Error:"
    colour = terminal_.YELLOW if interrupted else terminal_.RED
    shown = "\n".join(output.text(line) for line in message.splitlines())
    terminal.say(f"{terminal.paint(label, colour, stream=terminal.err)} {shown}")


def _particulars(error: errors.ClientError) -> Iterator[str]:
    if not isinstance(error, errors.ApiError):
        return
    for key, value in error.details.items():
        yield f"{key}: {value}"
    parts = [f"HTTP {error.status}", error.code or error.kind]
    if error.query_id:
        parts.append(f"query {error.query_id}")
    yield ", ".join(part for part in parts if part)
    if error.code == "QUERY_TIME_OUT":
        yield "The clocks differ: the service's was asked for and still refused. Is one of them being set?"
