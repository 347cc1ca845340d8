"""Rows of another release are never gone on with: they are folded afresh, or somebody says so."""

from typing import Annotated

import psycopg
import pytest
from asks import line, order, received, sold
from given import Shop, given
from msgspec import Meta, Struct
from msgspec.structs import replace

from projections import views
from projections.attention.exceptions import Exceptions
from projections.stock.inventory import Inventory
from projections.tables import Table
from projections.views import VIEWS, ViewsOutdated

MUGS = 7


@pytest.fixture
def told(ledger):
    shop: Shop = given(received("MUG", "STORE", MUGS), order("A", line("1", "MUG", 2)))
    ledger.tell(shop)
    ledger.project()
    ledger.shop = shop
    return ledger


def stands(ledger):
    found = ledger.sql("SELECT view, position, definition FROM projections")
    return {row["view"]: (row["position"], row["definition"]) for row in found}


def test_each_view_says_of_which_definition_its_rows_are(told):
    end = told.written
    assert stands(told) == {name: (end, view().definition) for name, view in VIEWS.items()}
    assert len({view().definition for view in VIEWS.values()}) == len(VIEWS)


def test_rows_of_an_earlier_release_are_folded_afresh_when_a_projector_starts(told):
    told.sql("ALTER TABLE inventory DROP COLUMN reserved CASCADE")
    told.sql("ALTER TABLE projections DROP COLUMN definition")
    told.sql("UPDATE order_lines SET committed = 99")
    told.tell(told.shop.when(sold("MUG", "STORE", 1)))
    assert told.project() == told.written
    assert told.differences() == 0
    [row] = told.sql("SELECT on_hand, reserved FROM inventory")
    assert (row["on_hand"], row["reserved"]) == (MUGS - 1, 0)


def test_only_the_view_that_is_another_is_folded_afresh(told, monkeypatch):
    told.sql("UPDATE orders SET total_minor = 1")
    told.sql("UPDATE inventory SET on_hand = 1")
    monkeypatch.setattr(Inventory, "version", Inventory.version + 1)
    told.project()
    assert [row["on_hand"] for row in told.sql("SELECT on_hand FROM inventory")] == [MUGS]
    assert [row["total_minor"] for row in told.sql("SELECT total_minor FROM orders")] == [1]
    assert stands(told)["inventory"] == (told.written, Inventory().definition)


def test_verify_says_that_rows_are_of_another_release_and_leaves_them_alone(told, monkeypatch):
    monkeypatch.setattr(Inventory, "version", Inventory.version + 1)
    before = stands(told)
    with pytest.raises(ViewsOutdated, match=r"views inventory.*onebook rebuild"):
        told.verify()
    with (
        psycopg.connect(told.url, autocommit=True) as conn,
        pytest.raises(ViewsOutdated, match="inventory"),
    ):
        views.prepare(conn, told.network)
    assert stands(told) == before
    told.rebuild("inventory")
    assert told.differences() == 0


def test_another_network_in_the_same_database_is_folded_afresh_too(told, monkeypatch):
    told.sql("""
        INSERT INTO projections (
            network, view, position, head_hash, next_offset, trackings, definition, digest, generation)
        SELECT 'other', view, 5, head_hash, next_offset, trackings, definition, digest, 0
        FROM projections""")
    monkeypatch.setattr(Inventory, "version", Inventory.version + 1)
    told.project()
    others = told.sql("SELECT view, position FROM projections WHERE network = 'other'")
    assert {row["view"]: row["position"] for row in others} == {
        name: 0 if name == "inventory" else 5 for name in VIEWS
    }


class Row(Struct):
    """A row of some view."""

    sku: Annotated[str, Meta(description="Which sku.")]


class WiderRow(Row):
    """It has a column more."""

    quantity: Annotated[int, Meta(description="How many.")]


def test_another_column_key_index_or_comment_is_another_definition():
    made = [
        Table("some", Row, key=("sku",), comment="Some."),
        Table("some", WiderRow, key=("sku",), comment="Some."),
        Table("some", WiderRow, key=("sku", "quantity"), comment="Some."),
        Table("some", Row, key=("sku",), comment="Some.", indexes=["(network)"]),
        Table("some", Row, key=("sku",), comment="Any."),
    ]
    assert len({table.definition for table in made}) == len(made)
    again = Table("some", Row, key=("sku",), comment="Some.")
    assert again.definition == made[0].definition


def test_another_sql_view_is_another_definition_and_is_made_anew(told, monkeypatch):
    before = Exceptions().definition
    [view] = Exceptions.sql_views
    monkeypatch.setattr(Exceptions, "sql_views", (replace(view, comment="All of it."),))
    assert Exceptions().definition != before
    told.project()
    [found] = told.sql("SELECT obj_description('exceptions'::regclass) AS comment")
    assert found["comment"] == "All of it."


def test_the_sql_views_are_there_again_after_a_table_they_read_was_made_anew(told, monkeypatch):
    monkeypatch.setattr(Inventory, "version", Inventory.version + 1)
    told.project()
    assert told.sql("SELECT * FROM exceptions WHERE kind = 'paid_short'") == []
    assert told.sql("SELECT * FROM channel_availability") == []


def test_the_table_of_a_view_that_is_an_sql_view_now_makes_room_for_it(told):
    told.sql("DROP VIEW movements CASCADE")
    told.sql("CREATE TABLE movements (network text, position bigint)")
    told.sql(
        "INSERT INTO projections (network, view, position, head_hash, next_offset, trackings, "
        "definition, digest, generation) SELECT network, 'movements', position, head_hash, "
        "next_offset, trackings, definition, digest, generation FROM projections "
        "WHERE view = 'inventory'"
    )
    told.project()
    assert "movements" not in stands(told)
    card = told.sql("SELECT quantity, on_hand FROM movements ORDER BY position")
    assert [(row["quantity"], row["on_hand"]) for row in card] == [(MUGS, MUGS)]
