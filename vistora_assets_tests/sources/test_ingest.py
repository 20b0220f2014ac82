"""What becomes of landed files, row by row and file by file."""

from __future__ import annotations

from datetime import datetime

import pytest

from vistora_assets.sources import (
    ColumnMap,
    accept,
    blocked,
    land,
    pending,
    rejected,
)
from vistora_assets.sources.errors import MappingError
from vistora_assets_tests.sources.shop import HEADER, Shop, counts

GOOD = HEADER + "u1,2025-10-01 09:00:00,purchase,120.0,IN\nu1,2025-10-02,refund,-20,IN\n"


def test_a_file_becomes_events_once_and_is_known_afterwards(shop: Shop) -> None:
    shop.land("a.csv", GOOD)
    assert [file.name for file in pending(shop.connection, shop.objects)] == ["a.csv"]
    report = shop.ingest()
    assert counts(report) == (2, 2, 0, 0)
    assert report.touched_from == datetime(2025, 10, 1, 9)
    assert shop.events() == [
        ("a.csv#1", "u1", datetime(2025, 10, 1, 9), "purchase", 120.0),
        ("a.csv#2", "u1", datetime(2025, 10, 2), "refund", 20.0),
    ]
    assert pending(shop.connection, shop.objects) == []
    again = shop.ingest(["a.csv"])
    assert counts(again) == (2, 0, 0, 2)
    assert again.load_sequence is None


def test_every_reason_against_a_row_is_said_and_the_row_is_kept_as_it_came(shop: Shop) -> None:
    bad = [
        (",2025-10-01,purchase,1,", "user_id is missing"),
        ("u,yesterday,purchase,1,", "event_time 'yesterday' is not a time"),
        ("u,2025-02-30,purchase,1,", "event_time '2025-02-30' is not a time"),
        ("u,2025-10-01,purchase,ten,", "amount 'ten' is not a number"),
        ("u,2025-10-01,purchase,NaN,", "amount is not finite"),
        ("u,2025-10-01,purchase,-1,", "negative purchase '-1'"),
        ("u,2025-10-01,gift,1,", "event_type 'gift' is not purchase or refund"),
        ("u,2025-10-01,purchase,1,IN,more", "more fields than the header"),
        ("u,1066-10-14,purchase,1,", "event_time '1066-10-14' is outside 1900 to 2100"),
        (",soon,purchase,1,", "user_id is missing; event_time 'soon' is not a time"),
    ]
    shop.land("bad.csv", HEADER + "".join(f"{line}\n" for line, _ in bad))
    assert counts(shop.ingest(rejected_share=1.0)) == (len(bad), 0, len(bad), 0)
    found = rejected(shop.connection, shop.objects, 50)
    assert [row["reasons"] for row in found] == [reason for _, reason in bad]
    assert found[3]["amount"] == "ten"


def test_times_are_read_in_the_source_zone_and_offsets_are_converted(shop: Shop) -> None:
    shop.land(
        "t.csv",
        HEADER
        + "u,2025-07-01 12:00:00,purchase,0,\nu,2025-07-01T12:00:00+05:30,purchase,1e2,\n"
        + "u,2025-07-01T12:00:00Z,Purchase,.5,\n",
    )
    assert counts(shop.ingest(source_timezone="Europe/Berlin")) == (3, 3, 0, 0)
    assert [(row[2], row[4]) for row in shop.events()] == [
        (datetime(2025, 7, 1, 10), 0.0),
        (datetime(2025, 7, 1, 6, 30), 100.0),
        (datetime(2025, 7, 1, 12), 0.5),
    ]


def test_equal_rows_without_an_id_are_real_and_the_same_content_is_known(shop: Shop) -> None:
    text = HEADER + "u,2025-10-01,purchase,5,\n" * 2
    shop.land("a.csv", text)
    assert counts(shop.ingest()) == (2, 2, 0, 0)
    shop.land("renamed.csv", text)
    assert counts(shop.ingest(["renamed.csv"])) == (2, 0, 0, 2)
    assert len(shop.events()) == 2


