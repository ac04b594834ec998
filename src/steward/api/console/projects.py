"""The projects that a page is about: those of the person, and the one that the address names."""

from collections.abc import Sequence
from dataclasses import dataclass

from steward.api.console import doors
from steward.domain import errors, projects
from steward.operations import projects as projects_

MOST = 100  # on one page


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    every: Sequence[projects.Project]
    chosen: projects.Project | None  # None where there is none yet


async def choice(visit: doors.Visit) -> Choice:
    """The first one where none is named; another account's is answered like one that does not exist."""
    every = await projects_.all_of(visit.context, visit.actor)
    wanted = visit.asked("project")
    if wanted:
        found = next((each for each in every if each.id == wanted), None)
        if found is None:
            raise errors.NotFound("This project does not exist")
        return Choice(every=every, chosen=found)
    return Choice(every=every, chosen=every[0] if every else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the projects, where there are many; `after` is the number of the next page, or 0."""

    shown: Sequence[projects.Project]
    number: int
    after: int


async def page(visit: doors.Visit) -> Page:
    every = await projects_.all_of(visit.context, visit.actor)
    asked = visit.asked("page")
    number = int(asked) if asked.isdecimal() and len(asked) < 6 else 1
    start = (max(number, 1) - 1) * MOST
    return Page(shown=every[start : start + MOST], number=number, after=number + 1 if start + MOST < len(every) else 0)
