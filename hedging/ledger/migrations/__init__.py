"""Forward-only steps of the two databases, in Alembic's form."""
