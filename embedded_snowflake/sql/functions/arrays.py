"""Functions of ARRAYs, which are JSON here: each as a macro over the list of its elements.

DuckDB's lists have one type for all elements, so that `[1, 'a']` is an error and `[1, 2.5]` holds
1.0. Elements are compared by their JSON text. Add a function of arrays here; aggregates that make
arrays stand in `aggregates.py`.

Source: https://docs.snowflake.com/en/sql-reference/functions-semistructured (arrays).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from embedded_snowflake import errors
from embedded_snowflake.errors import UNSUPPORTED
from embedded_snowflake.inference.pool import FUNCTION_NAME
from embedded_snowflake.sql.building import invoke

# ARRAY_EXCEPT and ARRAY_INTERSECTION count how often an element comes, in both arrays.
_BEFORE = (
    "len(list_filter(list_slice(_es_array(x), 1, place), lambda one: one IS NOT DISTINCT FROM v))"
)
_OTHERS = "len(list_filter(_es_array(y), lambda one: one IS NOT DISTINCT FROM v))"
_IN_ORDER = (
    "list_transform(list_sort(list_transform(_es_values(_es_of_one_type(x)), "
    "lambda v: struct_pack(k := _es_variant_order(v), v := v))), lambda pair: pair.v)"
)
_NULLS = "list_filter(_es_array(x), lambda v: coalesce(json_type(v), 'NULL') = 'NULL')"

MACROS = {
    # 5.00 is 5, also as an element; as a JSON it would be 5.0, another text.
    "_es_element(v)": (
        "CASE WHEN json_type(v) = 'DOUBLE' AND regexp_matches(CAST(v AS VARCHAR), '^-?\\d+\\.0+$') "
        "THEN CAST(regexp_replace(CAST(v AS VARCHAR), '\\.0+$', '') AS JSON) ELSE v END"
    ),
    # What is looked for is a VARIANT; a text or a moment becomes none by itself.
    "_es_sought(item)": (
        "CASE WHEN _es_fails(typeof(item) SIMILAR TO 'VARCHAR|BLOB|DATE|TIME.*', "
        "'Invalid argument types of a function of arrays: ' || typeof(item) || ', cast it to VARIANT') "
        "THEN NULL ELSE _es_element(to_json(item)) END"
    ),
    # DuckDB's range by no step is an empty one.
    "_es_stepped(made, step)": (
        "CASE WHEN _es_fails(step = 0, 'The step of ARRAY_GENERATE_RANGE must not be 0') "
        "THEN NULL ELSE made END"
    ),
    "_es_array(x)": "list_transform(CAST(to_json(x) AS JSON[]), lambda v: _es_element(v))",
    "_es_values(x)": "list_filter(_es_array(x), lambda v: json_type(v) <> 'NULL')",
    # Which of a number and a text comes first, no page says.
    "_es_of_one_type(x)": (
        "CASE WHEN _es_fails(len(list_distinct(list_transform(_es_values(x), "
        "lambda v: CASE WHEN json_type(v) LIKE '%INT' "
        "THEN 'DOUBLE' ELSE json_type(v) END))) > 1, "
        f"'{UNSUPPORTED}an order of values of several types in an array') THEN NULL "
        "ELSE x END"
    ),
    "_es_to_array(x)": (
        "CASE coalesce(json_type(to_json(x)), 'NULL') WHEN 'NULL' THEN NULL "
        "WHEN 'ARRAY' THEN to_json(x) ELSE json_array(x) END"
    ),
    "_es_array_append(x, item)": (
        "CASE WHEN x IS NOT NULL "
        "THEN to_json(list_append(_es_array(x), coalesce(item, 'null'))) END"
    ),
    "_es_array_prepend(x, item)": (
        "CASE WHEN x IS NOT NULL "
        "THEN to_json(list_prepend(coalesce(item, 'null'), _es_array(x))) END"
    ),
    "_es_array_cat(x, y)": (
        "CASE WHEN x IS NOT NULL AND y IS NOT NULL "
        "THEN to_json(list_concat(_es_array(x), _es_array(y))) END"
    ),
    "_es_array_slice(x, first, past)": (
        "to_json(list_slice(_es_array(x), "
        "CASE WHEN first < 0 THEN greatest(len(_es_array(x)) + first, 0) ELSE first END + 1, "
        "CASE WHEN past < 0 THEN greatest(len(_es_array(x)) + past, 0) ELSE past END))"
    ),
    "_es_array_position(x, item)": (
        "CAST(nullif(list_position(_es_array(x), _es_sought(item)), 0) AS BIGINT) - 1"
    ),
    "_es_array_to_string(x, separator)": (
        # array_to_string takes a constant alone.
        "CASE WHEN separator IS NOT NULL THEN list_reduce(list_transform(_es_array(x)[2:], "
        "lambda one: coalesce(_es_text(one), '')), lambda made, one: concat(made, separator, one), "
        "coalesce(_es_text(_es_array(x)[1]), '')) END"
    ),
    # A NULL and JSON's null in an array are the same here.
    "_es_array_contains(x, item)": (
        "CASE WHEN _es_fails(json_type(coalesce(_es_sought(item), 'null')) = 'NULL' "
        "AND list_count(_es_array(x)) < len(_es_array(x)), "
        f"'{UNSUPPORTED}ARRAY_CONTAINS of NULL in an array that holds one') THEN NULL "
        "WHEN x IS NULL OR json_type(coalesce(_es_sought(item), 'null')) <> 'NULL' "
        "THEN list_contains(_es_array(x), _es_sought(item)) WHEN item IS NOT NULL THEN FALSE END"
    ),
    "_es_array_distinct(x)": (
        "to_json(list_filter(_es_array(x), lambda v, place: "
        "list_position(_es_array(x), v) = place))"
    ),
    "_es_array_except(x, y)": (
        f"CASE WHEN y IS NOT NULL THEN to_json(list_filter(_es_array(x), "
        f"lambda v, place: {_BEFORE} > {_OTHERS})) END"
    ),
    "_es_array_intersection(x, y)": (
        f"CASE WHEN y IS NOT NULL THEN to_json(list_filter(_es_array(x), "
        f"lambda v, place: {_BEFORE} <= {_OTHERS})) END"
    ),
    # Two NULLs are equal here; list_has_any leaves them out.
    "_es_arrays_overlap(x, y)": (
        "list_has_any(_es_array(x), _es_array(y)) OR (list_count(_es_array(x)) < "
        "len(_es_array(x)) AND list_count(_es_array(y)) < len(_es_array(y)))"
    ),
    "_es_array_reverse(x)": "to_json(list_reverse(_es_array(x)))",
    "_es_array_flatten(x)": (
        "CASE WHEN list_count(_es_array(x)) = len(_es_array(x)) "
        "THEN to_json(flatten(list_transform(_es_array(x), lambda v: CAST(v AS JSON[])))) END"
    ),
    "_es_array_compact(x)": "to_json(_es_values(x))",
    "_es_array_known(items)": "to_json(list_filter(CAST(items AS JSON[]), lambda v: v IS NOT NULL))",
    "_es_array_insert(x, place, item)": (
        "CASE WHEN _es_fails(place < 0 OR place > len(_es_array(x)), "
        f"'{UNSUPPORTED}ARRAY_INSERT before the beginning or behind the end') THEN NULL "
        "WHEN x IS NOT NULL AND place IS NOT NULL "
        "THEN to_json(list_concat(list_slice(_es_array(x), 1, place), "
        "[coalesce(item, 'null')], list_slice(_es_array(x), place + 1, len(_es_array(x))))) END"
    ),
    "_es_array_remove(x, item)": (
        "CASE WHEN item IS NOT NULL "
        "THEN to_json(list_filter(_es_array(x), lambda v: v IS DISTINCT FROM _es_sought(item))) END"
    ),
    "_es_array_remove_at(x, position)": (
        "CASE WHEN position IS NOT NULL THEN to_json(list_filter(_es_array(x), lambda v, place: "
        "place - 1 <> CASE WHEN position < 0 THEN len(_es_array(x)) + position ELSE position END)) END"
    ),
    # Two NULLs are one here: SQL's goes where it is told, JSON's is above all values.
    "_es_array_sort(x, up, first)": (
        "CASE WHEN _es_fails(up = first AND list_count(_es_values(x)) < len(_es_array(x)), "
        f"'{UNSUPPORTED}ARRAY_SORT of NULLs to the other end than JSON nulls') "
        # list_concat takes a NULL for an empty list.
        f"OR x IS NULL THEN NULL WHEN up THEN to_json(list_concat({_IN_ORDER}, {_NULLS})) "
        f"WHEN NOT up THEN to_json(list_concat({_NULLS}, list_reverse({_IN_ORDER}))) END"
    ),
    "_es_arrays_zip(made, most)": (
        f"CASE WHEN _es_fails(most = 0, '{UNSUPPORTED}ARRAYS_ZIP of empty arrays') "
        "THEN NULL ELSE to_json(made) END"
    ),
    "_es_arrays_to_object(names, items)": (
        "CASE WHEN _es_fails(len(names) <> len(items), "
        "'Key array and value array had unequal lengths in ARRAYS_TO_OBJECT') OR _es_fails("
        "len(list_filter(names, lambda one: coalesce(json_type(one), 'NULL') NOT IN ('VARCHAR', 'NULL'))) > 0, "
        "'Key supplied for ARRAYS_TO_OBJECT does not have string type') "
        "OR names IS NULL OR items IS NULL THEN NULL ELSE _es_parsed(_es_object("
        "list_transform(names, lambda one: one ->> '$'), items, true)) END"
    ),
    # Each value as often as it stands in the array that has it most often.
    "_es_array_union(lists)": (
        "to_json(list_reduce(list_transform(lists, lambda one: _es_values(one)), lambda made, new: "
        "list_concat(made, list_filter(new, lambda v, place: len(list_filter(new[1:place], "
        "lambda o: o = v)) > len(list_filter(made, lambda o: o = v)))), CAST([] AS JSON[])))"
    ),
    # MAX_BY's rows; no page says whether an array has those of NULL.
    "_es_of_rows(found)": (
        "CASE WHEN _es_fails(list_count(list_transform(found, lambda one: one[1])) < len(found), "
        f"'{UNSUPPORTED}MAX_BY or MIN_BY of several rows of which one is NULL') THEN NULL "
        "ELSE to_json(list_transform(found, lambda one: one[1])) END"
    ),
    "_es_array_min(x)": f"({_IN_ORDER})[1]",
    "_es_array_max(x)": f"({_IN_ORDER})[-1]",
}


def _macro(name: str, *parts: str) -> Callable[[Any], Any]:
    """What calls a macro with these parts of a function's node."""
    return lambda node: invoke(name, *(node.args[part] for part in parts))


