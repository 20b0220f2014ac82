"""The partitions of a run as SQL conditions.

What it holds: `partitions_of` and `literal`. Add another kind of partitions definition here. What
must not go here: statements that write or read.

Source: dagster 1.13, `DbIOManager`: `partition_expr` is a text, or for several dimensions a
mapping from the dimension's name to a text; a window's start belongs to it, its end does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import dagster as dg

from vistora_assets.io_managers.publishing import Partition, PublishError


def literal(text: str) -> str:
    """Return a text as an SQL literal, for partition keys, which no cursor can bind in DDL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def partitions_of(context: dg.OutputContext | dg.InputContext) -> tuple[Partition, ...]:
    """Return the partitions of a run, in order, with the condition of each.

    Raises:
        PublishError: `partition_expr` is not in the metadata, or lacks a dimension.
    """
    if not context.has_asset_partitions:
        return ()
    origin = context if isinstance(context, dg.OutputContext) else context.upstream_output
    expression: object = (origin.definition_metadata if origin else {}).get("partition_expr")
    asset = context.asset_key.to_user_string()
    definition = context.asset_partitions_def
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return tuple(
            Partition(key, _several(definition, key, expression, asset))
            for key in context.asset_partition_keys
        )
    if not isinstance(expression, str):
        raise PublishError(
            f'{asset} is partitioned and has no text "partition_expr" in its metadata: name the '
            "column or expression that its partitions are of."
        )
    return tuple(
        Partition(key, _condition(definition, key, expression))
        for key in context.asset_partition_keys
    )


def _several(
    definition: dg.MultiPartitionsDefinition, key: str, expression: object, asset: str
) -> str:
    by_name = cast("Mapping[str, Any]", expression if isinstance(expression, Mapping) else {})
    keys = definition.get_partition_key_from_str(key).keys_by_dimension
    conditions: list[str] = []
    for dimension in definition.partitions_defs:
        found = by_name.get(dimension.name)
        if not isinstance(found, str):
            raise PublishError(
                f"{asset} has partitions of several dimensions and its metadata "
                f'"partition_expr" has no text for {dimension.name}: give a mapping from each '
                "dimension to the column or expression that it is of."
            )
        conditions.append(_condition(dimension.partitions_def, keys[dimension.name], found))
    return " AND ".join(conditions)


def _condition(definition: dg.PartitionsDefinition[Any], key: str, expression: str) -> str:
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        window = definition.time_window_for_partition_key(key)
        # Bare texts, as the stock manager writes them: they take the expression's own type, so
        # that times stored as texts are compared as texts.
        low, high = (f"'{moment:%Y-%m-%d %H:%M:%S}'" for moment in (window.start, window.end))
        return f"{expression} >= {low} AND {expression} < {high}"
    return f"{expression} = {literal(key)}"
