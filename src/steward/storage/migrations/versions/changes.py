"""What customers change of a standing cluster: its customization, its OpenID Connect, and how often it was changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("customization", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("openid", sa.JSON(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("at_once", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("clusters", column)
