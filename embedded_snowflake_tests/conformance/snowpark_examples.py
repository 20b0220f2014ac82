"""The examples in the docstrings of the installed Snowpark client, and what becomes of them here.

What it holds: where they are read from, how a docstring's examples are run, which of them are
refused, and which differ, with the reasons. Their outputs are those of a real account, and none of
their text stands in this repository. What must not go here: the tests
(`test_snowpark_examples.py`).
"""

from __future__ import annotations

import doctest
import functools
import importlib
import json
import pkgutil
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

_REFUSALS = (
    r"Unsupported feature|Unknown function|invalid session parameter|are not read in the embedded"
    # Files and models that the client's own tests have.
    r"|tests/resources/|'resources'|TESTSCHEMA_SNOWPARK_PYTHON"
)
"""What an error says that refuses by name."""

REFUSED_GROUPS = {
    "Cortex": ("*.ai_*", "dataframe_ai_functions.*"),
    "GEOGRAPHY and GEOMETRY": ("*.st_*", "*.h3_*", "*.to_geo*", "*.try_to_geo*"),
    "FILE": (
        *("*.fl_is_*", "*.fl_get_*_type", "*.fl_get_last_modified", "*.fl_get_relative_path"),
        *("*.fl_get_s[!t]*", "*.fl_get_stage", "*.to_file", "*.file", "files.*", "*.directory"),
    ),
    "functions and procedures": (
        *("stored_procedure.*", "udaf.*", "udf.*", "udtf.*", "*.sproc", "*.udaf", "*.udf"),
        *("*.udtf", "*.call", "*.call_nowait", "*.call_udf", "*pandas_udf", "*pandas_udtf"),
        *("*_in_pandas", "*.vectorized", "*.xpath*", "dataframe.map", "*.with_column"),
        *("*.add_packages", "*.add_requirements", "*.add_import", "*_package_usage_config"),
        "*.replicate_local_environment",
    ),
}
"""What is not here, and patterns of the names of the docstrings that are about it."""
REFUSED = {
    "functions": (
        "approx_percentile_accumulate approx_percentile_combine approx_percentile_estimate "
        "as_binary as_date as_decimal check_xml collate collation convert_timezone "
        "current_available_roles current_schemas date_from_parts "
        "interval_day_time_from_parts interval_year_month_from_parts is_timestamp_ltz "
        "is_timestamp_ntz is_timestamp_tz map_contains_key map_keys model parse_xml prompt "
        "service system_reference timestamp_tz_from_parts to_decfloat to_double to_object "
        "to_xml typeof vector_cosine_distance vector_inner_product vector_l2_distance "
        "xmlget"
    ),
    "_functions.scalar_functions": (
        "all_user_names compress current_client current_ip_address decompress_binary "
        "decompress_string dp_interval_high dp_interval_low invoker_role "
        "is_granted_to_invoker_role is_role_in_session last_transaction map_delete "
        "map_insert map_pick map_size"
    ),
}
"""The other docstrings of which an example is refused, by what they stand in."""

_DIGIT = "the last digits of a FLOAT"
_DRAWN = "numbers drawn from a seed"
_SEQ = "SEQ of rows that stand beside others is any number"
_NULLABLE = "columns of a query are described as nullable"
DIFFERING = {
    "_functions.scalar_functions.haversine": _DIGIT,
    "async_job.AsyncJob": "an asynchronous statement fails when it is sent",
    "dataframe.DataFrame.join_table_function": _SEQ,
    "dataframe.DataFrame.print_schema": _NULLABLE,
    "dataframe.DataFrame.select": _SEQ,
    "dataframe.DataFrame.to_local_iterator": "reads a table that another docstring makes",
    "dataframe.DataFrame.to_pandas": f"{_NULLABLE}; integers come to pandas as int64",
    "dataframe.DataFrame.with_columns": _SEQ,
    "dataframe_reader.DataFrameReader": "XML is not read; the frame of before is shown again",
    "dataframe_writer.DataFrameWriter.copy_into_location": _NULLABLE,
    "dataframe_writer.DataFrameWriter.json": "a JSON's key without quotes is an error",
    "dataframe_stat_functions.DataFrameStatFunctions.corr": _DIGIT,
    "dataframe_stat_functions.DataFrameStatFunctions.cov": _DIGIT,
    "functions": _DIGIT,
    "functions.array_max": "JSON's null in an ARRAY is NULL",
    "functions.array_sort": "JSON's null in an ARRAY is NULL",
    "functions.array_min": "JSON's null in an ARRAY is NULL",
    "functions.as_real": "a FLOAT in a VARIANT is written 2.0, on Snowflake 2.000000000000000e+00",
    "functions.call_table_function": _SEQ,
    "functions.check_json": "what is wrong with a JSON is said in other words",
    "functions.corr": _DIGIT,
    "functions.hash": "HASH has other values",
    "functions.normal": _DRAWN,
    "functions.randn": _DRAWN,
    "functions.regr_intercept": _DIGIT,
    "functions.table_function": _SEQ,
    "functions.timestamp_ltz_from_parts": "the time zone is UTC, the account's another",
    "functions.uniform": _DRAWN,
    "session.Session.flatten": _SEQ,
    "session.Session.generator": _DRAWN,
    "session.Session.query_history": "the client asks twice for a query's columns",
    "session.Session.table_function": _SEQ,
}
"""The docstrings of which an example is answered otherwise than documented, and why."""

