"""Which private network a cluster is on, and the address that a node has there."""

import sqlalchemy as sa
from alembic import op

revision = "private_networks"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clusters", sa.Column("network", sa.JSON(), nullable=True))
    op.add_column("nodes", sa.Column("subnet_id", sa.Text(), nullable=True))
    op.add_column("nodes", sa.Column("private_address", sa.Text(), nullable=True))