def test_an_id_again_is_known_with_the_same_values_and_a_conflict_with_others(shop: Shop) -> None:
    header = "event_id,user_id,event_time,event_type,amount\n"
    shop.land("a.csv", header + "e1,u,2025-10-01,purchase,5\n")
    shop.land("b.csv", header + "e1,u,2025-10-01 00:00,purchase,5.0\ne1,u,2025-10-01,purchase,6\n")
    assert counts(shop.ingest(rejected_share=0.5)) == (3, 1, 1, 1)
    assert [row["reasons"] for row in rejected(shop.connection, shop.objects, 5)] == [
        "event_id 'e1' conflicts with a.csv row 1"
    ]


def test_other_content_under_the_same_name_replaces_the_rows(shop: Shop) -> None:
    shop.land("a.csv", HEADER + "u,2025-10-01,purchase,5,\nu,2025-10-03,purchase,7,\n")
    shop.ingest()
    shop.land("a.csv", HEADER + "u,2025-10-01,purchase,5,\nu,2025-10-03,purchase,8,\n")
    report = shop.ingest()
    assert report.touched_from == datetime(2025, 10, 3)
    assert [row[4] for row in shop.events()] == [5.0, 8.0]
    states = shop.rows("SELECT STATE FROM {loaded_files} ORDER BY LOAD_SEQUENCE")
    assert states == [("REPLACED",), ("LOADED",)]


def test_a_file_with_too_many_bad_rows_is_blocked_until_accepted(shop: Shop) -> None:
    shop.land("bad.csv", GOOD + "u,never,purchase,1,\n")
    shop.land("good.csv", HEADER + "u,2025-10-01,purchase,5,\n")
    report = shop.ingest()
    assert [file.file_name for file in report.blocked] == ["bad.csv"]
    assert [row[0] for row in shop.events()] == ["good.csv#1"]
    (entry,) = blocked(shop.connection, shop.objects)
    assert "1 of its 3 rows" in entry["reason"]
    assert pending(shop.connection, shop.objects) == []
    accepted = accept(shop.connection, shop.objects, shop.options, "bad.csv")
    assert counts(accepted) == (3, 2, 1, 0)
    assert blocked(shop.connection, shop.objects) == []


def test_columns_are_mapped_and_constants_set(shop: Shop) -> None:
    column_map = ColumnMap({"user_id": "Who", "event_time": "day"}, {"event_type": "purchase"})
    shop.land("m.csv", "day,Who,amount\n2025-10-01,u7,3\n", column_map)
    assert counts(shop.ingest()) == (1, 1, 0, 0)
    assert shop.events()[0][1:] == ("u7", datetime(2025, 10, 1), "purchase", 3.0)


def test_landing_refuses_a_file_without_a_required_column_and_shows_its_header(shop: Shop) -> None:
    with pytest.raises(MappingError, match="amount is missing; the header is 'user_id'"):
        shop.land("x.csv", "user_id,event_time,event_type\nu,2025-10-01,purchase\n")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"user_id\nu\n"])
def test_an_unreadable_file_put_by_other_means_is_blocked_alone(shop: Shop, content: bytes) -> None:
    path = shop.folder / "raw.csv"
    path.write_bytes(content)
    stage = shop.objects.stage_location()
    shop.connection.cursor().execute(f"PUT 'file://{path}' '{stage}' AUTO_COMPRESS = FALSE")
    shop.land("good.csv", GOOD)
    report = shop.ingest()
    assert [file.file_name for file in report.blocked] == ["raw.csv"]
    assert report.rows_accepted == 2


def test_a_header_without_rows_is_an_empty_file_and_no_fault(shop: Shop) -> None:
    shop.land("empty.csv", HEADER)
    report = shop.ingest()
    assert counts(report) == (0, 0, 0, 0)
    assert report.blocked == ()


def test_a_parquet_file_is_read_by_its_own_types(shop: Shop) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = shop.folder / "p.parquet"
    when = [datetime(2025, 1, 1, 10, 0, 0, 123000), datetime(2025, 1, 2)]
    parquet.write_table(
        pa.table({"user_id": [1, 2], "event_time": when, "amount": [0.1, 2.25]}), path
    )
    land(shop.connection, shop.objects, path, ColumnMap({}, {"event_type": "purchase"}))
    assert counts(shop.ingest()) == (2, 2, 0, 0)
    assert [row[1:] for row in shop.events()] == [
        ("1", when[0], "purchase", 0.1),
        ("2", when[1], "purchase", 2.25),
    ]
