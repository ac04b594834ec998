"""Pieces of Markdown that the generated pages share."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Written by `python -m docs.generate`; change {source} and run it again. -->\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join("| " + " | ".join(cell(each) for each in line) + " |\n" for line in lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`" if text else ""
