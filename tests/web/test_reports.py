"""Reports over HTTP: listed, asked, paged, as CSV; and what may not be asked."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from served import Body, Sender

from projections.reports import REPORTS


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


def received(web: Sender, sku: str, quantity: int, cost: int | None = None, **more: Any) -> Body:
    line = {"line_id": "1", "sku": sku, "quantity": quantity}
    if cost is not None:
        line["unit_cost_minor"] = cost
        more["currency"] = "EUR"
    return web.request("receive_stock", location=web.named("store"), lines=[line], **more)


def sold(web: Sender, sku: str, quantity: int, price: int = 500, **more: Any) -> Body:
    line = {"line_id": "1", "sku": sku, "quantity": quantity, "unit_price_minor": price}
    named = {"location": web.named("store"), "lines": [line], "currency": "EUR"}
    return web.request("record_sale", **named, **more)


def read(web: Sender, name: str, **query: Any) -> Any:
    answer = web.client.get(f"/v1/reports/{name}", params=query)
    assert answer.status_code == 200, (name, answer.text)
    return answer


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer.text, newline="")))


def test_the_list_of_reports_says_how_each_is_defined(web: Sender) -> None:
    answer = web.client.get("/v1/reports").json()
    assert answer["next"] is None
    assert [item["name"] for item in answer["items"]] == list(REPORTS)
    for item in answer["items"]:
        assert item["definition"].endswith(".")
        assert item["basis"]
        assert "format" in item["parameters"]
        assert all(column["description"] for column in item["columns"])
        assert read(web, item["name"], limit=1).json().keys() == {"items", "next"}


def test_stock_is_worth_what_its_layers_cost_or_what_the_average_says(web: Sender) -> None:
    mug = web.named("MUG")
    web.accepted(received(web, mug, 10, 100))
    web.accepted(received(web, mug, 10, 130))
    end = last_of(web.accepted(sold(web, mug, 5)))
    [fifo] = web.seen("/v1/reports/stock-valuation", end, sku=mug)["items"]
    assert fifo == {
        "sku": mug,
        "location": web.named("store"),
        "currency": "EUR",
        "units": 15,
        "value_minor": 5 * 100 + 10 * 130,
        "estimated_units": 0,
        "uncosted_units": 0,
        "below_zero_units": 0,
    }
    [average] = web.seen("/v1/reports/stock-valuation", end, sku=mug, method="average")["items"]
    assert average["value_minor"] == 15 * 115


def test_what_has_no_known_cost_has_no_value_and_is_told_apart(web: Sender) -> None:
    mug, tea = web.named("MUG"), web.named("TEA")
    web.accepted(received(web, mug, 10, currency="EUR"))
    end = last_of(web.accepted(sold(web, tea, 3)))
    for method in ("fifo", "average"):
        asked = {"method": method, "location": web.named("store")}
        found = web.seen("/v1/reports/stock-valuation", end, **asked)["items"]
        told = [(row["sku"], row["value_minor"], row["uncosted_units"]) for row in found]
        assert told == [(mug, None, 10), (tea, None, 0)]
        assert found[1]["below_zero_units"] == 3


def test_the_pages_of_a_report_are_of_one_moment(web: Sender) -> None:
    """Also where the address names none: it is that of the first page."""
    skus = [web.named(f"SKU{number}") for number in range(2)]
    for sku in skus:
        end = last_of(web.accepted(received(web, sku, 1, 100)))
    asked = {"location": web.named("store"), "by": "sku", "limit": 1}
    first = web.seen("/v1/reports/stock-valuation", end, **asked)
    later = datetime.now(UTC).isoformat()
    end = last_of(web.accepted(received(web, skus[1], 6, 100, occurred_at=later)))
    second = web.seen("/v1/reports/stock-valuation", end, after=first["next"], **asked)
    assert [row["units"] for row in first["items"] + second["items"]] == [1, 1]
    another = {**asked, "after": first["next"], "at": "2026-03-02"}
    answer = web.client.get("/v1/reports/stock-valuation", params=another)
    assert (answer.status_code, answer.json()["parameter"]) == (422, "after")


def test_a_page_goes_on_where_the_one_before_ended(web: Sender) -> None:
    skus = [web.named(f"SKU{number}") for number in range(5)]
    for sku in skus:
        end = last_of(web.accepted(received(web, sku, 1, 100)))
    found: list[str] = []
    after = None
    for _ in range(5):
        query = {"limit": 2, "location": web.named("store")} | ({"after": after} if after else {})
        page = web.seen("/v1/reports/stock-valuation", end, **query)
        found += [row["sku"] for row in page["items"]]
        if (after := page["next"]) is None:
            break
    assert found == skus


def test_csv_has_the_same_rows_as_json_below_a_header(web: Sender) -> None:
    mug = web.named("MUG")
    web.accepted(received(web, mug, 10, 100))
    end = last_of(web.accepted(sold(web, mug, 4)))
    asked = {"location": web.named("store"), "min_position": end}
    for name, report in REPORTS.items():
        if "location" not in report.takes:
            continue
        answer = read(web, name, format="csv", **asked)
        assert answer.headers["content-type"].startswith("text/csv")
        assert int(answer.headers["Onebook-Position"]) >= end
        listed = read(web, name, **asked).json()["items"]
        as_text = [
            {key: "" if value is None else str(value) for key, value in row.items()}
            for row in listed
        ]
        assert rows_of(answer) == as_text
        assert answer.text.partition("\r\n")[0].split(",") == [c.name for c in report.columns]


def test_the_header_accept_asks_for_csv_too(web: Sender) -> None:
    answer = web.client.get("/v1/reports/sales", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    answer = web.client.get("/v1/reports/sales?format=json", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"


def test_a_text_that_a_spreadsheet_would_run_stands_in_csv_as_text(web: Sender) -> None:
    evil = f"=1+2-{web.mark}"
    end = last_of(web.accepted(received(web, evil, 3)))
    web.accepted(sold(web, evil, 5))
    asked = {"location": web.named("store"), "min_position": end}
    [row] = rows_of(read(web, "sell-through", format="csv", **asked))
    assert row["sku"] == f"'{evil}"
    assert read(web, "sell-through", **asked).json()["items"][0]["sku"] == evil
    moved = rows_of(read(web, "movements", by="sku", format="csv", **asked))
    assert {row["net_units"] for row in moved} == {"3", "-5"}


@pytest.mark.parametrize(
    ("name", "query", "parameter", "said"),
    [
        ("sales", {"from": "2026-03-02", "to": "2026-03-01"}, "from", "is after to=2026-03-01"),
        ("sales", {"from": "20260302"}, "from", "YYYY-MM-DD"),
        ("sales", {"to": "2026-02-30"}, "to", "date"),
        ("sales", {"by": "moon"}, "by", "'day', 'channel'"),
        ("sales", {"method": "fifo"}, "method", "Extra"),
        ("sales", {"format": "xlsx"}, "format", "'json' or 'csv'"),
        ("sales", {"limit": 0}, "limit", "greater than or equal to 1"),
        ("sales", {"limit": 1001}, "limit", "less than or equal to 1000"),
        ("sales", {"after": "nonsense"}, "after", "not a token"),
        ("sales", {"after": "x", "format": "csv"}, "after", "without pages"),
        ("stock-valuation", {"method": "lifo"}, "method", "'fifo' or 'average'"),
        ("stock-valuation", {"at": "yesterday"}, "at", "neither a day"),
        ("stock-valuation", {"at": "2026-03-20T10:00:00"}, "at", "offset"),
        ("stock-valuation", {"from": "2026-03-20"}, "from", "Extra"),
        ("stock-ageing", {"bands": "30,30"}, "bands", "rising"),
        ("stock-ageing", {"bands": "0,30"}, "bands", "from 1 to"),
        ("stock-ageing", {"bands": "a"}, "bands", "such as 30,60,90"),
        ("shortages", {"kind": "sad"}, "kind", "'oversold' or 'shortage'"),
    ],
)
def test_what_cannot_be_asked_says_what_can(
    web: Sender, name: str, query: dict[str, Any], parameter: str, said: str
) -> None:
    answer = web.client.get(f"/v1/reports/{name}", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["parameter"] == parameter
    assert said in answer.json()["detail"]


def test_a_moment_in_the_future_is_not_valued(web: Sender) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).date()
    answer = web.client.get("/v1/reports/stock-valuation", params={"at": str(ahead)})
    assert answer.status_code == 422
    assert "in the future" in answer.json()["detail"]


def test_the_token_of_another_list_is_not_taken(web: Sender) -> None:
    for number in range(2):
        web.accepted(received(web, web.named(f"S{number}"), 1, 5))
        end = last_of(web.accepted(sold(web, web.named(f"S{number}"), 1)))
    web.seen("/v1/reports/sales", end)
    token = read(web, "stock-ageing", by="sku", limit=1).json()["next"]
    for query in ({"by": "item"}, {"by": "location"}):
        answer = web.client.get("/v1/reports/stock-ageing", params={"after": token, **query})
        assert answer.status_code == 422, query
        assert answer.json()["parameter"] == "after"


def test_an_unknown_report_is_answered_with_those_there_are(web: Sender) -> None:
    answer = web.client.get("/v1/reports/weather")
    assert answer.status_code == 404
    assert "stock-valuation" in answer.json()["detail"]


def test_each_report_has_a_page_with_its_rows(web: Sender) -> None:
    evil = f"<b>{web.mark}</b>"
    web.accepted(received(web, evil, 3, 250))
    end = last_of(web.accepted(sold(web, evil, 1)))
    web.seen("/v1/reports/sales", end)
    listed = web.client.get("/reports").text
    for name, report in REPORTS.items():
        assert f'href="/reports/{name}"' in listed
        for by in report.by:
            page = web.client.get(f"/reports/{name}", params={"by": by})
            assert page.status_code == 200, page.text
            assert report.title in page.text
    asked = {"location": web.named("store"), "by": "item"}
    page = web.client.get("/reports/stock-valuation", params=asked).text
    assert "5.00" in page
    assert evil not in page
    assert f"&lt;b&gt;{web.mark}" in page


def test_a_page_of_a_report_refuses_what_the_report_refuses(web: Sender) -> None:
    for query in ({"by": "moon"}, {"format": "csv"}, {"from": "2026-02-01", "to": "2026-01-01"}):
        assert web.client.get("/reports/sales", params=query).status_code == 422
    assert web.client.get("/reports/weather").status_code == 404
