"""What nodes shall run and were seen to run, and how often keys and nodes were ordered to be made anew."""

import sqlalchemy as sa
from alembic import op

revision = "rollouts"
down_revision = "private_networks"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("clusters", sa.Column("node_generation", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("clusters", sa.Column("reset_asked_at", _MOMENT, nullable=True))
    op.add_column("nodes", sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("nodes", sa.Column("installed_version", sa.Text(), nullable=True))
    # Until now a node ran what it was ordered with.
    op.execute("UPDATE nodes SET installed_version = version WHERE deployed_at IS NOT NULL")
