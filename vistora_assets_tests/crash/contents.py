"""Everything that a warehouse holds, in a form that two installations can be compared by.

Holds `contents`. Add what a refresh newly leaves. What must not go here: which differences are
allowed beyond `_OF_THE_RUN`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vistora_assets.assets.ml import training_data
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings

_OF_THE_RUN = frozenset(
    {
        "LOADED_AT",
        "PUBLISHED_AT",
        "DECIDED_AT",
        "CREATED_AT",
        "UPDATED_AT",
        "CHANGED_AT",
        "RUN_ID",
        "created_on",
    }
)
"""Columns that say when, or in which run, and so differ between undisturbed runs as well."""

_WITHOUT_TIMES = ("report.json", "model.joblib.json")
"""Files of a model whose content tells seconds or times; that they are there is compared."""


def contents(root: Path) -> dict[str, Any]:
    """Return every table's rows, views, stages' files with their MD5, Dataset and model."""
    settings = Settings.load({}, root)
    warehouse = Warehouse(settings)
    database = settings.objects.database
    found: dict[str, Any] = {}
    with warehouse.connection() as connection:

        def records(sql: str) -> list[dict[str, Any]]:
            cursor = connection.cursor()
            cursor.execute(sql)
            names = [str(column[0]) for column in cursor.description]
            return [
                {
                    name: value
                    for name, value in zip(names, row, strict=True)
                    if name not in _OF_THE_RUN
                }
                for row in cursor.fetchall()
            ]

        for row in records(f"SHOW TABLES IN DATABASE {database}"):
            name = f'"{row["schema_name"]}"."{row["name"]}"'
            found[f"table {name}"] = sorted(map(repr, records(f"SELECT * FROM {database}.{name}")))
        for row in records(f"SHOW VIEWS IN DATABASE {database}"):
            found[f"view {row['schema_name']}.{row['name']}"] = row["text"]
        for stage in ("RAW.LANDING", "ML.MODELS"):
            found[f"stage {stage}"] = [
                row["name"] if row["name"].endswith(_WITHOUT_TIMES) else (row["name"], row["md5"])
                for row in records(f"LIST @{database}.{stage}")
            ]
        schema = f"{database}.{settings.objects.ml}"
        found["training data"] = [
            {key: row[key] for key in ("version", "comment", "metadata")}
            for row in records(f"SHOW VERSIONS IN DATASET {schema}.{training_data.DATASET}")
        ]
        found["models"] = [
            {key: row[key] for key in ("name", "versions", "default_version_name", "aliases")}
            for row in records(f"SHOW MODELS IN SCHEMA {schema}")
        ]
        found["versions"] = [
            {
                **{key: row[key] for key in ("name", "aliases", "comment", "is_default_version")},
                "metrics": json.loads(row["metadata"]).get("metrics"),
            }
            for row in records(f"SHOW VERSIONS IN MODEL {schema}.{settings.objects.model}")
        ]
    return found
