"""Where things stand in this checkout, for the tests of this folder."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ("src", "tests", "demo", "bench", "docs")  # folders with Python code of ours
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")])
PAGES += [ROOT / "kube" / "README.md"]

_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def sources() -> list[Path]:
    return sorted(path for folder in PYTHON for path in (ROOT / folder).rglob("*.py"))


def files() -> Iterator[Path]:
    """What a commit would hold: everything that .gitignore does not name."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line}
    yield from _below(ROOT, {*ignored, ".git"})


def _below(folder: Path, ignored: set[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in ignored or path.suffix == ".egg-info" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _below(path, ignored)
        else:
            yield path


def code_of(page: Path) -> list[str]:
    """The lines of a page's code blocks, and its inline code."""
    text = page.read_text(encoding="utf-8")
    blocks = [line for block in _FENCED.findall(text) for line in block.splitlines()]
    return [*blocks, *_INLINE.findall(_FENCED.sub("", text))]
