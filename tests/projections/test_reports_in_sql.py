"""The reports in the database: documented column by column, and those of this release."""

import psycopg
import pytest
from asks import received, sold
from given import given

from projections import reports
from projections.sql_views import SqlAggregate, SqlFunction, SqlView

MUGS = 7


@pytest.fixture
def shop_told(told):
    return told(given(received("MUG", "STORE", MUGS), sold("MUG", "STORE", 2)))


def units(ledger) -> int:
    [row] = ledger.sql(
        "SELECT sum(uncosted_units)::bigint AS n FROM stock_valuation('main', now())"
    )
    return int(row["n"])


@pytest.mark.parametrize("made", reports.MADE_OF, ids=lambda made: made.name)
def test_every_column_of_a_report_says_what_it_means(shop_told, made):
    comment = f"SELECT obj_description('{made.name}'::regproc, 'pg_proc') AS said"
    relation = f"{made.name}_row"
    match made:
        case SqlView():
            comment = f"SELECT obj_description('{made.name}'::regclass, 'pg_class') AS said"
            relation = made.name
        case SqlAggregate():
            relation = None
    [row] = shop_told.sql(comment)
    assert row["said"] == made.comment
    if relation is not None:
        columns = shop_told.sql(
            "SELECT attname, col_description(attrelid, attnum) AS said FROM pg_attribute "
            f"WHERE attrelid = '{relation}'::regclass AND attnum > 0"
        )
        assert [column["attname"] for column in columns] == list(made.columns)
        assert all(column["said"] for column in columns)


def test_reports_of_another_release_are_made_anew_and_no_view_is_folded_for_them(
    shop_told, monkeypatch
):
    shop_told.sql("UPDATE inventory SET on_hand = 99")
    other = SqlFunction(
        "stock_valuation", "Other.", ("n text",), "SELECT 1", (), {"a": ("int", "A")}
    )
    was = tuple(other if each.name == other.name else each for each in reports.MADE_OF)
    with monkeypatch.context() as patched:
        patched.setattr(reports, "MADE_OF", was)
        shop_told.project()
        assert shop_told.sql("SELECT * FROM stock_valuation('main')") == [{"a": 1}]
    shop_told.project()
    assert units(shop_told) == MUGS - 2
    assert shop_told.sql("SELECT on_hand FROM inventory") == [{"on_hand": 99}]


def test_reports_stand_again_when_a_view_that_they_read_was_folded_afresh(shop_told):
    shop_told.sql("DROP TABLE stock_history CASCADE")
    with pytest.raises(psycopg.errors.UndefinedTable):
        shop_told.sql("SELECT * FROM sales_by_day")
    shop_told.sql("UPDATE projections SET definition = 'other' WHERE view = 'stock_history'")
    shop_told.project()
    assert units(shop_told) == MUGS - 2
    [row] = shop_told.sql("SELECT sold_units FROM sales_by_day")
    assert row["sold_units"] == 2
