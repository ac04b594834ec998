"""Results on standard output: a table for people, or a form for programs.

Commands give rows and columns. Tables are laid out here and not by rich, which alone would cost a
quarter of the start-up time and cuts what is wider than a terminal that a pipe does not have.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from steward.cli import terminal as terminal_

Row = TypeVar("Row", bound=Mapping[str, object])

GOOD = frozenset(
    {
        "READY",
        "ACTIVE",
        "active",
        "ok",
        "validated",
        "available",
        "done",
        "allowed",
        "proven",
        "attested",
        "CAPACITY_OK",
    }
)
BAD_ENDINGS = ("ERROR", "SUSPENDED", "expired", "refused", "suspended", "blocked", "unavailable", "breached")
GAP = "  "


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    title: str
    value: Callable[[Row], object]
    wide: bool = False  # only in the wide table
    status: bool = False  # coloured


def listing(
    terminal: terminal_.Terminal,
    form: Format,
    rows: Sequence[Row],
    columns: Sequence[Column[Row]],
    *,
    name: str,
    nothing: str,
) -> None:
    """`name` is the field that identifies a row; `nothing` is what a person reads when there are none."""
    if form is Format.NAME:
        for row in rows:
            terminal.write(str(row[name]))
    elif form in (Format.JSON, Format.YAML):
        terminal.write(serialised(form, rows))
    elif rows:
        table(terminal, rows, [column for column in columns if form is Format.WIDE or not column.wide])
    else:
        terminal.say(nothing)


def single(terminal: terminal_.Terminal, form: Format, row: Row, columns: Sequence[Column[Row]], *, name: str) -> None:
    """One object: its fields below each other."""
    if form is Format.NAME:
        terminal.write(str(row[name]))
    elif form in (Format.JSON, Format.YAML):
        terminal.write(serialised(form, row))
    else:
        width = max(len(column.title) for column in columns)
        for column in columns:
            shown = _coloured(terminal, column, text(column.value(row)))
            terminal.write(f"{column.title.capitalize():<{width}}{GAP}{shown}".rstrip())


def table(terminal: terminal_.Terminal, rows: Iterable[Row], columns: Sequence[Column[Row]]) -> None:
    cells = [[text(column.value(row)) for column in columns] for row in rows]
    titles = [column.title for column in columns]
    widths = [max(_width(line[index]) for line in [titles, *cells]) for index in range(len(columns))]
    terminal.write(GAP.join(_padded(title, width) for title, width in zip(titles, widths, strict=True)).rstrip())
    for line in cells:
        padded = (
            _coloured(terminal, column, cell, width) for column, cell, width in zip(columns, line, widths, strict=True)
        )
        terminal.write(GAP.join(padded).rstrip())


def serialised(form: Format, value: object) -> str:
    if form is Format.YAML:
        import yaml

        dumped: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
        return dumped.rstrip("\n")
    return json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: object) -> str:
    """One line, for streams."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def text(value: object) -> str:
    """Never a control character: names and messages come from elsewhere and end on somebody's terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(text(each) for each in value)
    flat = " ".join(str(value).splitlines())
    return "".join(character if character.isprintable() else "?" for character in flat)


def _coloured(terminal: terminal_.Terminal, column: Column[Row], cell: str, width: int = 0) -> str:
    padded = _padded(cell, width)
    if not column.status:
        return padded
    colour = terminal_.YELLOW
    if cell in GOOD:
        colour = terminal_.GREEN
    elif cell.endswith(BAD_ENDINGS):
        colour = terminal_.RED
    return terminal.paint(cell, colour, stream=terminal.out) + padded[len(cell) :]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(cell: str) -> int:
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in cell
    )
