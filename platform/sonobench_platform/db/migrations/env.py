"""Alembic's entry: `db/migrate.py` hands in the connection and holds the transaction."""

from __future__ import annotations

from alembic import context

from sonobench_platform.db.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=False)
context.run_migrations()
