"""What waits for the person who looks: requests, reviews and contracts of the customer's, tickets of the provider's."""

from collections.abc import AsyncIterator, Iterator, Sequence

from steward.api.console import contracts as pages
from steward.api.console import doors
from steward.domain import accesses as accesses_
from steward.domain import people, projects
from steward.operations import accesses, contracts, tickets

MOST_PROJECTS = 50  # that are looked through for a contract

Waiting = tuple[str, str]  # what, and the page that it is done on


async def of(visit: doors.Visit, own: Sequence[projects.Project]) -> list[Waiting]:
    if visit.actor.of_provider:
        return [each async for each in _provider(visit)]
    return [each async for each in _customer(visit, own)]


async def _provider(visit: doors.Visit) -> AsyncIterator[Waiting]:
    if not people.reaches(visit.actor.role, people.Role.SUPPORT):
        return
    unanswered = len(await tickets.all_of(visit.context, visit.actor, unanswered=True))
    if unanswered:
        yield f"{_counted(unanswered, 'ticket')} not answered yet", "/console/tickets"


async def _customer(visit: doors.Visit, own: Sequence[projects.Project]) -> AsyncIterator[Waiting]:
    if people.reaches(visit.actor.role, people.Role.ADMIN):
        for each in _accesses(await accesses.all_of(visit.context, visit.actor)):
            yield each
    if visit.actor.role is people.Role.OWNER:
        for project in own[:MOST_PROJECTS]:
            view = await contracts.show(visit.context, visit.actor, project_id=project.id)
            if pages.acceptable(view):
                named = project.description or project.id
                yield f"The contract of {named} is to be accepted", f"/console/contract?project={project.id}"


def _accesses(found: Sequence[accesses_.Access]) -> Iterator[Waiting]:
    asked = len([each for each in found if each.status is accesses_.Status.REQUESTED])
    if asked:
        yield f"{_counted(asked, 'request')} of the provider to enter a cluster", "/console/accesses"
    owed = len([each for each in found if accesses_.review_owed(each)])
    if owed:
        yield f"{_counted(owed, 'access', 'accesses')} to be reviewed", "/console/accesses"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
