"""Who may reach a cluster's API, by source address."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clusters", sa.Column("restrictions", sa.JSON(), nullable=False, server_default="[]"))
