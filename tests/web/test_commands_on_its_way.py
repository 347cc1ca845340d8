"""The commands for what is on its way, held, brought back and to be looked at."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_folder import remove_ledger
from served import NOON, onebook, serving

GOODS = [{"line_id": "1", "sku": "MUG", "quantity": 9}]
DAY = [
    {"type": "describe_channel", "channel": "web", "kind": "web", "locations": ["DC", "STORE"]},
    {"type": "describe_location", "location": "STORE", "kind": "store"},
    {"type": "receive_stock", "location": "DC", "lines": GOODS},
    {"type": "expect_supply", "supply_id": "po-1", "location": "DC", "due": "2099-03-01",
     "lines": GOODS},
    {"type": "request_transfer", "transfer_id": "tr-1", "from": "DC", "to": "STORE",
     "lines": [{"line_id": "1", "sku": "MUG", "quantity": 2}]},
    {"type": "ship_transfer", "transfer_id": "tr-1", "lines": [{"line_id": "1", "quantity": 1}]},
    {"type": "place_hold", "owner": "cart-1", "location": "DC",
     "expires_at": "2099-01-01T00:00:00Z", "lines": [{"line_id": "1", "sku": "MUG", "quantity": 1}]},
    {"type": "place_order", "order_id": "web-1", "currency": "EUR", "lines": [
        {"line_id": "1", "sku": "MUG", "quantity": 2, "how": "ship", "location": "DC",
         "unit_price_minor": 990}]},
    {"type": "ship_lines", "order_id": "web-1", "shipment_id": "s-1", "location": "DC",
     "carrier": "dhl", "lines": [{"line_id": "1", "quantity": 1}]},
    {"type": "authorise_return", "return_id": "r-1", "order_id": "web-1",
     "lines": [{"line_id": "1", "quantity": 1}]},
    {"type": "record_payment", "payment_id": "p-1", "order_id": "web-1", "state": "captured",
     "amount_minor": 1980, "currency": "EUR"},
    {"type": "record_sale", "location": "DC",
     "lines": [{"line_id": "1", "sku": "MUG", "quantity": 7}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("on-its-way")
    file = folder / "requests.ndjson"
    common = {"occurred_at": NOON}
    asked = [{**said, **common, "request_id": f"r-{n}"} for n, said in enumerate(DAY)]
    file.write_text("\n".join(map(json.dumps, asked)) + "\n")
    ledger = folder / "ledger"
    done = onebook("import", "ndjson", str(file), "--channel", "web", "--data", str(ledger))
    assert (done.returncode, f"{len(DAY)} are new" in done.stdout) == (0, True), done.stdout
    with serving(ledger):
        yield ledger
    remove_ledger(ledger)


@pytest.mark.parametrize(
    ("command", "people_read", "programs_read"),
    [
        ("transfer", "tr-1", {"items": [{"transfer_id": "tr-1", "in_transit": 1}]}),
        ("transfer tr-1", "in_transit", {"state": "in_transit", "lines": [{"sku": "MUG"}]}),
        ("supply --state expected", "po-1", {"items": [{"supply_id": "po-1", "incoming": 9}]}),
        ("supply po-1", "2099-03-01", {"lines": [{"due": "2099-03-01"}]}),
        ("hold cart-1", "short", {"items": [{"held": 0, "cause": "short"}]}),
        ("return r-1", "authorised", {"state": "authorised", "lines": [{"authorised": 1}]}),
        ("exceptions --kind paid_short", "9.90 EUR", {"items": [{"order_id": "web-1"}]}),
        ("exceptions --state resolved --kind unlinked", "worth", {"items": []}),
        ("availability web", "MUG", {"items": [{"sku": "MUG", "available_to_sell": 0}]}),
        ("availability web MUG", "po-1", {"available_to_sell": 0, "backordered": 0}),
        ("availability web MUG --date 2026-03-02", "DC", {"incoming": 0, "coming": []}),
        ("order web-1", "dhl", {"shipments": [{"carrier": "dhl", "shipped": 1}]}),
    ],
)  # fmt: skip
def test_each_read_prints_a_table_for_people_and_json_for_programs(
    data: Path, command: str, people_read: str, programs_read: dict[str, object]
) -> None:
    people = onebook(*command.split(), "--data", str(data))
    assert (people.returncode, people_read in people.stdout) == (0, True), people.stdout
    programs = onebook(*command.split(), "--data", str(data), "--json")
    assert_holds(json.loads(programs.stdout), programs_read)


def assert_holds(found: object, wanted: object) -> None:
    """Whatever is wanted stands there; what else is there does not matter."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), found
        for name, value in wanted.items():
            assert_holds(found[name], value)
    elif isinstance(wanted, list):
        assert isinstance(found, list), found
        assert len(found) == len(wanted), found
        for there, value in zip(found, wanted, strict=True):
            assert_holds(there, value)
    else:
        assert found == wanted


def test_a_day_or_a_state_that_is_none_is_said(data: Path) -> None:
    for command in ("availability web --date soon", "exceptions --state lost", "hold --state x"):
        done = onebook(*command.split(), "--data", str(data))
        assert (done.returncode, done.stdout) == (2, ""), command
        assert "query parameter" in done.stderr


def test_nothing_differs_from_a_fresh_fold(data: Path) -> None:
    assert onebook("verify", "--data", str(data)).returncode == 0