def _with_value(name: str, *parts: str) -> Callable[[Any], Any]:
    """What calls a macro with these parts of a function's node, the last of which becomes a VARIANT."""
    *others, last = parts
    return lambda node: invoke(
        name, *(node.args[part] for part in others), invoke("_es_to_variant", node.args[last])
    )


def _constructed(node: Any) -> Any:
    """Not the list over which a lambda runs: its parameter has the elements' type; nor a model's."""
    parent = node.parent
    if isinstance(parent, (exp.ArrayFilter, exp.Transform, exp.Reduce)):
        return node
    if isinstance(parent, exp.Anonymous) and parent.name == FUNCTION_NAME:
        return node
    return invoke("json_array", *node.expressions)


def _with_lambda(node: Any) -> Any:
    """Of a column's array, the parameter would be a JSON, which compares and adds otherwise."""
    if not isinstance(node.this, exp.Array):
        if "told" not in node.meta:
            raise errors.unsupported(
                f"{node.sql_name()} of an array that is no literal by a lambda that does not cast its parameter"
            )
        node.set("this", invoke("_es_array", node.this))
    return node if isinstance(node, exp.Reduce) else _as_array(node)


def _as_array(node: Any) -> Any:
    """What DuckDB answers with a list."""
    return invoke("to_json", invoke("_es_array", node.copy()))


