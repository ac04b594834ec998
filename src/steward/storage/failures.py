"""What a failing database means to people: the storage's errors as `errors.Unavailable`.

Both databases wrap their calls in `told`. Errors that are bugs of ours (a broken constraint, wrong SQL)
pass unchanged.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
import structlog

from steward.domain import errors

_log = structlog.get_logger(__name__)

_UNTOUCHED = "Nothing was changed, reading goes on, clusters are untouched. It is the provider's turn: "
_UNKNOWN = (
    "The database failed while it committed: whether the change was made is unknown. Read it again before you "
    "repeat it. It is the provider's turn: mend the storage ({reason})"
)
_FULL = "The disk of steward's database is full. " + _UNTOUCHED + "free space there, then ask again"
_READ_ONLY = "Steward's database cannot be written ({reason}). " + _UNTOUCHED + "mend its disk, then ask again"
_BUSY = "Another writer holds steward's database for too long. " + _UNTOUCHED + "ask again; end that writer if it stays"
_DAMAGED = (
    "Steward's database is damaged ({reason}). Clusters are untouched. It is the provider's turn: stop steward and "
    "restore the database from a backup"
)
_AWAY = (
    "Steward's database does not answer ({reason}). Nothing was changed, clusters are untouched. It is the "
    "provider's turn: start it, or correct STEWARD_DATABASE"
)

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}

# By the longest prefix of the SQLSTATE that is known.
_POSTGRES = {
    "53100": _FULL,
    "53": _AWAY,
    "25006": _READ_ONLY,
    "58": _READ_ONLY,
    "55P03": _BUSY,
    "57014": _BUSY,
    "25P03": _BUSY,
    "57P": _AWAY,
    "08": _AWAY,
    "28": _AWAY,
    "3D": _AWAY,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# After these a commit may have happened or not.
_UNDECIDED = frozenset({sqlite3.SQLITE_IOERR})
_UNDECIDED_STATES = ("57P", "08", "58")


@contextmanager
def told(*, committing: bool = False) -> Iterator[None]:
    """Around calls of the database only, never around a caller's own code."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        refusal = refusal_of(error, committing=committing)
        if refusal is None:
            raise
        # The driver's own text: SQLAlchemy's would repeat the statement.
        _log.warning("storage.failed", reason=_reason(error), committing=committing)
        raise refusal from error


def refusal_of(error: Exception, *, committing: bool) -> errors.Unavailable | None:
    """None where the error is a bug of ours."""
    sentence, undecided = _judged(error)
    if sentence is None:
        return None
    if committing and undecided:
        sentence = _UNKNOWN
    return errors.Unavailable(sentence.format(reason=_reason(error)), code="STORAGE_UNAVAILABLE")


def _judged(error: Exception) -> tuple[str | None, bool]:
    """The sentence, and whether a commit that fails like this may have happened."""
    driver = _driver_error(error)
    if isinstance(driver, sqlite3.Error):
        # The low byte is the error's class, the rest its finer cause.
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE.get(code), code in _UNDECIDED
    state = getattr(driver, "sqlstate", None)
    if isinstance(state, str):
        known = max((each for each in _POSTGRES if state.startswith(each)), key=len, default=None)
        return (_POSTGRES[known] if known else None), state.startswith(_UNDECIDED_STATES)
    lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, sa.exc.TimeoutError | sa.exc.InterfaceError | OSError):
        return _AWAY, True
    return None, False


def _driver_error(error: Exception) -> BaseException:
    return error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error


def _reason(error: Exception) -> str:
    lines = str(_driver_error(error)).splitlines()
    return lines[0] if lines else type(error).__name__
