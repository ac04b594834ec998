"""Who asks: always of exactly one party."""

from dataclasses import dataclass
from enum import StrEnum

from steward.domain import errors, oauth2, people, projects


class Kind(StrEnum):
    CREDENTIAL = "credential"  # a customer's application, or a program of either party
    PERSON = "person"
    AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`name` is what others read: an account, a person's address, or automation's name.

    `activity` is the one that automation acts under; without one it may change nothing.
    """

    name: str
    party: str
    kind: Kind
    role: people.Role | None = None
    account: projects.AccountId | None = None  # of a customer
    only: tuple[projects.ProjectId, ...] = ()  # empty: all projects of the account
    person_id: people.PersonId | None = None
    client_id: oauth2.ClientId | None = None
    activity: str = ""

    @property
    def of_provider(self) -> bool:
        return self.party == errors.PROVIDER

    def reaches(self, project: projects.Project) -> bool:
        """Whether it may know that this project exists."""
        if self.of_provider:
            return True
        return project.account == self.account and (not self.only or project.id in self.only)


def customer(account: projects.AccountId) -> Actor:
    """A credential of the account. Its access rules limit it at the edge; people and contract stay with the owner's."""
    return Actor(name=account, party=errors.CUSTOMER, kind=Kind.CREDENTIAL, role=people.Role.OWNER, account=account)


def application(key: str) -> Actor:
    """Nobody's yet: it may ask for a credential, which somebody of an account then validates."""
    name = f"application {key[:32]}"
    return Actor(name=name, party=errors.CUSTOMER, kind=Kind.CREDENTIAL, role=people.Role.VIEWER)


def person(found: people.Person) -> Actor:
    return Actor(
        name=found.email,
        party=found.party,
        kind=Kind.PERSON,
        role=found.role,
        account=found.account,
        only=found.only,
        person_id=found.id,
    )


def client(found: oauth2.Client, project: projects.ProjectId | None = None) -> Actor:
    """A program of either party, in the role that it was given; in one project alone it is nobody's owner."""
    limited = project is not None and found.role is people.Role.OWNER
    return Actor(
        name=f"{found.account or found.party}/oauth2-{found.id}",
        party=found.party,
        kind=Kind.CREDENTIAL,
        role=people.Role.ADMIN if limited else found.role,
        account=found.account,
        only=() if project is None else (project,),
        client_id=found.id,
    )


def automation(activity: str, purpose: str) -> Actor:
    """Named as inside the clusters: `steward:<activity>:<purpose>`."""
    return Actor(
        name=f"steward:{activity}:{purpose}",
        party=errors.PROVIDER,
        kind=Kind.AUTOMATION,
        role=people.Role.OPERATOR,
        activity=activity,
    )


OPERATOR = Actor(name="operator", party=errors.PROVIDER, kind=Kind.PERSON, role=people.Role.OPERATOR)
