"""The tables, one definition for SQLite and PostgreSQL.

Repositories query them; `migrations` makes them, and a test keeps the two in agreement. What only this
storage reads as a whole (conditions, templates, steps) is a JSON column, what is searched by is not.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Words(sa.TypeDecorator[str]):
    """Text that every database accepts: PostgreSQL has no NUL, neither has lone surrogates.

    Both come from outside, in paths that are looked up and in output of programs that became a message.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, with its zone; on SQLite as ISO text of one width, which sorts by time."""

    impl = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


# SQLite counts by itself only in a column that is exactly INTEGER.
RisingId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, null: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Words(), nullable=null, index=index or None)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, Words(), primary_key=True)


def _moment(name: str, *, null: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Moment(), nullable=null, index=index or None)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _count(name: str) -> sa.Column[Any]:
    """A number that begins at 0, also in rows from before there was such a column."""
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _of_cluster() -> sa.Column[Any]:
    owner = sa.ForeignKey("clusters.id", ondelete="CASCADE")
    return sa.Column("cluster_id", Words(), owner, nullable=False, index=True)


projects = sa.Table(
    "projects",
    metadata,
    _key("id"),
    _text("account", index=True),
    _text("description"),
    _text("status"),
    _moment("created_at"),
)

applications = sa.Table(
    "applications",
    metadata,
    _key("key"),
    sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
    _text("name"),
    _moment("created_at"),
)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", RisingId, primary_key=True),
    sa.Column("consumer_key_hash", sa.LargeBinary(), nullable=False, unique=True),
    sa.Column("sealed_consumer_key", sa.LargeBinary(), nullable=False),
    _text("application_key"),
    _text("account", null=True, index=True),
    _json("rules"),
    _text("status"),
    _json("allowed_ips"),
    _text("redirection", null=True),
    _text("description"),
    _moment("created_at"),
    _moment("expires_at", null=True),
    _moment("last_use", null=True),
    sqlite_autoincrement=True,  # ids are never given twice
)

clusters = sa.Table(
    "clusters",
    metadata,
    _key("id"),
    sa.Column("project_id", Words(), sa.ForeignKey("projects.id"), nullable=False, index=True),
    _text("name"),
    _text("region"),
    _text("version"),
    _text("plan"),
    _text("update_policy"),
    _text("proxy_mode"),
    _text("pods"),
    _text("services"),
    _number("slot"),
    _count("node_generation"),
    _moment("reset_asked_at", null=True),
    _json("kept"),
    sa.Column("restrictions", sa.JSON(), nullable=False, server_default="[]"),
    _moment("delete_asked_at", null=True),
    _json("conditions"),
    _text("installed_version", null=True),
    _moment("installed_at", null=True),
    sa.Column("contract", Words(), nullable=False, server_default="1"),
    sa.Column("customization", sa.JSON(), nullable=False, server_default="{}"),
    sa.Column("openid", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Column("at_once", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("network", sa.JSON(none_as_null=True), nullable=True),  # the private one, where it is on one
    _moment("created_at"),
    _moment("updated_at"),
)

nodepools = sa.Table(
    "nodepools",
    metadata,
    _key("id"),
    _of_cluster(),
    _text("name"),
    _text("flavor"),
    _number("desired"),
    _number("minimum"),
    _number("maximum"),
    _flag("autoscale"),
    _json("autoscaling"),
    _flag("anti_affinity"),
    _flag("monthly_billed"),
    _json("availability_zones"),
    _json("template"),
    _json("remove_first"),
    _json("kept"),
    _moment("delete_asked_at", null=True),
    _json("conditions"),
    _moment("created_at"),
    _moment("updated_at"),
)

nodes = sa.Table(
    "nodes",
    metadata,
    _key("id"),
    _of_cluster(),
    _text("nodepool_id", index=True),  # no reference: a deleted node outlives its pool, in the history
    _text("name"),
    _text("flavor"),
    _text("version"),
    _count("generation"),
    _text("installed_version", null=True),
    _number("number"),
    _text("instance_id", null=True),
    _moment("delete_asked_at", null=True),
    _moment("drain_began_at", null=True),
    _json("conditions"),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("deployed_at", null=True),
    _moment("deleted_at", null=True, index=True),
    _text("subnet_id", null=True),
    _text("private_address", null=True),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", RisingId, primary_key=True),
    _moment("at"),
    _text("project_id"),
    _text("cluster_id"),  # no reference: events outlive their cluster
    _text("subject"),
    _text("subject_id"),
    _text("type"),
    _text("message"),
    _text("actor"),
    _text("activity"),
    _json("facts"),
    sa.Index("ix_events_cluster_id_id", "cluster_id", "id"),
    sqlite_autoincrement=True,
)

progress = sa.Table(
    "progress",
    metadata,
    _key("subject"),
    _of_cluster(),
    _text("flow"),
    _json("steps"),
    _moment("started_at"),
    _moment("ended_at", null=True),
)

allotments = sa.Table(
    "allotments",
    metadata,
    _key("pool"),
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    _text("owner"),
    sa.UniqueConstraint("pool", "owner"),
)

secrets = sa.Table(
    "secrets",
    metadata,
    _key("owner"),
    _key("name"),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
)

# The token is the row's id, from a counter that never turns back: a released lease leaves no row behind,
# and the next one of its subject has a greater token all the same.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("token", RisingId, primary_key=True),
    sa.Column("subject", Words(), nullable=False, unique=True),
    _text("owner", index=True),
    _moment("until"),
    sqlite_autoincrement=True,
)

kept = sa.Table(
    "kept",
    metadata,
    sa.Column("number", RisingId, primary_key=True),
    _text("kind"),
    _text("id"),
    _text("owner"),
    _text("key", null=True),
    _moment("due", null=True),
    _json("body"),
    sa.UniqueConstraint("kind", "id"),
    sa.UniqueConstraint("kind", "key"),
    sa.Index("ix_kept_kind_owner", "kind", "owner"),
    sa.Index("ix_kept_kind_due", "kind", "due"),
    sqlite_autoincrement=True,
)

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    _key("log"),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    _moment("at"),
    _text("leaf"),
    sa.Column("hash", sa.LargeBinary(), nullable=False),
    sa.Column("disclosed", sa.JSON(none_as_null=True), nullable=True),
)

# Roots of whole subtrees above the leaves, so that a proof reads a few rows and an append writes one on average.
ledger_hashes = sa.Table(
    "ledger_hashes",
    metadata,
    _key("log"),
    sa.Column("level", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(), nullable=False),
)

# With the roots of the largest whole subtrees, so that an append reads this one row.
ledger_sizes = sa.Table(
    "ledger_sizes", metadata, _key("log"), _number("size"), sa.Column("roots", sa.LargeBinary(), nullable=False)
)

ledger_checkpoints = sa.Table(
    "ledger_checkpoints",
    metadata,
    _key("log"),
    sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary(), nullable=False),
    _moment("at"),
    _text("note"),
)
