"""Nouns of the responsibility model, the ledger, and the version of the matrix that a cluster is pinned to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_RISING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("clusters", sa.Column("contract", sa.Text(), nullable=False, server_default="1"))
    _kept()
    _ledger()


def _kept() -> None:
    op.create_table(
        "kept",
        sa.Column("number", _RISING, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("due", _MOMENT, nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_kept"),
        sa.UniqueConstraint("kind", "id", name="uq_kept_kind_id"),
        sa.UniqueConstraint("kind", "key", name="uq_kept_kind_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kept_kind_owner", "kept", ["kind", "owner"])
    op.create_index("ix_kept_kind_due", "kept", ["kind", "due"])


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("disclosed", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("log", "position", name="pk_ledger_entries"),
    )
    op.create_table(
        "ledger_hashes",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "level", "position", name="pk_ledger_hashes"),
    )
    op.create_table(
        "ledger_sizes",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("roots", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", name="pk_ledger_sizes"),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "size", name="pk_ledger_checkpoints"),
    )
