"""Pages that are written from the code say what the code says; the table of routes is that of the service."""

import re

import pytest
from fastapi.routing import APIRoute

from docs import generate
from steward.api import app
from tests.paper import checkout

ROW = re.compile(r"^\| (GET|POST|PUT|DELETE)((?:, [A-Z]+)*) \| `([^`]+)` \| (.*?) \|", re.MULTILINE)
PROJECT = "/cloud/project/{}"


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert name not in generate.stale(), "run: .venv/bin/python -m docs.generate"


def rows() -> dict[tuple[str, str], str]:
    """Method and path, as docs/api.md has them, to what it says in the next column."""
    text = (checkout.ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    found = {}
    for first, others, path, said in ROW.findall(text):
        for method in (first, *others.split(", ")[1:]):
            found[method, _plain(path)] = said
    return found


def _plain(path: str) -> str:
    """Without the names of its parameters, which differ between OVHcloud's specification and our code."""
    return re.sub(r"{\w+(:path)?}", "{}", path).replace("…", PROJECT)


def served() -> set[tuple[str, str]]:
    """Without the console's pages, which docs/console.md describes: they are no interface for programs."""
    routes = [route for router in app.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    programs = [route for route in routes if not route.path.startswith("/console")]
    return {(method, _plain(route.path)) for route in programs for method in route.methods or ()}


def test_what_is_served_stands_in_the_table() -> None:
    assert served() - set(rows()) == set()


def test_what_is_called_served_is_served() -> None:
    claimed = {route for route, said in rows().items() if said == "yes" or route[1].startswith("/native")}
    assert claimed == served()


def test_what_is_called_a_gap_is_one() -> None:
    gaps = {route for route, said in rows().items() if said == "no"}
    assert gaps & served() == set()
