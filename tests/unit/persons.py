"""People of both parties, as those who act in tests."""

from datetime import UTC, datetime

from steward.domain import actors, people, projects

SINCE = datetime(2029, 12, 1, tzinfo=UTC)


def acting(name: str, role: people.Role, account: str = "") -> actors.Actor:
    """The same name is the same person."""
    number = sum(name.encode()) % 10_000
    return actors.person(
        people.Person(
            id=people.PersonId(f"00000000-0000-4000-8000-{number:012d}"),
            email=f"{name}@example.org",
            name=name.title(),
            role=role,
            account=projects.AccountId(account) if account else None,
            status=people.Status.ACTIVE,
            created_at=SINCE,
        )
    )


SUSI = acting("susi", people.Role.SUPPORT)
OTTO = acting("otto", people.Role.OPERATOR)
PAUL = acting("paul", people.Role.OPERATOR)
CARA = acting("cara", people.Role.ADMIN, "ab1-local")
VERA = acting("vera", people.Role.VIEWER, "ab1-local")
EVE = acting("eve", people.Role.OWNER, "zz9-local")
