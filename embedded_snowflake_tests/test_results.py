"""Earlier results are kept for RESULT_SCAN by bytes: what was forgotten no longer counts."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from embedded_snowflake.sql import results


def _of(size: int) -> tuple[Any, ...]:
    return (pa.table({"a": pa.array(range(size // 8), pa.int64())}), size // 8)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> results.ResultCache:
    monkeypatch.setattr(results, "CACHE_BYTES", 1_000)
    return results.ResultCache()


def test_the_oldest_go_first_and_the_last_one_stays(cache: results.ResultCache) -> None:
    for name in "abc":
        cache[name] = _of(400)
    assert list(cache) == ["b", "c"]
    cache["d"] = _of(4_000)
    assert list(cache) == ["d"]


def test_what_is_taken_out_or_written_again_does_not_count(cache: results.ResultCache) -> None:
    cache["kept"] = _of(400)
    for _ in range(100):
        cache["again"] = _of(400)
        cache["out"] = (None, 0)
        cache.pop("out")
        cache.pop("never there", None)
    assert list(cache) == ["kept", "again"]
