"""Temporary tables and views are the session's own, under the names that they were given.

DuckDB knows each by another name, which tells what it is and when it was made.
"""

from __future__ import annotations

import datetime
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.sql.definitions import done
from embedded_snowflake.sql.table_names import name_of, written_table

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def _temporary_names(session: Session, expression: Any) -> Any:
    """Temporary tables are the session's own, under the qualified name that they were given."""
    if isinstance(expression, exp.Create) and expression.find(exp.TemporaryProperty):
        table = expression.this.this if isinstance(expression.this, exp.Schema) else expression.this
        name = name_of(session, table)
        if expression.kind in {"TABLE", "VIEW"}:
            if name in session.temporary and expression.args.get("exists"):
                held = session.temporary[name]
            elif name in session.temporary and not expression.args.get("replace"):
                raise errors.exists(name)
            else:
                made = f"{time.time_ns():016X}{uuid.uuid4().hex[16:].upper()}"
                held = f"{_PREFIXES[expression.kind]}{made}"
            table.set("this", exp.to_identifier(held, quoted=True))
            table.set("db", None)
            table.set("catalog", None)
            # The query may read the table that is replaced.
            _own_names(session, expression, made=table)
            session.temporary[name] = held
            return expression
    return _own_names(session, expression) if session.temporary else expression


_NAMING = (exp.From, exp.Join, exp.Merge, exp.Update, exp.Delete)
"""What columns may name a table in that has no alias."""


def _own_names(session: Session, expression: Any, made: Any = None) -> Any:
    """The names that DuckDB knows the session's temporary tables by, in place of theirs."""
    hidden = {one.alias_or_name.upper() for one in expression.find_all(exp.CTE)}
    for table in list(expression.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or table is made:
            continue
        if not table.db and (table.name.upper() in hidden or session.schema is None):
            continue
        if table.db and not table.catalog and session.database is None:
            continue
        held = session.temporary.get(name_of(session, table))
        if held is not None:
            if table.args.get("alias") is None and isinstance(table.parent, _NAMING):
                name = exp.to_identifier(table.name, quoted=True)
                table.set("alias", exp.TableAlias(this=name))
            if isinstance(expression, exp.Drop):
                session.temporary.pop(name_of(session, table))
            table.set("this", exp.to_identifier(held, quoted=True))
            table.set("db", exp.to_identifier("main"))
            table.set("catalog", exp.to_identifier("temp"))
    return expression


def _renamed(session: Session, expression: Any) -> Any:
    """A temporary table keeps the name that DuckDB knows it by; the session's changes."""
    renamed = expression.find(exp.AlterRename) if isinstance(expression, exp.Alter) else None
    name = written_table(session, expression) if renamed is not None else None
    if renamed is None or name not in session.temporary:
        return expression
    session.temporary[name_of(session, renamed.this)] = session.temporary.pop(name)
    return done()


_PREFIXES = {"TABLE": "TEMP_", "VIEW": "TEMP_VIEW_"}
HELD = re.compile(r"TEMP_(?:VIEW_)?[0-9A-F]{32}")


def is_temporary(held: str) -> bool:
    """Whether it is a name that DuckDB knows a temporary table by."""
    return HELD.fullmatch(held) is not None


def temporary_kind(held: str) -> str:
    """TABLE or VIEW."""
    return "VIEW" if held.startswith(_PREFIXES["VIEW"]) else "TABLE"


def temporary_made(held: str) -> datetime.datetime:
    """When a temporary table was made: the name that it has in DuckDB tells it."""
    return datetime.datetime.fromtimestamp(int(held[-32:-16], 16) / 1e9, datetime.UTC)


STEPS = (((exp.Alter,), _renamed), ((exp.Expr,), _temporary_names))
"""Steps of `rewriting`, with the kinds of node that each looks for."""
