"""The schema, brought up to date when the storage is opened.

Both databases call `bring_up_to_date` with a connection that holds the write lock; all revisions are applied
in that one transaction, so a start that dies here leaves the schema as it was. A new revision is a file in
`versions/` and its id at the end of `REVISIONS`.
"""

from pathlib import Path

import sqlalchemy as sa

from steward.domain import errors

REVISIONS = ("0001", "0002", "0003", "0004", "private_networks", "rollouts")  # oldest first
FOLDER = Path(__file__).parent


def bring_up_to_date(connection: sa.Connection) -> None:
    """`errors.Unavailable` where the database is newer than this code."""
    found = _revision(connection)
    if found == REVISIONS[-1]:
        return
    if found is not None and found not in REVISIONS:
        raise errors.Unavailable(
            f"The database was written by a newer steward: its schema is {found}, this one knows up to "
            f"{REVISIONS[-1]}. Nothing was changed. It is the provider's turn: start the newer steward again, or "
            "restore the backup that was made before the upgrade"
        )
    _upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def _upgrade(connection: sa.Connection) -> None:
    # Here, because Alembic weighs 12 MB and nearly every start has nothing to do for it.
    from alembic import command, config

    settings = config.Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