def _compactly(node: Any) -> Any:
    """Without NULLs; those of JSON stay."""
    items = [invoke("_es_to_variant", one) for one in node.expressions]
    return invoke("_es_array_known", invoke("list_value", *items))


def _concatenated(node: Any) -> Any:
    made = node.this
    for other in node.expressions:
        made = invoke("_es_array_cat", made, other)
    return made


def _sorted(node: Any) -> Any:
    up = node.args.get("asc") or exp.true()
    first = node.args.get("nulls_first") or exp.Not(this=exp.Paren(this=up.copy()))
    return invoke("_es_array_sort", node.this, up, first)


def _zipped(node: Any) -> Any:
    """Objects of the elements in the same places; where an array has no more, of NULLs."""
    arrays = node.expressions
    if len(arrays) > 9:
        raise errors.unsupported("ARRAYS_ZIP of more than 9 arrays")
    lists = [invoke("_es_array", one) for one in arrays]
    missing = exp.or_(*(exp.Is(this=one.copy(), expression=exp.Null()) for one in arrays))
    most = invoke("greatest", *(invoke("len", one) for one in lists))
    names = [exp.Literal.string(f"${place}") for place in range(1, len(arrays) + 1)]
    items = [exp.maybe_parse(f"{one.sql('duckdb')}[_es_i + 1]", dialect="duckdb") for one in lists]
    made = invoke(
        "_es_object", exp.Array(expressions=names), exp.Array(expressions=items), exp.true()
    )
    objects = exp.maybe_parse(
        f"list_transform(range({most.sql('duckdb')}), lambda _es_i: {made.sql('duckdb')})",
        dialect="duckdb",
    )
    zipped = invoke("_es_arrays_zip", objects, most)
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=zipped)


