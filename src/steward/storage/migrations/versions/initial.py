"""The first schema. It never changes: what comes later is a revision of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_RISING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _access()
    _clusters()
    _nodepools()
    _nodes()
    _history()
    _machinery()


def _access() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_index("ix_projects_account", "projects", ["account"])
    op.create_table(
        "applications",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_applications"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", _RISING, nullable=False),
        sa.Column("consumer_key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_consumer_key", sa.LargeBinary(), nullable=False),
        sa.Column("application_key", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("allowed_ips", sa.JSON(), nullable=False),
        sa.Column("redirection", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("last_use", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("consumer_key_hash", name="uq_credentials_consumer_key_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_credentials_account", "credentials", ["account"])


def _clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("update_policy", sa.Text(), nullable=False),
        sa.Column("proxy_mode", sa.Text(), nullable=False),
        sa.Column("pods", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("delete_asked_at", _MOMENT, nullable=True),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("installed_version", sa.Text(), nullable=True),
        sa.Column("installed_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clusters"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_clusters_project_id"),
    )
    op.create_index("ix_clusters_project_id", "clusters", ["project_id"])


def _nodepools() -> None:
    op.create_table(
        "nodepools",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("flavor", sa.Text(), nullable=False),
        sa.Column("desired", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("maximum", sa.BigInteger(), nullable=False),
        sa.Column("autoscale", sa.Boolean(), nullable=False),
        sa.Column("autoscaling", sa.JSON(), nullable=False),
        sa.Column("anti_affinity", sa.Boolean(), nullable=False),
        sa.Column("monthly_billed", sa.Boolean(), nullable=False),
        sa.Column("availability_zones", sa.JSON(), nullable=False),
        sa.Column("template", sa.JSON(), nullable=False),
        sa.Column("remove_first", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("delete_asked_at", _MOMENT, nullable=True),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodepools"),
        _of_cluster("nodepools"),
    )
    op.create_index("ix_nodepools_cluster_id", "nodepools", ["cluster_id"])


def _nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("nodepool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("flavor", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("delete_asked_at", _MOMENT, nullable=True),
        sa.Column("drain_began_at", _MOMENT, nullable=True),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("deployed_at", _MOMENT, nullable=True),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
        _of_cluster("nodes"),
    )
    op.create_index("ix_nodes_cluster_id", "nodes", ["cluster_id"])
    op.create_index("ix_nodes_nodepool_id", "nodes", ["nodepool_id"])
    op.create_index("ix_nodes_deleted_at", "nodes", ["deleted_at"])


def _history() -> None:
    op.create_table(
        "events",
        sa.Column("id", _RISING, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_cluster_id_id", "events", ["cluster_id", "id"])
    op.create_table(
        "progress",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_progress"),
        _of_cluster("progress"),
    )
    op.create_index("ix_progress_cluster_id", "progress", ["cluster_id"])


def _machinery() -> None:
    op.create_table(
        "allotments",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "number", name="pk_allotments"),
        sa.UniqueConstraint("pool", "owner", name="uq_allotments_pool_owner"),
    )
    op.create_table(
        "secrets",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_secrets"),
    )
    op.create_table(
        "leases",
        sa.Column("token", _RISING, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_leases"),
        sa.UniqueConstraint("subject", name="uq_leases_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_leases_owner", "leases", ["owner"])


def _of_cluster(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=f"fk_{table}_cluster_id", ondelete="CASCADE")
