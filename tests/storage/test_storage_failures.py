"""Which failures are told to people, and which are bugs that pass unchanged."""

import sqlite3

import pytest
import sqlalchemy as sa

from steward.domain import errors
from steward.storage import failures


def of_sqlite(code: int, text: str = "the driver's words") -> sa.exc.DBAPIError:
    raised = sqlite3.OperationalError(text)
    raised.sqlite_errorcode = code
    return sa.exc.OperationalError("SELECT 1", {}, raised)


class PostgresError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("the driver's words\nand its second line")
        self.sqlstate = sqlstate


def of_postgres(sqlstate: str, *, lost: bool = False) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT 1", {}, PostgresError(sqlstate), connection_invalidated=lost)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (of_sqlite(sqlite3.SQLITE_FULL), "full"),
        (of_sqlite(sqlite3.SQLITE_READONLY), "cannot be written"),
        (of_sqlite(sqlite3.SQLITE_IOERR | 3 << 8), "cannot be written"),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), "cannot be written"),
        (of_sqlite(sqlite3.SQLITE_BUSY), "Another writer"),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), "damaged"),
        (of_postgres("53100"), "full"),
        (of_postgres("53300"), "does not answer"),
        (of_postgres("25006"), "cannot be written"),
        (of_postgres("58030"), "cannot be written"),
        (of_postgres("55P03"), "Another writer"),
        (of_postgres("57P01"), "does not answer"),
        (of_postgres("XX001"), "damaged"),
        (ConnectionRefusedError("refused"), "does not answer"),
        (sa.exc.TimeoutError("no connection left"), "does not answer"),
    ],
)
def test_a_failure_names_its_cause_and_whose_turn_it_is(error: Exception, words: str) -> None:
    with pytest.raises(errors.Unavailable, match=words) as told, failures.told():
        raise error
    assert "provider's turn" in told.value.message
    assert told.value.whose_turn == errors.PROVIDER
    assert "SELECT" not in told.value.message


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_IOERR),
        of_postgres("57P01"),
        of_postgres("08006"),
        sa.exc.DBAPIError("COMMIT", {}, OSError("reset"), connection_invalidated=True),
    ],
)
def test_a_commit_that_may_have_happened_is_said_to_be_unknown(error: Exception) -> None:
    with pytest.raises(errors.Unavailable, match="unknown"), failures.told(committing=True):
        raise error


@pytest.mark.parametrize("error", [of_sqlite(sqlite3.SQLITE_FULL), of_postgres("53100"), of_postgres("25006")])
def test_a_commit_that_cannot_have_happened_is_not(error: Exception) -> None:
    with pytest.raises(errors.Unavailable, match="Nothing was changed"), failures.told(committing=True):
        raise error


@pytest.mark.parametrize(
    "error",
    [of_sqlite(sqlite3.SQLITE_CONSTRAINT), of_sqlite(sqlite3.SQLITE_ERROR), of_postgres("23505"), of_postgres("42601")],
)
def test_bugs_pass_unchanged(error: Exception) -> None:
    with pytest.raises(sa.exc.DBAPIError), failures.told():
        raise error
