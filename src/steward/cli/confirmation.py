"""Before something is destroyed: the person types its name."""

from steward.cli import failures
from steward.cli import terminal as terminal_


def typed(terminal: terminal_.Terminal, *, what: str, name: str, yes: bool) -> None:
    """Returns when it may be done. `what` says what will be lost."""
    if yes:
        return
    if not terminal.answers:
        raise failures.Usage(f"{what} Nobody is there to confirm it: give --yes.")
    if terminal.ask(f"{what}\nType {terminal.paint(name, terminal_.BOLD, stream=terminal.err)} to go on:") != name:
        raise failures.Usage("That is not its name. Nothing was done.")