def _range(node: Any) -> Any:
    parts = [node.args[name] for name in ("start", "end", "step") if node.args.get(name)]
    made = invoke("to_json", invoke("range", *parts))
    return made if len(parts) < 3 else invoke("_es_stepped", made, parts[2].copy())


_BOTH = ("this", "expression")
NODES: dict[type[Any], Callable[[Any], Any]] = {
    exp.Array: _constructed,
    exp.ArrayConstructCompact: _compactly,
    **dict.fromkeys((exp.ArrayFilter, exp.Transform, exp.Reduce), _with_lambda),
    exp.ArrayConcat: _concatenated,
    exp.ToArray: _with_value("_es_to_array", "this"),
    exp.ArrayAppend: _with_value("_es_array_append", *_BOTH),
    exp.ArrayPrepend: _with_value("_es_array_prepend", *_BOTH),
    exp.ArraySlice: _macro("_es_array_slice", "this", "start", "end"),
    exp.ArrayContains: _macro("_es_array_contains", *_BOTH),
    exp.ArrayPosition: _macro("_es_array_position", *_BOTH),
    exp.ArrayToString: _macro("_es_array_to_string", *_BOTH),
    exp.ArrayDistinct: _macro("_es_array_distinct", "this"),
    exp.ArrayExcept: _macro("_es_array_except", *_BOTH),
    exp.ArrayIntersect: lambda node: invoke("_es_array_intersection", *node.expressions),
    exp.ArrayOverlaps: _macro("_es_arrays_overlap", *_BOTH),
    exp.ArrayReverse: _macro("_es_array_reverse", "this"),
    exp.Flatten: _macro("_es_array_flatten", "this"),
    exp.ArrayCompact: _macro("_es_array_compact", "this"),
    exp.ArrayInsert: _with_value("_es_array_insert", "this", "position", "expression"),
    exp.ArrayRemove: _macro("_es_array_remove", *_BOTH),
    exp.ArrayRemoveAt: _macro("_es_array_remove_at", "this", "position"),
    exp.SortArray: _sorted,
    exp.ArraysZip: _zipped,
    exp.ArrayMin: _macro("_es_array_min", "this"),
    exp.ArrayMax: _macro("_es_array_max", "this"),
    exp.GenerateSeries: _range,
    exp.StrtokToArray: _as_array,
}
