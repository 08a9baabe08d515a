"""How Alembic runs a migration here: on the connection that `engine.migrations.schema` hands over,
in its one transaction.
"""

from __future__ import annotations

from alembic import context

import engine.casework.models
import engine.prevention.models  # noqa: F401  both bring their tables
from engine.ground.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_type=True,
)
context.run_migrations()
