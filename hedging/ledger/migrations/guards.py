"""A rule that a table keeps by itself, and how each database is told of it."""

from dataclasses import dataclass

ALWAYS = "1 = 1"


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuse ``change`` (INSERT, UPDATE or DELETE) of a row of ``table`` where ``condition`` holds.

    ``condition`` is SQL over NEW and OLD that both databases understand; ``refusal`` says why in words.
    """

    name: str
    change: str
    table: str
    condition: str
    refusal: str

    def on_sqlite(self) -> str:
        """The trigger in SQLite's words."""
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.change} ON {self.table} WHEN {self.condition}"
            f" BEGIN SELECT RAISE(ABORT, '{self.refusal}'); END"
        )

    def on_postgresql(self) -> tuple[str, str]:
        """Function and trigger: a condition of PostgreSQL's own triggers cannot look into other rows."""
        row = "OLD" if self.change == "DELETE" else "NEW"
        function = (
            f"CREATE FUNCTION guard_{self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {self.condition} THEN RAISE EXCEPTION '{self.refusal}'; END IF; RETURN {row}; END $$"
        )
        trigger = (
            f"CREATE TRIGGER {self.name} BEFORE {self.change} ON {self.table}"
            f" FOR EACH ROW EXECUTE FUNCTION guard_{self.name}()"
        )
        return function, trigger


def not_emptied(table: str) -> tuple[str, str]:
    """PostgreSQL's TRUNCATE, which asks no row: refused for ``table``."""
    function = (
        f"CREATE FUNCTION guard_{table}_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{table}: rows are never deleted'; END $$"
    )
    trigger = (
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION guard_{table}_no_truncate()"
    )
    return function, trigger
