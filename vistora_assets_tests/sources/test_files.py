"""Files that are packed, broken, of other types, or depend on each other."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from vistora_assets.features import events_extent_sql
from vistora_assets.sources import ColumnMap, blocked, land, pending, rejected
from vistora_assets.sources.errors import LandingError
from vistora_assets_tests.sources.shop import HEADER, Shop, counts

LINES = "u1,2025-10-01,purchase,5,DE\nu2,2025-10-02,refund,-2,FR\n"
IDS = "event_id,user_id,event_time,event_type,amount\n"


def test_a_packed_csv_file_is_read_as_the_one_inside(shop: Shop) -> None:
    path = shop.folder / "a.csv.gz"
    path.write_bytes(gzip.compress((HEADER + LINES).encode()))
    land(shop.connection, shop.objects, path, ColumnMap())
    assert counts(shop.ingest()) == (2, 2, 0, 0)
    assert [row[0] for row in shop.events()] == ["a.csv.gz#1", "a.csv.gz#2"]


def test_a_packed_file_that_is_cut_short_is_refused_or_blocked(shop: Shop) -> None:
    """Landing reads its header alone, so the cut may only show when it is loaded."""
    whole = gzip.compress((HEADER + LINES * 5000).encode())
    path = shop.folder / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    shop.put(path)
    report = shop.ingest()
    assert [file.file_name for file in report.blocked] == ["cut.csv.gz"]
    assert shop.events() == []
    path.write_bytes(whole[:12])
    with pytest.raises(LandingError, match=r"cut\.csv\.gz cannot be read as CSV"):
        land(shop.connection, shop.objects, path, ColumnMap())


def _broken(path: Path) -> list[bytes]:
    table = pa.table({"user_id": ["u"], "event_time": ["2025-10-01"], "amount": [5.0]})
    parquet.write_table(table.append_column("event_type", pa.array(["purchase"])), path)
    whole = path.read_bytes()
    return [b"", b"user_id\nu\n", b"PAR1" + b"\0" * 40, whole[:-20], whole[:60] + whole[70:]]


@pytest.mark.parametrize("number", range(5))
def test_a_corrupt_parquet_file_is_refused_by_landing_and_blocked_alone_by_a_load(
    shop: Shop, number: int
) -> None:
    path = shop.folder / "p.parquet"
    path.write_bytes(_broken(path)[number])
    shop.put(path)
    shop.land("good.csv", HEADER + LINES)
    report = shop.ingest()
    assert [file.file_name for file in report.blocked] == ["p.parquet"]
    assert [row[0] for row in shop.events()] == ["good.csv#1", "good.csv#2"]
    (entry,) = blocked(shop.connection, shop.objects)
    assert len(entry["reason"]) > 20
    assert "Traceback" not in entry["reason"]
    if number < 4:
        with pytest.raises(LandingError, match="cannot be read as Parquet"):
            land(shop.connection, shop.objects, path, ColumnMap())


def test_ignored_types_are_kept_as_events_and_count_for_nothing(shop: Shop) -> None:
    """They need no amount, and say nothing of when events began or end."""
    shop.land("a.csv", HEADER + LINES + "u3,2025-01-01,View,,DE\nu1,2025-12-31,view,,\n")
    report = shop.ingest(ignored_event_types=("view",))
    assert counts(report) == (4, 4, 0, 0)
    kinds = [row[3] for row in shop.events()]
    assert kinds == ["purchase", "refund", "view", "view"]
    extent = shop.rows(events_extent_sql("{events}"))
    assert extent == [(datetime(2025, 10, 1), datetime(2025, 10, 2))]
    shop.land("b.csv", HEADER + "w,2025-10-03,purchase,1,\nu3,2025-01-01,click,,DE\n")
    assert counts(shop.ingest(ignored_event_types=("view",), rejected_share=0.5)) == (2, 1, 1, 0)


def test_rows_that_conflicted_with_a_replaced_file_get_their_right(shop: Shop) -> None:
    """The file with the conflict is read again, and not counted again."""
    shop.land("a.csv", IDS + "e1,u,2025-10-01,purchase,5\ne2,u,2025-10-02,purchase,6\n")
    shop.land("b.csv", IDS + "e1,u,2025-10-01,purchase,7\ne3,u,2025-10-03,purchase,8\n")
    assert counts(shop.ingest(rejected_share=0.5)) == (4, 3, 1, 0)
    shop.land("a.csv", IDS + "e2,u,2025-10-02,purchase,6\n")
    report = shop.ingest(rejected_share=0.5)
    assert counts(report) == (1, 1, 0, 0)
    assert [file.file_name for file in report.files if file.is_read_again] == ["b.csv"]
    assert [(row[0], row[4]) for row in shop.events()] == [("e1", 7.0), ("e2", 6.0), ("e3", 8.0)]
    assert rejected(shop.connection, shop.objects, 5) == []
    assert pending(shop.connection, shop.objects) == []
    assert report.touched_from == datetime(2025, 10, 1)
