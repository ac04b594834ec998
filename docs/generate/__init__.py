"""Pages of this folder that are written from the code: `python -m docs.generate`.

`tests/paper/test_docs_generated.py` fails while a page says something else than the code.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import activities, audit, commands, compatibility, evidence, settings

FOLDER = Path(__file__).parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings.page,
    "cli.md": commands.page,
    "responsibility.md": activities.page,
    "audit.md": audit.page,
    "evidence.md": evidence.page,
    "compatibility.md": compatibility.page,
}


def stale() -> list[str]:
    """Pages whose text is not what the code gives now."""
    return [name for name, page in PAGES.items() if _present(FOLDER / name) != page()]


def write() -> list[str]:
    """Write the stale ones; their names."""
    names = stale()
    for name in names:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    return names


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
