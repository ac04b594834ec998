"""Run by Alembic, inside the transaction of the connection that `bring_up_to_date` was given."""

from alembic import context

from steward.storage import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