_UNORDERED = {
    *("functions.first_value", "functions.last_value", "functions.nth_value"),
    *("column.Column.within_group", "dataframe.DataFrame.alias", "dataframe.DataFrame.join"),
    *("dataframe.DataFrame.lateral_join", "dataframe.DataFrame.natural_join"),
}
"""The docstrings whose queries ask for no order of their rows, which differs from run to run."""


@functools.cache
def examples() -> dict[str, doctest.DocTest]:
    """The docstrings that have examples which the client's own tests run, by name."""
    import snowflake.snowpark

    package = snowflake.snowpark.__name__
    finder = doctest.DocTestFinder()
    found: dict[str, doctest.DocTest] = {}
    for name in (package, f"{package}._functions"):
        path = importlib.import_module(name).__path__
        for module in (one.name for one in pkgutil.iter_modules(path, f"{name}.") if not one.ispkg):
            for test in finder.find(importlib.import_module(module), module):
                if not all(doctest.SKIP in one.options for one in test.examples):
                    found[test.name.removeprefix(f"{package}.")] = test
    return found


def group_of(name: str) -> str | None:
    """What is not here, where the docstring is about that."""
    for what, patterns in REFUSED_GROUPS.items():
        if any(fnmatch(name, pattern) for pattern in patterns):
            return what
    return None


def is_refused(name: str) -> bool:
    """Whether an example of the docstring is refused."""
    owner, _, own = name.rpartition(".")
    return group_of(name) is not None or own in REFUSED.get(owner, "").split()


def write_files(folder: Path) -> None:
    """The files that examples upload, holding what their outputs show of them."""
    (folder / "test_udf_dir").mkdir(parents=True)
    (folder / "test_udf_dir" / "test_udf_file.py").write_text("def mod5(x): return x % 5\n")
    (folder / "testCSV.csv").write_text("1,one,1.2\n2,two,2.2\n")
    (folder / "test2CSV.csv").write_text("3,three,3.3\n4,four,4.4\n")
    (folder / "testCSVheader.csv").write_text("id,name,rating\n1,one,1.2\n2,two,2.2\n")
    (folder / "testCSVspecialFormat.csv").write_text(
        "id,username,firstname,lastname\n0,admin,none,none\n1,test_user,test,user\n"
    )
    fruit = json.dumps({"fruit": "Apple", "size": "Large", "color": "Red"})
    (folder / "testJson.json").write_text(f"{fruit}\n")
    rows = pa.table({"str": ["str1", "str2"], "num": pa.array([1, 2], pa.int64())})
    parquet.write_table(rows, folder / "test.parquet")


def _rows(text: str) -> list[str]:
    """The rows of a list of them, or the lines of a table, sorted."""
    lines = [line.strip() for line in text.replace("<BLANKLINE>", "").splitlines()]
    return sorted(re.findall(r"Row\(.*?\)", text) or filter(None, lines))


class _AnyOrder(doctest.OutputChecker):
    """Compares rows whose order is not asked for."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether they are the same rows."""
        return super().check_output(want, got, optionflags) or _rows(want) == _rows(got)


class Run(doctest.DocTestRunner):
    """A docstring's examples, one after the other, as the client's own tests run them.

    Attributes:
        refused: what was refused by name. An example behind it that fails is left out, as it may
            need what is not there; what it answers is compared.
        differing: what was answered otherwise than documented.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            checker=_AnyOrder() if name in _UNORDERED else None,
            verbose=False,
            optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        )
        self.name = name
        self.refused: list[str] = []
        self.differing: list[str] = []

    def put(self, session: Any) -> None:
        """Run the examples in a session, in a schema of their own."""
        from snowflake.snowpark.functions import to_timestamp

        schema = re.sub(r"\W", "_", self.name)
        session.sql(f"CREATE OR REPLACE SCHEMA {schema}").collect()
        test = examples()[self.name]
        test.globs.update(session=session, to_timestamp=to_timestamp)
        self.run(test, out=lambda _: None)

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        """It answers something else."""
        del out, test
        self.differing.append(f"{example.source}documented:\n{example.want}found:\n{got}")

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        """It fails."""
        del out, test
        said = f"{example.source}raised {exc_info[0].__name__}: {exc_info[1]}"
        if re.search(_REFUSALS, str(exc_info[1])):
            self.refused.append(said)
        elif not self.refused:
            self.differing.append(said)
