"""The kinds of objects, one module each: their statements, catalog rows, SHOW columns, errors.

What has rows stands in `relations/`, stages and their files in `files/`, datasets and models in
`ml/`, what the account and the session have here. Importing this package registers every statement.
Add a module for a new kind and name it here.
"""

from embedded_snowflake.objects import (
    context,
    databases,
    functions,
    packages,
    query_history,
    tags,
    tasks,
    transactions,
    variables,
    warehouses,
)
from embedded_snowflake.objects.files import (
    copying,
    file_formats,
    put_get,
    staged_queries,
    stages,
    unloading,
)
from embedded_snowflake.objects.ml import datasets, lineage, models
from embedded_snowflake.objects.relations import (
    dynamic_tables,
    table_facts,
    tables,
    target_lags,
    views,
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
    "unloading",
    "variables",
    "views",
    "warehouses",
]
