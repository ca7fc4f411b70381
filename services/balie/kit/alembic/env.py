"""Alembic's environment for every service: `balie.kit.migrations` opens the transaction, this runs the versions in it."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # true on SQLite as well, because the kit sends BEGIN itself
)
with context.begin_transaction():
    context.run_migrations()
