"""The kinds of objects, one module each: their statements, catalog rows, SHOW columns, errors.

Importing this package registers every statement. Add a module for a new kind and name it here.
"""

from embedded_snowflake.objects import (
    context,
    copying,
    databases,
    datasets,
    dynamic_tables,
    file_formats,
    functions,
    lineage,
    models,
    packages,
    put_get,
    query_history,
    staged_queries,
    stages,
    table_facts,
    tables,
    tags,
    target_lags,
    tasks,
    transactions,
    views,
    warehouses,
)

__all__ = [
    "context",
    "copying",
    "databases",
    "datasets",
    "dynamic_tables",
    "file_formats",
    "functions",
    "lineage",
    "models",
    "packages",
    "put_get",
    "query_history",
    "staged_queries",
    "stages",
    "table_facts",
    "tables",
    "tags",
    "target_lags",
    "tasks",
    "transactions",
    "views",
    "warehouses",
]
