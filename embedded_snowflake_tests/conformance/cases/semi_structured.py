"""VARIANT, OBJECT, ARRAY, JSON, FLATTEN."""

from __future__ import annotations

import datetime
from decimal import Decimal

from embedded_snowflake_tests.conformance.case import Case, Error, Group, Json, fails, value

_F = "sql-reference/functions/"
_TYPES = "sql-reference/data-types-semistructured"
_QUERY = "user-guide/querying-semistructured"
_CAR = """PARSE_JSON('{"make": "Honda", "years": [2017, 2018], "dealer": {"City": "Oslo"}, "none": null}')"""
_DEEP = {"a": 1, "b": [77, None], "c": {"d": "X"}}

GROUP = Group(
    "Semi-structured data",
    "VARIANT, OBJECT and ARRAY, paths, FLATTEN and their functions.",
    (
        value(
            "ARRAY_COMPACT",
            "ARRAY_COMPACT(ARRAY_CONSTRUCT(1, NULL))",
            Json([1]),
            _F + "array_compact",
        ),
        value(
            "ARRAY_COMPACT as a VARIANT",
            "TO_VARIANT(ARRAY_COMPACT(ARRAY_CONSTRUCT(1, NULL)))",
            Json([1]),
            _F + "array_compact",
        ),
        value(
            "PARSE_JSON",
            "PARSE_JSON('[1, {\"a\": null}]')",
            Json([1, {"a": None}]),
            _F + "parse_json",
        ),
        Case(
            "OBJECT_DELETE of several keys, of one that is not there, of NULL",
            "SELECT OBJECT_DELETE(OBJECT_CONSTRUCT('a', 1, 'b', 2, 'c', 3), 'a', 'c'), "
            """OBJECT_DELETE(PARSE_JSON('{"a": null}'), 'x'), OBJECT_DELETE(NULL, 'a')""",
            _F + "object_delete",
            rows=[(Json({"b": 2}), Json({"a": None}), None)],
            types=["OBJECT", "OBJECT", "OBJECT"],
        ),
        Case(
            "OBJECT_PICK by keys and by an array of keys",
            "SELECT OBJECT_PICK(OBJECT_CONSTRUCT('a', 1, 'b', 2, 'c', 3), 'a', 'z'), "
            "OBJECT_PICK(OBJECT_CONSTRUCT('a', 1, 'b', 2), ARRAY_CONSTRUCT('a', 'b'))",
            _F + "object_pick",
            rows=[(Json({"a": 1}), Json({"a": 1, "b": 2}))],
        ),
        value(
            "OBJECT_PICK of a key that is NULL",
            "OBJECT_PICK(OBJECT_CONSTRUCT('a', 1), NULL)",
            None,
            _F + "object_pick",
            refused=Error(2, "0A000", "a key that is NULL"),
        ),
        Case(
            "GET_IGNORE_CASE",
            """SELECT GET_IGNORE_CASE(PARSE_JSON('{"aa": 1, "b": 2}'), 'AA'), """
            """GET_IGNORE_CASE(PARSE_JSON('{"a": 1}'), 'x'), GET_IGNORE_CASE(NULL, 'x')""",
            _F + "get_ignore_case",
            rows=[(Json(1), None, None)],
        ),
        Case(
            "TO_OBJECT of a VARIANT, of JSON's null, of NULL",
            """SELECT TO_OBJECT(PARSE_JSON('{"a": 1}')), TO_OBJECT(PARSE_JSON('null')), TO_OBJECT(NULL)""",
            _F + "to_object",
            rows=[(Json({"a": 1}), None, None)],
            types=["OBJECT", "OBJECT", "OBJECT"],
        ),
        Case(
            "ARRAYS_ZIP of other lengths, of NULL",
            "SELECT ARRAYS_ZIP(ARRAY_CONSTRUCT(1, 2), ARRAY_CONSTRUCT('a')), ARRAYS_ZIP(ARRAY_CONSTRUCT(1), NULL)",
            _F + "arrays_zip",
            rows=[(Json([{"$1": 1, "$2": "a"}, {"$1": 2, "$2": None}]), None)],
            types=["ARRAY", "ARRAY"],
        ),
        value(
            "ARRAYS_TO_OBJECT leaves a NULL key out and keeps a NULL value",
            "ARRAYS_TO_OBJECT(ARRAY_CONSTRUCT('a', NULL, 'c'), ARRAY_CONSTRUCT(1, 2, NULL))",
            Json({"a": 1, "c": None}),
            _F + "arrays_to_object",
        ),
        *(
            fails(
                f"ARRAYS_TO_OBJECT {name}",
                f"SELECT ARRAYS_TO_OBJECT({arrays})",
                Error(number, "22000", part),
                _F + "arrays_to_object",
            )
            for name, arrays, number, part in (
                (
                    "of other lengths",
                    "ARRAY_CONSTRUCT('a'), ARRAY_CONSTRUCT(1, 2)",
                    215001,
                    "lengths",
                ),
                ("of a number", "ARRAY_CONSTRUCT(1), ARRAY_CONSTRUCT(1)", 215002, "string type"),
            )
        ),
        value(
            "ARRAY_REMOVE of a column's element, whatever the column's name",
            "ARRAY_REMOVE(x, v[0]) FROM (SELECT ARRAY_CONSTRUCT(1, 2) AS x, ARRAY_CONSTRUCT(1) AS v)",
            Json([2]),
            _F + "array_remove",
        ),
        Case(
            "ARRAY_SORT downwards",
            "SELECT ARRAY_SORT(ARRAY_CONSTRUCT(3, 1, 20), FALSE), ARRAY_SORT(NULL, FALSE), "
            "ARRAY_SORT(ARRAY_CONSTRUCT(), FALSE)",
            _F + "array_sort",
            rows=[(Json([20, 3, 1]), None, Json([]))],
        ),
        value(
            "ARRAY_SORT of NULLs to the end of the largest",
            "ARRAY_SORT(ARRAY_CONSTRUCT(1, NULL, 2), FALSE, FALSE)[0]",
            Json(2),
            _F + "array_sort",
            refused=Error(2, "0A000", "ARRAY_SORT of NULLs"),
        ),
        Case(
            "STRTOK_TO_ARRAY by several delimiters, of NULL",
            "SELECT STRTOK_TO_ARRAY('user@snowflake.com', '.@'), STRTOK_TO_ARRAY(NULL, '.')",
            _F + "strtok_to_array",
            rows=[(Json(["user", "snowflake", "com"]), None)],
            types=["ARRAY", "ARRAY"],
        ),
        Case(
            "what a VARIANT holds, by its JSON",
            "SELECT IS_BOOLEAN(v), IS_CHAR(v), IS_INTEGER(v), IS_DECIMAL(v), IS_DOUBLE(v), IS_DATE(v), "
            "IS_BINARY(v), AS_ARRAY(v), AS_OBJECT(v) "
            """FROM (SELECT PARSE_JSON(column1) AS v, column2 AS n FROM VALUES ('1', 1), ('"a"', 2), """
            """('true', 3), ('null', 4), ('[1]', 5), ('{"a": 1}', 6), (NULL, 7)) ORDER BY n""",
            _F + "is",
            rows=[
                (False, False, True, True, True, False, False, None, None),
                (False, True, False, False, False, False, False, None, None),
                (True, False, False, False, False, False, False, None, None),
                (False, False, False, False, False, False, False, None, None),
                (False, False, False, False, False, False, False, Json([1]), None),
                (False, False, False, False, False, False, False, None, Json({"a": 1})),
                (None, None, None, None, None, None, None, None, None),
            ],
        ),
        Case(
            "what a value would be in a VARIANT, by its type",
            "SELECT IS_DATE(TO_VARIANT(d)), IS_TIMESTAMP_NTZ(d::VARIANT), IS_CHAR(TO_VARIANT(d)), "
            "IS_TIMESTAMP_NTZ(TO_VARIANT(t)), IS_TIMESTAMP_LTZ(TO_VARIANT(z)), "
            "IS_TIMESTAMP_TZ(TO_VARIANT(z)), AS_DATE(TO_VARIANT(d)), IS_DATE(TO_VARIANT(NULL::DATE)) "
            "FROM (SELECT '2020-01-01'::DATE AS d, '2020-01-01'::TIMESTAMP_NTZ AS t, "
            "'2020-01-01'::TIMESTAMP_LTZ AS z)",
            _F + "is_date-value",
            rows=[(True, False, False, True, True, False, datetime.date(2020, 1, 1), None)],
        ),
        value(
            "AS_DATE of what may be a text",
            "AS_DATE(v) FROM (SELECT '2020-01-01'::DATE::VARIANT AS v)",
            datetime.date(2020, 1, 1),
            _F + "as_date",
            refused=Error(2, "0A000", "may have been one"),
        ),
        value("PARSE_JSON of NULL", "PARSE_JSON(NULL)", None, _F + "parse_json"),
        value("a path", f"{_CAR}:make::VARCHAR", "Honda", _QUERY),
        value("a path without a cast is JSON", f"{_CAR}:make", Json("Honda"), _QUERY),
        value("a path by brackets", f"{_CAR}['make']::VARCHAR", "Honda", _QUERY),
        value("an element", f"{_CAR}:years[1]::INT", 2018, _QUERY),
        value("a path minds the case", f"{_CAR}:dealer.city", None, _QUERY),
        value("a nested path", f"{_CAR}:dealer.City::VARCHAR", "Oslo", _QUERY),
        value("what is not there is NULL", f"{_CAR}:wheels", None, _QUERY),
        value(
            "a JSON null is no NULL",
            f"{_CAR}:none IS NULL",
            False,
            "user-guide/semistructured-considerations",
        ),
        value("IS_NULL_VALUE", f"IS_NULL_VALUE({_CAR}:none)", True, _F + "is_null_value"),
        value(
            "a JSON null as text is NULL",
            f"{_CAR}:none::VARCHAR",
            None,
            "user-guide/semistructured-considerations",
        ),
        value(
            "brackets after brackets",
            "v[0]['x'] FROM (SELECT PARSE_JSON('[{\"x\": 1}, {\"x\": 2}]') AS v)",
            Json(1),
            _QUERY,
        ),
        value("a key after a bracket", f"{_CAR}['dealer'].City::VARCHAR", "Oslo", _QUERY),
        value("an element after a bracket", f"{_CAR}['years'][1]::INT", 2018, _QUERY),
        value(
            "brackets around a column",
            "v[i]['a b']::INT FROM (SELECT PARSE_JSON('[1, {\"a b\": 2}]') AS v, 1 AS i)",
            2,
            _QUERY,
        ),
        value(
            "brackets around a key of a column",
            "v[k]::INT FROM (SELECT PARSE_JSON('{\"a\": 1, \"*\": 2}') AS v, '*' AS k)",
            2,
            _QUERY,
        ),
        value("an element of a literal's elements", "ARRAY_CONSTRUCT('a', 1)[1]::INT", 1, _TYPES),
        value("an element before the first", f"{_CAR}:years[-1]", None, _F + "get"),
        value("GET before the first", "GET(PARSE_JSON('[1, 2]'), -1)", None, _F + "get"),
        value("GET", f"GET({_CAR}, 'make')::VARCHAR", "Honda", _F + "get"),
        value("GET_PATH", f"GET_PATH({_CAR}, 'dealer.City')::VARCHAR", "Oslo", _F + "get_path"),
        value("TYPEOF of a text", "TYPEOF(PARSE_JSON('\"a\"'))", "VARCHAR", _F + "typeof"),
        value("TYPEOF of an integer", "TYPEOF(PARSE_JSON('1'))", "INTEGER", _F + "typeof"),
        value("TYPEOF of an array", "TYPEOF(PARSE_JSON('[1]'))", "ARRAY", _F + "typeof"),
        value("TYPEOF of a JSON null", "TYPEOF(PARSE_JSON('null'))", "NULL_VALUE", _F + "typeof"),
        value("IS_ARRAY", "IS_ARRAY(PARSE_JSON('[1]'))", True, _F + "is_array"),
        value("IS_OBJECT", "IS_OBJECT(PARSE_JSON('{}'))", True, _F + "is_object"),
        value(
            "AS_INTEGER of a text is NULL",
            "AS_INTEGER(PARSE_JSON('\"a\"'))",
            None,
            _F + "as_integer",
        ),
        value(
            "OBJECT_CONSTRUCT leaves NULLs out",
            "OBJECT_CONSTRUCT('a', 1, 'b', NULL)",
            Json({"a": 1}),
            _F + "object_construct",
        ),
        value(
            "OBJECT_CONSTRUCT_KEEP_NULL",
            "OBJECT_CONSTRUCT_KEEP_NULL('a', 1, 'b', NULL)",
            Json({"a": 1, "b": None}),
            _F + "object_construct_keep_null",
        ),
        Case(
            "OBJECT_CONSTRUCT in a view, and by its alias",
            (
                "CREATE TABLE constructed (k VARCHAR, n INT)",
                "INSERT INTO constructed VALUES ('a', 1), ('b', NULL), (NULL, 3)",
                "CREATE VIEW constructing AS SELECT OBJECT_CONSTRUCT('k', k, 'n', n) AS o, "
                "o:n AS n, OBJECT_CONSTRUCT(k, n, 'x', 'it''s \"x\"') AS by_key, "
                "OBJECT_CONSTRUCT_KEEP_NULL('n', n) AS kept FROM constructed",
                "SELECT * FROM constructing",
            ),
            _F + "object_construct",
            rows=[
                (Json({"k": "a", "n": 1}), "1", Json({"a": 1, "x": 'it\'s "x"'}), Json({"n": 1})),
                (Json({"k": "b"}), None, Json({"x": 'it\'s "x"'}), Json({"n": None})),
                (Json({"n": 3}), "3", Json({"x": 'it\'s "x"'}), Json({"n": 3})),
            ],
            unordered=True,
        ),
        Case(
            "OBJECT_CONSTRUCT(*)",
            "SELECT OBJECT_CONSTRUCT(*) FROM (SELECT 1 AS a, 'x' AS b)",
            _F + "object_construct",
            rows=[(Json({"A": 1, "B": "x"}),)],
        ),
        value("an object literal", "{'a': 1, 'b': 'x'}", Json({"a": 1, "b": "x"}), _TYPES),
        value(
            "OBJECT_KEYS",
            "OBJECT_KEYS(PARSE_JSON('{\"a\": 2}'))",
            Json(["a"]),
            _F + "object_keys",
        ),
        value(
            "OBJECT_INSERT",
            "OBJECT_INSERT(OBJECT_CONSTRUCT('a', 1), 'b', 2)",
            Json({"a": 1, "b": 2}),
            _F + "object_insert",
        ),
        value(
            "OBJECT_INSERT of a JSON null",
            "OBJECT_INSERT(OBJECT_CONSTRUCT('a', 1), 'b', PARSE_JSON('null'))",
            Json({"a": 1, "b": None}),
            _F + "object_insert",
        ),
        value(
            "OBJECT_CONSTRUCT in another leaves NULLs out",
            "OBJECT_CONSTRUCT('o', OBJECT_CONSTRUCT('x', NULL))",
            Json({"o": {}}),
            _F + "object_construct",
        ),
        value(
            "an array of several types in an object",
            "OBJECT_CONSTRUCT('a', ARRAY_CONSTRUCT(1, 'x'))",
            Json({"a": [1, "x"]}),
            _F + "object_construct",
        ),
        value(
            "OBJECT_AGG of no rows",
            "OBJECT_AGG(k, v) FROM (SELECT 'a' AS k, 1 AS v WHERE FALSE)",
            Json({}),
            _F + "object_agg",
        ),
        value(
            "objects are equal whatever the order of their keys",
            'PARSE_JSON(\'{"b": 1, "a": 2}\') = PARSE_JSON(\'{"a": 2, "b": 1}\')',
            True,
            _TYPES,
        ),
        value(
            "objects in arrays and objects are equal whatever the order of their keys",
            "COUNT(DISTINCT PARSE_JSON(column1)) FROM VALUES "
            '(\'[{"b": {"y": 1, "x": 2}, "a": 2}]\'), (\'[{"a": 2, "b": {"x": 2, "y": 1}}]\')',
            1,
            _TYPES,
        ),
        value(
            "an object as text has its keys in order",
            "OBJECT_INSERT(OBJECT_CONSTRUCT('b', 1), 'a', 2)::VARCHAR",
            '{"a":2,"b":1}',
            _TYPES,
        ),
        value(
            "an escape is the character that it stands for",
            "PARSE_JSON('[\"\\\\u00e9\"]') = ARRAY_CONSTRUCT('é')",
            True,
            _F + "parse_json",
        ),
        value(
            "how clients get an object",
            "OBJECT_CONSTRUCT('b', ARRAY_CONSTRUCT(1, 'x'), 'a', OBJECT_CONSTRUCT(), 'c', [])",
            '{\n  "a": {},\n  "b": [\n    1,\n    "x"\n  ],\n  "c": []\n}',
            _F + "object_construct",
        ),
        fails(
            "PARSE_JSON of a key that comes twice",
            'SELECT PARSE_JSON(\'{"a": 1, "a": 2}\')',
            Error(100069, "22P02", "duplicate object attribute"),
            _F + "parse_json",
        ),
        value(
            "TRY_PARSE_JSON of a key that comes twice",
            'TRY_PARSE_JSON(\'{"a": 1, "a": 2}\')',
            None,
            _F + "try_parse_json",
        ),
        Case(
            # As Snowpark's reference of check_json has it.
            "a JSON with texts in single quotes",
            """SELECT PARSE_JSON($${'a': "it's", 'b': 'say "x"'}$$), """
            """TRY_PARSE_JSON($$['x\\'y']$$)[0]::VARCHAR, TRY_PARSE_JSON($${'a':}$$), """
            """TRY_PARSE_JSON('it''s')""",
            _F + "parse_json",
            rows=[(Json({"a": "it's", "b": 'say "x"'}), "x'y", None, None)],
        ),
        Case(
            "CHECK_JSON is NULL of a JSON",
            "SELECT CHECK_JSON($${'a': 1}$$), CHECK_JSON(''), CHECK_JSON(NULL), "
            "CHECK_JSON('{') IS NULL, CHECK_JSON('{\"a\": 1}')",
            _F + "check_json",
            rows=[(None, None, None, False, None)],
        ),
        value(
            "a comma behind the last element of a JSON",
            "ARRAY_SIZE(PARSE_JSON('[-1, 12, 289, 2188, false,]'))",
            6,
            _F + "parse_json",
        ),
        Case(
            # As Snowpark's reference of get has it.
            "a whole number in a JSON is an integer",
            """SELECT PARSE_JSON('{"a": 1.0, "b": 1.50}'), TYPEOF(PARSE_JSON('2.0')), """
            "PARSE_JSON('1.0')::VARCHAR, PARSE_JSON('1.0') = PARSE_JSON('1')",
            _F + "get",
            rows=[('{\n  "a": 1,\n  "b": 1.5\n}', "INTEGER", "1", True)],
        ),
        value(
            "a number of more than 17 digits, tried",
            "TRY_PARSE_JSON('[1234567890.12345678901]')[0]::NUMBER(38, 11)",
            Decimal("1234567890.12345678901"),
            _F + "try_parse_json",
            refused=Error(2, "0A000", "more than 17 digits"),
        ),
        value(
            "a number of more than 17 digits in a VARIANT",
            "PARSE_JSON('1234567890.12345678901')::NUMBER(38, 11)",
            Decimal("1234567890.12345678901"),
            _F + "parse_json",
            refused=Error(2, "0A000", "more than 17 digits"),
        ),
        value(
            "a TIMESTAMP that becomes a VARIANT is the text of TO_VARCHAR",
            "'2024-01-05 10:00:00'::TIMESTAMP_NTZ::VARIANT::VARCHAR",
            "2024-01-05 10:00:00.000",
            _F + "to_variant",
        ),
        Case(
            "PARSE_JSON of a blank text is NULL",
            "SELECT PARSE_JSON(''), PARSE_JSON(s), TRY_PARSE_JSON(s) FROM (SELECT ' ' AS s)",
            _F + "parse_json",
            rows=[(None, None, None)],
        ),
        value(
            "a number with an exponent as text",
            "PARSE_JSON('1e3')::VARCHAR",
            "1000",
            _F + "to_char",
        ),
        Case(
            "TYPEOF of what is made a VARIANT",
            "SELECT TYPEOF('2024-01-05'::DATE::VARIANT), TYPEOF(TO_VARIANT('2024-01-05'::TIMESTAMP)), "
            "TYPEOF(1.5::FLOAT::VARIANT), TYPEOF(ARRAY_CONSTRUCT(1)), TYPEOF(NULL)",
            _F + "typeof",
            rows=[("DATE", "TIMESTAMP_NTZ", "DOUBLE", "ARRAY", None)],
        ),
        value(
            "TYPEOF of a date that a VARIANT holds",
            "TYPEOF(v) FROM (SELECT '2024-01-05'::DATE::VARIANT AS v)",
            "DATE",
            _F + "typeof",
            refused=Error(2, "0A000", "the type of a text in the form of a date"),
        ),
        value("AS_INTEGER of a number", "AS_INTEGER(1.2345::VARIANT)", 1, _F + "as_integer"),
        value("AS_DOUBLE of an integer", "AS_DOUBLE(PARSE_JSON('30'))", 30.0, _F + "as_double"),
        Case(
            "TO_ARRAY",
            "SELECT TO_ARRAY(PARSE_JSON('[1]')), TO_ARRAY('a'), TO_ARRAY(NULL)",
            _F + "to_array",
            rows=[(Json([1]), Json(["a"]), None)],
        ),
        value(
            "ARRAY_SLICE to before the first",
            "ARRAY_SLICE(ARRAY_CONSTRUCT(0, 1, 2), 0, -5)",
            Json([]),
            _F + "array_slice",
        ),
        value(
            "OBJECT_DELETE",
            "OBJECT_DELETE(OBJECT_CONSTRUCT('a', 1, 'b', 2), 'a')",
            Json({"b": 2}),
            _F + "object_delete",
        ),
        value(
            "ARRAY_CONSTRUCT keeps NULLs",
            "ARRAY_CONSTRUCT(1, NULL, 'a')",
            Json([1, None, "a"]),
            _F + "array_construct",
        ),
        value("an array literal", "[1, 2]", Json([1, 2]), _TYPES),
        value("ARRAY_SIZE", "ARRAY_SIZE(PARSE_JSON('[1, 2, 3]'))", 3, _F + "array_size"),
        value(
            "ARRAY_SIZE of no array is NULL",
            "ARRAY_SIZE(PARSE_JSON('{}'))",
            None,
            _F + "array_size",
        ),
        value(
            "ARRAY_CONTAINS wants a VARIANT",
            "ARRAY_CONTAINS('b'::VARIANT, ARRAY_CONSTRUCT('a', 'b'))",
            True,
            _F + "array_contains",
        ),
        value(
            "ARRAY_POSITION counts from zero",
            "ARRAY_POSITION('b'::VARIANT, ARRAY_CONSTRUCT('a', 'b'))",
            1,
            _F + "array_position",
        ),
        value(
            "ARRAY_APPEND",
            "ARRAY_APPEND(ARRAY_CONSTRUCT(1, 2), 3)",
            Json([1, 2, 3]),
            _F + "array_append",
        ),
        value(
            "ARRAY_CAT",
            "ARRAY_CAT(ARRAY_CONSTRUCT(1), ARRAY_CONSTRUCT(2))",
            Json([1, 2]),
            _F + "array_cat",
        ),
        value(
            "ARRAY_SLICE leaves its end out",
            "ARRAY_SLICE(ARRAY_CONSTRUCT(0, 1, 2, 3), 1, 3)",
            Json([1, 2]),
            _F + "array_slice",
        ),
        value(
            "ARRAY_TO_STRING",
            "ARRAY_TO_STRING(ARRAY_CONSTRUCT('a', 'b'), '-')",
            "a-b",
            _F + "array_to_string",
        ),
        value(
            "ARRAY_DISTINCT",
            "ARRAY_SIZE(ARRAY_DISTINCT(ARRAY_CONSTRUCT(1, 1, 2)))",
            2,
            _F + "array_distinct",
        ),
        value(
            "ARRAY_SORT",
            "ARRAY_SORT(ARRAY_CONSTRUCT(3, 1, 2))",
            Json([1, 2, 3]),
            _F + "array_sort",
        ),
        value(
            "ARRAY_TO_STRING of values of several types",
            "ARRAY_TO_STRING(ARRAY_CONSTRUCT(1, 'a', NULL, 2.5, TRUE), ',')",
            "1,a,,2.5,true",
            _F + "array_to_string",
        ),
        value(
            "ARRAY_TO_STRING of an aggregate",
            "ARRAY_TO_STRING(ARRAY_AGG(column1) WITHIN GROUP (ORDER BY column1), '|') FROM VALUES ('y'), ('x')",
            "x|y",
            _F + "array_to_string",
        ),
        value(
            "FLATTEN of values of several types",
            "LISTAGG(value::VARCHAR, ' ') WITHIN GROUP (ORDER BY index) FROM TABLE(FLATTEN(INPUT => [1, 'a', 2.5]))",
            "1 a 2.5",
            _F + "flatten",
        ),
        value(
            "ARRAY_INTERSECTION counts",
            "ARRAY_INTERSECTION(ARRAY_CONSTRUCT('A', 'B', 'B', 'B', 'C'), ARRAY_CONSTRUCT('B', 'B'))",
            Json(["B", "B"]),
            _F + "array_intersection",
        ),
        value(
            "ARRAY_EXCEPT counts",
            "ARRAY_EXCEPT(ARRAY_CONSTRUCT('A', 'B', 'B', 'B', 'C'), ARRAY_CONSTRUCT('B'))",
            Json(["A", "B", "B", "C"]),
            _F + "array_except",
        ),
        value(
            "ARRAY_REMOVE_AT from the end",
            "ARRAY_REMOVE_AT(ARRAY_CONSTRUCT(2, 5, 7), -1)",
            Json([2, 5]),
            _F + "array_remove_at",
        ),
        value(
            "ARRAY_INSERT",
            "ARRAY_INSERT(ARRAY_CONSTRUCT(0, 1, 2, 3), 2, 'hello')",
            Json([0, 1, "hello", 2, 3]),
            _F + "array_insert",
        ),
        value(
            "ARRAY_FLATTEN",
            "ARRAY_FLATTEN([[[1, 2], [3]], [[4], [5]]])",
            Json([[1, 2], [3], [4], [5]]),
            _F + "array_flatten",
        ),
        value(
            "ARRAY_PREPEND of another type",
            "ARRAY_PREPEND(ARRAY_CONSTRUCT('a', 'b'), 0)",
            Json([0, "a", "b"]),
            _F + "array_prepend",
        ),
        value(
            "ARRAY_MAX leaves out NULLs",
            "ARRAY_MAX([20, 0, NULL, 10])::INT",
            20,
            _F + "array_max",
        ),
        fails(
            "ARRAY_GENERATE_RANGE by no step",
            "SELECT ARRAY_GENERATE_RANGE(1, 5, 0)",
            Error(None, None, "step"),
            _F + "array_generate_range",
        ),
        Case(
            "elements that are NULL, and arrays that are",
            "SELECT ARRAYS_OVERLAP([1, NULL], [NULL, 2]), ARRAYS_OVERLAP([NULL], [1]), "
            "ARRAY_FLATTEN([[1], NULL, [2]]), ARRAY_FLATTEN([[1], [NULL]]), "
            "ARRAY_INSERT([1], k, 2), ARRAY_SORT(a) FROM (SELECT NULL::INT AS k, NULL::ARRAY AS a)",
            _F + "arrays_overlap",
            rows=[(True, False, None, Json([1, None]), None, None)],
        ),
        Case(
            "a whole NUMBER in a VARIANT has no digits behind the point",
            "SELECT COUNT(DISTINCT v), ARRAY_CONSTRUCT(5.00, 2.50) = ARRAY_CONSTRUCT(5, 2.5), "
            "OBJECT_CONSTRUCT('a', 5.00) = OBJECT_CONSTRUCT('a', 5) "
            "FROM (SELECT 5.00::VARIANT AS v UNION ALL SELECT 5::VARIANT)",
            "sql-reference/data-types-semistructured",
            rows=[(1, True, True)],
        ),
        Case(
            "numbers in arrays are compared by their value",
            "SELECT ARRAY_REMOVE([1, 5, 5.00, '5', 5], 5), ARRAY_CONTAINS(5::VARIANT, [5.00]), "
            "ARRAY_POSITION(5.0::VARIANT, [4, 5]), ARRAYS_OVERLAP([1], [1.0]), ARRAY_DISTINCT([1, 1.0])",
            _F + "array_remove",
            rows=[(Json([1, "5"]), True, 1, True, Json([1]))],
        ),
        Case(
            "NULLs in arrays",
            "SELECT ARRAY_SORT([2, NULL, 1]), ARRAY_EXCEPT([1, NULL, NULL], [NULL]), "
            "ARRAY_INTERSECTION([1, NULL, NULL], [NULL, 2]), ARRAY_REMOVE([1, NULL, 2], 1), "
            "ARRAY_DISTINCT([NULL, 1, NULL]), ARRAY_APPEND([1], NULL)",
            "sql-reference/functions-semistructured",
            rows=[
                (
                    Json([1, 2, None]),
                    Json([1, None]),
                    Json([None]),
                    Json([None, 2]),
                    Json([None, 1]),
                    Json([1, None]),
                )
            ],
        ),
        value(
            "ARRAY_CAT with NULL",
            "ARRAY_CAT([1], NULL)",
            None,
            _F + "array_cat",
        ),
        value(
            "FILTER of a column's array",
            "FILTER(a, x -> x > 1) FROM (SELECT [1, 2] AS a)",
            Json([2]),
            _F + "filter",
            refused=Error(2, "0A000", "FILTER of an array that is no literal"),
        ),
        value(
            "ARRAYS_OVERLAP",
            "ARRAYS_OVERLAP(ARRAY_CONSTRUCT(1, 2), ARRAY_CONSTRUCT(2, 3))",
            True,
            _F + "arrays_overlap",
        ),
        value(
            "ARRAY_GENERATE_RANGE",
            "ARRAY_GENERATE_RANGE(2, 5)",
            Json([2, 3, 4]),
            _F + "array_generate_range",
        ),
        value("ARRAY_MAX", "ARRAY_MAX(ARRAY_CONSTRUCT(1, 5, 2))::INT", 5, _F + "array_max"),
        value("TO_JSON", "TO_JSON(PARSE_JSON('{\"a\":1}'))", '{"a":1}', _F + "to_json"),
        value("a VARIANT as a number", "PARSE_JSON('12.5')::NUMBER(10,1)::VARCHAR", "12.5", _QUERY),
        value(
            "a VARIANT column as text has no quotes",
            "v::VARCHAR FROM (SELECT PARSE_JSON('\"x\"') AS v)",
            "x",
            _QUERY,
        ),
        value(
            "a VARIANT compared with a text",
            "v = 'x' FROM (SELECT PARSE_JSON('\"x\"') AS v)",
            True,
            _QUERY,
        ),
        Case(
            "FLATTEN of an array",
            f"SELECT f.index, f.value::INT FROM LATERAL FLATTEN(INPUT => {_CAR}:years) f ORDER BY f.index",
            _F + "flatten",
            rows=[(0, 2017), (1, 2018)],
        ),
        Case(
            "FLATTEN with the defaults of its options",
            f"SELECT f.path FROM LATERAL FLATTEN(INPUT => {_CAR}:years, PATH => '', OUTER => FALSE, "
            "RECURSIVE => FALSE, MODE => 'BOTH') f ORDER BY 1",
            _F + "flatten",
            rows=[("[0]",), ("[1]",)],
        ),
        Case(
            "FLATTEN's columns",
            "SELECT * FROM TABLE(FLATTEN(INPUT => PARSE_JSON('[7]')))",
            _F + "flatten",
            columns=["SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"],
        ),
        Case(
            "FLATTEN of an object",
            'SELECT key, value::INT FROM TABLE(FLATTEN(INPUT => PARSE_JSON(\'{"a": 1, "b": 2}\'))) ORDER BY key',
            _F + "flatten",
            rows=[("a", 1), ("b", 2)],
        ),
        Case(
            "FLATTEN beside a table",
            'SELECT t.id, f.value::VARCHAR FROM (SELECT 1 AS id, PARSE_JSON(\'["x", "y"]\') AS a) t, LATERAL FLATTEN(INPUT => t.a) f ORDER BY f.index',
            _F + "flatten",
            rows=[(1, "x"), (1, "y")],
        ),
        Case(
            "FLATTEN of nothing leaves the row out",
            "SELECT COUNT(*) FROM (SELECT 1 AS id, PARSE_JSON('[]') AS a) t, LATERAL FLATTEN(INPUT => t.a) f",
            _F + "flatten",
            rows=[(0,)],
        ),
        Case(
            "FLATTEN OUTER keeps it",
            "SELECT t.id, f.value FROM (SELECT 1 AS id, PARSE_JSON('[]') AS a) t, LATERAL FLATTEN(INPUT => t.a, OUTER => TRUE) f",
            _F + "flatten",
            rows=[(1, None)],
        ),
        Case(
            "FLATTEN keeps the order of elements",
            (
                "CREATE TABLE t (s VARCHAR)",
                "INSERT INTO t VALUES ('c,a,b'), ('e,d')",
                "SELECT f.value::VARCHAR FROM t, LATERAL FLATTEN(INPUT => SPLIT(t.s, ',')) f",
            ),
            _F + "flatten",
            rows=[("c",), ("a",), ("b",), ("e",), ("d",)],
        ),
        Case(
            "FLATTEN keeps JSON nulls",
            "SELECT value IS NULL, value FROM TABLE(FLATTEN(PARSE_JSON('[null, 1]')))",
            _F + "flatten",
            rows=[(False, Json(None)), (False, Json(1))],
        ),
        Case(
            "FLATTEN's path of a key with a space",
            "SELECT path FROM TABLE(FLATTEN(PARSE_JSON('{\"a b\": 1}')))",
            _F + "flatten",
            rows=[("['a b']",)],
        ),
        Case(
            "FLATTEN's SEQ beside a table",
            "SELECT COUNT(*), COUNT(DISTINCT f.seq), COUNT(DISTINCT f.seq || f.index) "
            "FROM (SELECT column1 AS s FROM VALUES ('a,b'), ('a,b'), ('c')) t, "
            "LATERAL FLATTEN(INPUT => SPLIT(t.s, ',')) f",
            _F + "flatten",
            rows=[(5, 3, 5)],
        ),
        Case(
            "FLATTEN's SEQ in another FLATTEN",
            "SELECT COUNT(*), COUNT(DISTINCT g.seq) FROM "
            "(SELECT PARSE_JSON(column1) AS v FROM VALUES ('[[1, 2], [1, 2]]'), ('[[1, 2]]')) t, "
            "LATERAL FLATTEN(INPUT => t.v) f, LATERAL FLATTEN(INPUT => f.value) g",
            _F + "flatten",
            rows=[(6, 3)],
        ),
        Case(
            "FLATTEN's SEQ under a star",
            "SELECT COUNT(DISTINCT seq) FROM (SELECT f.* FROM "
            "(SELECT column1 AS s FROM VALUES ('a'), ('b')) t, "
            "LATERAL FLATTEN(INPUT => SPLIT(t.s, ',')) f)",
            _F + "flatten",
            rows=[(2,)],
        ),
        Case(
            "FLATTEN of a path",
            f"SELECT COUNT(*) FROM TABLE(FLATTEN(INPUT => {_CAR}, PATH => 'years'))",
            _F + "flatten",
            rows=[(2,)],
        ),
        Case(
            "SPLIT_TO_TABLE",
            "SELECT index, value FROM TABLE(SPLIT_TO_TABLE('a.b', '.')) ORDER BY index",
            _F + "split_to_table",
            rows=[(1, "a"), (2, "b")],
        ),
        Case(
            "SPLIT_TO_TABLE beside a table",
            "SELECT t.a, s.index, s.value || '!' FROM (SELECT 'x y' AS a UNION ALL SELECT 'z') t, "
            "LATERAL SPLIT_TO_TABLE(t.a, ' ') s ORDER BY 1, 2",
            _F + "split_to_table",
            rows=[("x y", 1, "x!"), ("x y", 2, "y!"), ("z", 1, "z!")],
        ),
        Case(
            "a table function with OVER ()",
            "SELECT index, value FROM TABLE(SPLIT_TO_TABLE('x y', ' ') OVER ()) ORDER BY 1",
            "sql-reference/functions-table",
            rows=[(1, "x"), (2, "y")],
        ),
        Case(
            "FILTER and TRANSFORM of a column's array, by casts of the parameter",
            "SELECT FILTER(a, x -> x:p::INT > k), TRANSFORM(a, x -> x:p::INT * 2), "
            "FILTER(b, x -> NOT IS_NULL_VALUE(x)), FILTER(NULL::ARRAY, x -> x::INT > 1) "
            """FROM (SELECT PARSE_JSON('[{"p": 1}, {"p": 5}]')::ARRAY AS a, 2 AS k, """
            "ARRAY_CONSTRUCT(1, NULL) AS b)",
            _F + "filter",
            rows=[(Json([{"p": 5}]), Json([2, 10]), Json([1]), None)],
            types=["ARRAY", "ARRAY", "ARRAY", "ARRAY"],
        ),
        Case(
            "FLATTEN of every depth",
            """SELECT key, path, index, value, this FROM TABLE(FLATTEN(INPUT => """
            """PARSE_JSON('{"a": 1, "b": [77, null], "c": {"d": "X"}}'), RECURSIVE => TRUE))""",
            _F + "flatten",
            rows=[
                ("a", "a", None, Json(1), Json(_DEEP)),
                ("b", "b", None, Json([77, None]), Json(_DEEP)),
                (None, "b[0]", 0, Json(77), Json([77, None])),
                (None, "b[1]", 1, Json(None), Json([77, None])),
                ("c", "c", None, Json({"d": "X"}), Json(_DEEP)),
                ("d", "c.d", None, Json("X"), Json({"d": "X"})),
            ],
        ),
        Case(
            "FLATTEN of objects alone",
            """SELECT path FROM TABLE(FLATTEN(INPUT => PARSE_JSON('{"b": [77], "c": {"x y": 1}}'), """
            "RECURSIVE => TRUE, MODE => 'OBJECT'))",
            _F + "flatten",
            rows=[("b",), ("c",), ("c['x y']",)],
        ),
        Case(
            "FLATTEN of arrays alone keeps an object's row, where it is OUTER",
            "SELECT t.i, f.path, f.value FROM (SELECT column1 AS i, PARSE_JSON(column2) AS v FROM VALUES "
            """(1, '[5]'), (2, '{"a": 1}'), (3, NULL)) t, LATERAL FLATTEN(INPUT => t.v, """
            "MODE => 'ARRAY', OUTER => TRUE) f ORDER BY 1",
            _F + "flatten",
            rows=[(1, "[0]", Json(5)), (2, "", None), (3, "", None)],
        ),
        Case(
            "a table function with OVER",
            "SELECT s.value FROM (SELECT 'x' AS a) t, "
            "TABLE(SPLIT_TO_TABLE(t.a, ' ') OVER (PARTITION BY t.a)) s",
            "sql-reference/functions-table",
            rows=[("x",)],
            refused=Error(2, "0A000", "OVER"),
        ),
        Case(
            "ARRAY_TO_STRING by a column",
            "SELECT ARRAY_TO_STRING(['a', 1, 'b'], d), ARRAY_TO_STRING([], d), "
            "ARRAY_TO_STRING(NULL, d), ARRAY_TO_STRING(['a', 'b'], NULL) FROM (SELECT '-' AS d)",
            _F + "array_to_string",
            rows=[("a-1-b", "", None, None)],
        ),
        Case(
            "a VARIANT column",
            (
                "CREATE TABLE t (v VARIANT)",
                "INSERT INTO t SELECT PARSE_JSON('{\"a\": [1]}')",
                "SELECT v:a[0]::INT, v FROM t",
            ),
            _TYPES,
            rows=[(1, Json({"a": [1]}))],
            types=["FIXED", "VARIANT"],
        ),
        Case(
            "OBJECT and ARRAY columns keep their names",
            ("CREATE TABLE t (o OBJECT, a ARRAY, v VARIANT)", "DESC TABLE t"),
            _TYPES,
            only=("name", "type"),
            rows=[("O", "OBJECT"), ("A", "ARRAY"), ("V", "VARIANT")],
        ),
        Case(
            "OBJECT and ARRAY go where their columns go",
            (
                "CREATE TABLE s (o OBJECT, a ARRAY)",
                "CREATE TABLE t CLONE s",
                "ALTER TABLE t RENAME COLUMN a TO b",
                "ALTER TABLE t DROP COLUMN o",
                "ALTER TABLE t ADD COLUMN o VARIANT",
                "ALTER TABLE t ADD COLUMN a ARRAY",
                "SELECT column_name, data_type FROM INFORMATION_SCHEMA.COLUMNS "
                "WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'T' "
                "ORDER BY ordinal_position",
            ),
            "sql-reference/info-schema/columns",
            rows=[("B", "ARRAY"), ("O", "VARIANT"), ("A", "ARRAY")],
        ),
        Case(
            "an ARRAY of a query",
            ("CREATE TABLE t AS SELECT ARRAY_CONSTRUCT(1) AS a", "DESC TABLE t"),
            _TYPES,
            only=("name", "type"),
            rows=[("A", "ARRAY")],
        ),
        Case(
            "the types of a temporary table",
            (
                "CREATE TEMPORARY TABLE t (a ARRAY, s VARCHAR(5), z TIMESTAMP_TZ)",
                "ALTER TABLE t RENAME COLUMN a TO b",
                "CREATE TEMPORARY TABLE u AS SELECT b, z, OBJECT_CONSTRUCT() AS o FROM t",
                "DESC TABLE u",
            ),
            _TYPES,
            only=("name", "type"),
            rows=[("B", "ARRAY"), ("Z", "TIMESTAMP_TZ(9)"), ("O", "OBJECT")],
        ),
        fails(
            "VALUES takes no PARSE_JSON",
            ("CREATE TABLE t (v VARIANT)", "INSERT INTO t VALUES (PARSE_JSON('1'))"),
            Error(2014, "22000", "Invalid expression [PARSE_JSON('1')] in VALUES clause"),
            "sql-reference/sql/insert",
        ),
        fails(
            "VALUES takes no ::VARIANT",
            ("CREATE TABLE t (v VARIANT)", "INSERT INTO t VALUES (NULL), (1::VARIANT)"),
            Error(2014, "22000", "in VALUES clause"),
            _F + "to_variant",
        ),
        fails(
            "VALUES takes no subquery",
            ("CREATE TABLE t (a INT)", "INSERT INTO t VALUES ((SELECT 1))"),
            Error(2014, "22000", "in VALUES clause"),
            "sql-reference/constructs/values",
        ),
        Case(
            "VALUES takes calls that make texts and times",
            (
                "CREATE TABLE t (s VARCHAR, d TIMESTAMP_NTZ, v VARIANT)",
                "INSERT INTO t VALUES (UPPER('a') || 'b', CURRENT_TIMESTAMP(), NULL::VARIANT)",
                "SELECT s, d IS NULL, v FROM t",
            ),
            "sql-reference/sql/insert",
            rows=[("Ab", False, None)],
        ),
        fails(
            "a text does not go into a VARIANT column",
            ("CREATE TABLE t (v VARIANT)", "INSERT INTO t VALUES ('{')"),
            Error(),
            _TYPES,
        ),
        value(
            "a VARIANT as JSON is compact",
            "TO_JSON(OBJECT_CONSTRUCT('a', 'é'))",
            '{"a":"é"}',
            _F + "to_json",
        ),
        Case(
            "a DATE in a VARIANT has no time",
            "SELECT d::VARIANT, OBJECT_CONSTRUCT('d', d, 't', t), MAX(d)::VARIANT FROM "
            "(SELECT '2024-05-06'::DATE AS d, d::TIMESTAMP_NTZ AS t) GROUP BY d, t",
            _F + "to_variant",
            rows=[
                (
                    Json("2024-05-06"),
                    Json({"d": "2024-05-06", "t": "2024-05-06 00:00:00.000"}),
                    Json("2024-05-06"),
                )
            ],
        ),
        Case(
            "a DATE in a VARIANT is its text",
            "SELECT '2024-01-05'::DATE::VARIANT::VARCHAR, "
            "OBJECT_CONSTRUCT('d', '2024-01-05'::DATE):d::VARCHAR, "
            "'2024-01-05'::DATE::VARIANT = '2024-01-05'",
            "sql-reference/functions/to_variant",
            rows=[("2024-01-05", "2024-01-05", True)],
        ),
        Case(
            "moments and bytes in a VARIANT, wherever it is made",
            "SELECT b::VARIANT, OBJECT_CONSTRUCT(*), OBJECT_CONSTRUCT_KEEP_NULL(x.*), OBJECT_AGG('k', t), "
            "ARRAY_AGG(b), OBJECT_INSERT({}, 'k', t), TO_ARRAY(t), ARRAY_APPEND([], b) "
            "FROM (SELECT '2024-01-05 10:00:00'::TIMESTAMP AS t, TO_BINARY('ABCD', 'HEX') AS b) AS x "
            "GROUP BY ALL",
            _F + "to_json",
            rows=[
                (
                    Json("ABCD"),
                    Json({"B": "ABCD", "T": "2024-01-05 10:00:00.000"}),
                    Json({"B": "ABCD", "T": "2024-01-05 10:00:00.000"}),
                    Json({"k": "2024-01-05 10:00:00.000"}),
                    Json(["ABCD"]),
                    Json({"k": "2024-01-05 10:00:00.000"}),
                    Json(["2024-01-05 10:00:00.000"]),
                    Json(["ABCD"]),
                )
            ],
        ),
        Case(
            "UPDATE of a VARIANT by another leaves a text a text",
            (
                "CREATE TABLE t (v VARIANT, w VARIANT)",
                "INSERT INTO t SELECT NULL, PARSE_JSON('\"1\"')",
                "UPDATE t SET v = w",
                "SELECT TYPEOF(v), v FROM t",
            ),
            "sql-reference/sql/update",
            rows=[("VARCHAR", Json("1"))],
        ),
        Case(
            "a moment goes into a VARIANT column as its text",
            (
                "CREATE TABLE t (v VARIANT)",
                "INSERT INTO t SELECT '2024-01-05'::TIMESTAMP",
                "SELECT v FROM t",
            ),
            _TYPES,
            rows=[(Json("2024-01-05 00:00:00.000"),)],
        ),
        fails(
            "a text that is JSON does not go into a VARIANT column",
            ("CREATE TABLE t (v VARIANT)", "INSERT INTO t SELECT '{\"a\": 1}'"),
            Error(2023, "22000", "expecting VARIANT but got VARCHAR"),
            _TYPES,
        ),
        fails(
            "a text does not go into an ARRAY column",
            ("CREATE TABLE t (a ARRAY)", "INSERT INTO t VALUES ('[1]')"),
            Error(2023, "22000", "expecting ARRAY but got VARCHAR"),
            _TYPES,
        ),
        Case(
            "a cast to ARRAY is TO_ARRAY",
            "SELECT PARSE_JSON('5')::ARRAY, PARSE_JSON('{\"a\": 1}')::ARRAY, "
            "PARSE_JSON('[1]')::ARRAY, PARSE_JSON('null')::ARRAY",
            _F + "to_array",
            rows=[(Json([5]), Json([{"a": 1}]), Json([1]), None)],
        ),
        fails(
            "a cast to OBJECT of what is none",
            ("SELECT PARSE_JSON('[1]')::OBJECT",),
            Error(100071, "22000"),
            _F + "to_object",
        ),
        Case(
            "TYPEOF of numbers that are no integers",
            "SELECT TYPEOF(PARSE_JSON('123.12')), TYPEOF(PARSE_JSON('1.912e2'))",
            _F + "typeof",
            rows=[("DECIMAL", "DOUBLE")],
        ),
        value(
            "TYPEOF of a FLOAT that a VARIANT holds",
            "TYPEOF(v) FROM (SELECT 1.5::FLOAT::VARIANT AS v)",
            "DOUBLE",
            _F + "typeof",
            refused=Error(2, "0A000", "DECIMAL or DOUBLE"),
        ),
        Case(
            "ARRAY_MAX and ARRAY_MIN are VARIANTs",
            "SELECT ARRAY_MAX(ARRAY_CONSTRUCT('a', 'b')), ARRAY_MIN(ARRAY_CONSTRUCT(2, 1))",
            _F + "array_max",
            rows=[(Json("b"), Json(1))],
        ),
        Case(
            "ARRAY_CONTAINS of NULLs that are not there",
            "SELECT ARRAY_CONTAINS(NULL, ARRAY_CONSTRUCT(1)), "
            "ARRAY_CONTAINS(PARSE_JSON('null'), ARRAY_CONSTRUCT(1))",
            _F + "array_contains",
            rows=[(None, False)],
        ),
        value(
            "ARRAY_CONTAINS of a NULL that is there",
            "ARRAY_CONTAINS(NULL, ARRAY_CONSTRUCT(1, NULL))",
            True,
            _F + "array_contains",
            refused=Error(2, "0A000", "ARRAY_CONTAINS of NULL"),
        ),
        Case(
            "an array of values of several types keeps them",
            "SELECT ARRAY_AGG(TYPEOF(f.value)) WITHIN GROUP (ORDER BY f.index), "
            "ARRAY_CONTAINS('1'::VARIANT, ARRAY_CONSTRUCT(1, '1')), "
            "ARRAY_CAT(ARRAY_CONSTRUCT(1, '1'), ARRAY_CONSTRUCT('2', TRUE)) "
            "FROM TABLE(FLATTEN(ARRAY_CONSTRUCT(1, '1', TRUE))) AS f",
            _F + "array_construct",
            rows=[(Json(["INTEGER", "VARCHAR", "BOOLEAN"]), True, Json([1, "1", "2", True]))],
        ),
        value(
            "ARRAY_TO_STRING of numbers and texts",
            "ARRAY_TO_STRING(ARRAY_CONSTRUCT('a', NULL, 1, TRUE), ',')",
            "a,,1,true",
            _F + "array_to_string",
        ),
        Case(
            "a text over a VARIANT stays a text",
            "SELECT PARSE_JSON('1') AS v UNION ALL SELECT '1' ORDER BY TYPEOF(v)",
            "sql-reference/data-type-conversion",
            rows=[(Json(1),), (Json("1"),)],
        ),
        value(
            "a moment in place of a VARIANT",
            "COALESCE(NULL::VARIANT, '2024-01-05'::TIMESTAMP)",
            Json("2024-01-05 00:00:00.000"),
            "sql-reference/data-type-conversion",
        ),
        Case(
            "FLATTEN of columns that are named as what it shows",
            (
                "CREATE OR REPLACE TABLE named_so (v VARIANT, value VARIANT, e VARIANT)",
                """INSERT INTO named_so SELECT PARSE_JSON('{"a": {"p": 1}}'), PARSE_JSON('[2]'), """
                """PARSE_JSON('{"v": [3]}')""",
                "SELECT f.key, f.path, g.this, g.value, h.path, i.value FROM named_so AS e, "
                "LATERAL FLATTEN(v) AS f, LATERAL FLATTEN(e.value) AS g, "
                "LATERAL FLATTEN(e) AS h, LATERAL FLATTEN(h.value) AS i ORDER BY 4",
            ),
            _F + "flatten",
            rows=[("a", "a", Json([2]), Json(2), "v", Json(3))],
        ),
        Case(
            "a table outside whose name a column of the subquery has too",
            (
                "CREATE OR REPLACE TABLE with_v (id INT, v VARIANT)",
                """INSERT INTO with_v SELECT 1, PARSE_JSON('{"id": 2}')""",
                "SELECT v.id FROM with_v AS v WHERE EXISTS (SELECT 1 FROM with_v AS x WHERE x.id = v.id)",
            ),
            _QUERY,
            rows=[(1,)],
        ),
        fails(
            "FLATTEN of a text",
            "SELECT f.value FROM (SELECT '[1]' AS t) AS x, LATERAL FLATTEN(x.t) AS f",
            Error(1044, "42P13", "FLATTEN"),
            _F + "flatten",
        ),
        Case(
            "functions that make arrays, selected as they are",
            "SELECT STRTOK_TO_ARRAY('a.b', '.'), FILTER([1, 2, 3], x -> x > 1), "
            "TRANSFORM([1, 2.5], x -> x * 2), REGEXP_SUBSTR_ALL('a1b2', '[0-9]')",
            _F + "strtok_to_array",
            rows=[(Json(["a", "b"]), Json([2, 3]), Json([2, 5]), Json(["1", "2"]))],
        ),
        Case(
            "ARRAY_UNIQUE_AGG of NULLs alone is an empty array",
            "SELECT ARRAY_UNIQUE_AGG(column1), ARRAY_SIZE(ARRAY_UNIQUE_AGG(column2)) "
            "FROM VALUES (NULL, 1), (NULL, 1)",
            _F + "array_unique_agg",
            rows=[(Json([]), 1)],
        ),
        Case(
            "a text in a VARIANT as a truth value",
            """SELECT v:a::BOOLEAN, v:b::BOOLEAN, v:c::BOOLEAN, TO_BOOLEAN(v:a) """
            """FROM (SELECT PARSE_JSON('{"a": "1", "b": "off", "c": 2}') AS v)""",
            _F + "to_boolean",
            rows=[(True, False, True, True)],
        ),
        Case(
            "a VARIANT is equal to one of its type alone, and JSON's null to itself",
            "SELECT EQUAL_NULL(PARSE_JSON('null'), NULL), EQUAL_NULL(NULL, PARSE_JSON('{}'):a), "
            "PARSE_JSON('{\"a\": 1}') = TO_VARIANT('{\"a\":1}'), PARSE_JSON('null') = PARSE_JSON('null'), "
            "PARSE_JSON('null') = TO_VARIANT('null'), PARSE_JSON('[2]') = PARSE_JSON(' [ 2 ] ')",
            _F + "parse_json",
            rows=[(False, True, False, True, False, True)],
        ),
        Case(
            "OBJECT_INSERT that replaces a value, removes one, or adds one",
            "SELECT OBJECT_INSERT(o, 'b', 9, TRUE), OBJECT_INSERT(o, 'b', NULL, TRUE), "
            "OBJECT_INSERT(o, 'c', 9, TRUE), OBJECT_INSERT(o, NULL, 9), OBJECT_INSERT(o, 'c', 9, FALSE) "
            "FROM (SELECT OBJECT_CONSTRUCT('a', 1, 'b', 2) AS o)",
            _F + "object_insert",
            rows=[
                (
                    Json({"a": 1, "b": 9}),
                    Json({"a": 1}),
                    Json({"a": 1, "b": 2, "c": 9}),
                    Json({"a": 1, "b": 2}),
                    Json({"a": 1, "b": 2, "c": 9}),
                )
            ],
        ),
        Case(
            "an OBJECT constant of all columns",
            "SELECT {*}, {t.*} FROM VALUES (1, 'x') AS t (a, b)",
            _TYPES,
            rows=[(Json({"A": 1, "B": "x"}), Json({"A": 1, "B": "x"}))],
            types=["OBJECT", "OBJECT"],
        ),
        Case(
            "an OBJECT constant of some columns",
            "SELECT {* EXCLUDE a} FROM VALUES (1, 'x') AS t (a, b)",
            _TYPES,
            rows=[(Json({"B": "x"}),)],
            refused=Error(2, "0A000", "without some columns"),
        ),
        Case(
            "PARSE_JSON of a key that is there twice",
            "SELECT PARSE_JSON('{\"a\": 1, \"a\": 2}', 'd')",
            _F + "parse_json",
            rows=[(Json({"a": 2}),)],
            refused=Error(2, "0A000", "PARSE_JSON with a parameter"),
        ),
        Case(
            "the keys of a MAP",
            "SELECT MAP_KEYS({'a': 1}::MAP(VARCHAR, INT))",
            _F + "map_keys",
            rows=[(Json(["a"]),)],
            refused=Error(2, "0A000", "MAP"),
        ),
        *(
            fails(f"{name}, which is none", f"SELECT {call}", Error(number, part=part), page)
            for name, call, number, part, page in (
                (
                    "an ARRAY's keys",
                    "OBJECT_KEYS([1]::VARIANT)",
                    100071,
                    "OBJECT",
                    _F + "object_keys",
                ),
                (
                    "an ARRAY's key",
                    "OBJECT_DELETE([1]::VARIANT, 'a')",
                    100071,
                    "OBJECT",
                    _F + "object_delete",
                ),
                (
                    "OBJECT_PICK of a key",
                    "OBJECT_PICK({'a': 1})",
                    938,
                    "not enough",
                    _F + "object_pick",
                ),
                ("a key that is a text", "{1: 2}", None, "keys are texts", _TYPES),
                ("one wildcard", "{*, 'k': 1} FROM VALUES (1)", None, "keys are texts", _TYPES),
            )
        ),
        Case(
            "VARIANTs ordered by their place in the SELECT",
            "SELECT v:n AS n FROM (SELECT PARSE_JSON(column1) AS v FROM VALUES ('{\"n\": 9}'), ('{\"n\": 10}')) "
            "ORDER BY 1",
            "sql-reference/constructs/order-by",
            rows=[(Json(9),), (Json(10),)],
        ),
        Case(
            "VARIANTs that are grouped, ordered by what they are made of",
            "SELECT v:n, COUNT(*), RANK() OVER (ORDER BY v:n) FROM (SELECT PARSE_JSON(column1) AS v "
            "FROM VALUES ('{\"n\": 9}'), ('{\"n\": 10}')) GROUP BY v:n ORDER BY v:n DESC",
            "sql-reference/constructs/group-by",
            rows=[(Json(10), 1, 2), (Json(9), 1, 1)],
        ),
        Case(
            "ARRAY_CONSTRUCT_COMPACT keeps JSON's null",
            "SELECT ARRAY_CONSTRUCT_COMPACT(v, NULL, 'a', 1.50), ARRAY_CONSTRUCT_COMPACT(NULL), "
            "ARRAY_CONSTRUCT_COMPACT() FROM (SELECT PARSE_JSON('null') AS v)",
            _F + "array_construct_compact",
            rows=[(Json([None, "a", 1.5]), Json([]), Json([]))],
        ),
        Case(
            "CHECK_JSON of a text in a VARIANT",
            "SELECT CHECK_JSON(v) IS NULL FROM (SELECT column1::VARIANT AS v FROM VALUES ('{\"k\": }'), ('[1]'))",
            _F + "check_json",
            rows=[(False,), (True,)],
        ),
        fails(
            "ARRAY_FLATTEN of what is no array of arrays",
            "SELECT ARRAY_FLATTEN([[1], 2])",
            Error(100107, "22000", "Not an array"),
            _F + "array_flatten",
        ),
        fails(
            "ARRAY_SLICE without its end",
            "SELECT ARRAY_SLICE([1, 2], 0)",
            Error(938, part="not enough arguments"),
            _F + "array_slice",
        ),
        value(
            "a cast to an ARRAY of a type",
            "['7']::ARRAY(INT)",
            Json([7]),
            "sql-reference/data-types-structured",
            refused=Error(2, "0A000", "the type ARRAY(INT)"),
        ),
        *(
            fails(
                f"{call} of a text that is no VARIANT",
                f"SELECT {call}({order}) FROM (SELECT 'x' AS s)",
                Error(1044, "42P13", "Invalid argument types"),
                _F + call.lower(),
            )
            for call, order in (
                ("ARRAY_CONTAINS", "s, ['x']"),
                ("ARRAY_POSITION", "s, ['x']"),
                ("ARRAY_REMOVE", "['x'], s"),
            )
        ),
        Case(
            "FLATTEN of what a path of a column leads to, and of that",
            "SELECT p.id, f.path, g.value:b FROM (SELECT 7 AS id, "
            'PARSE_JSON(\'{"x": [{"y": [{"b": 1}, {"b": 2}]}]}\') AS c) p, '
            "LATERAL FLATTEN(INPUT => p.c, PATH => 'x') f, LATERAL FLATTEN(INPUT => f.value:y) g "
            "ORDER BY g.index",
            _F + "flatten",
            rows=[(7, "x[0]", Json(1)), (7, "x[0]", Json(2))],
        ),
        fails(
            "FLATTEN of a number",
            "SELECT * FROM TABLE(FLATTEN(INPUT => 5))",
            Error(1044, "42P13", "FLATTEN"),
            _F + "flatten",
        ),
        *(
            value(
                f"{function} by a column's path",
                f"{function}({of}, p) FROM (SELECT 'a.b' AS p)",
                made,
                _F + function.lower(),
            )
            for function, of, made in (
                ("GET_PATH", """PARSE_JSON('{"a": {"b": 1}}')""", Json(1)),
                ("JSON_EXTRACT_PATH_TEXT", """'{"a": {"b": 1}}'""", "1"),
            )
        ),
        fails(
            "FILTER by a lambda of two",
            "SELECT FILTER([1, 2], (a, b) -> a > b)",
            Error(),
            _F + "filter",
        ),
        value(
            "IS_DATE_VALUE",
            "IS_DATE_VALUE(TO_VARIANT('2024-01-01'::DATE))",
            True,
            _F + "is_date-value",
        ),
    ),
)
