"""The OpenAPI document and the pages around it: valid, whole, and without internet."""

import re
from typing import Any, get_args

import pytest
from served import Sender

from ledger.domain.requests import AnyRequest
from projections.reports import REPORTS

PATHS = {
    "/v1/requests",
    "/v1/requests/{channel}/{request_id}",
    "/v1/inventory",
    "/v1/inventory/{sku}",
    "/v1/inventory/{sku}/movements",
    "/v1/inventory/{sku}/explain",
    "/v1/orders",
    "/v1/orders/{order_id}",
    "/v1/orders/{order_id}/events",
    "/v1/customers/{customer_id}",
    "/v1/customers/{customer_id}/events",
    "/v1/customers/{customer_id}/history",
    "/v1/products",
    "/v1/products/{sku}",
    "/v1/products/{sku}/events",
    "/v1/locations",
    "/v1/locations/{location}",
    "/v1/channels",
    "/v1/channels/{channel}/buffers",
    "/v1/availability/stream",
    "/v1/availability/{channel}",
    "/v1/availability/{channel}/{sku}",
    "/v1/quotes",
    "/v1/exceptions",
    "/v1/holds",
    "/v1/transfers",
    "/v1/transfers/{transfer_id}",
    "/v1/supplies",
    "/v1/supplies/{supply_id}",
    "/v1/returns/{return_id}",
    "/v1/reports",
    *(f"/v1/reports/{name}" for name in REPORTS),
    "/v1/events",
    "/v1/events/stream",
    "/v1/projections",
    "/v1/projections/{view}",
    "/v1/projections/{view}/rebuild",
    "/livez",
    "/readyz",
}


@pytest.fixture
def document(web: Sender) -> Any:
    return web.client.get("/openapi.json").json()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        inner = set().union(*map(references, value.values())) if value else set()
        return inner | ({value["$ref"]} if isinstance(value.get("$ref"), str) else set())
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    return set()


def test_every_address_is_in_the_document(document: Any) -> None:
    assert set(document["paths"]) == PATHS


def test_everything_it_refers_to_is_in_it(document: Any) -> None:
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= names


def test_each_request_type_has_a_named_example_that_is_accepted_or_refused_by_its_rules(
    web: Sender, document: Any
) -> None:
    body = document["paths"]["/v1/requests"]["post"]["requestBody"]["content"]["application/json"]
    examples = body["examples"]
    assert len(examples) == len(get_args(AnyRequest))
    for name, example in examples.items():
        answer = web.send(example["value"])
        assert example["value"]["type"] == name
        assert answer.status_code in (201, 409), answer.text


def test_each_read_says_what_it_answers_and_the_position_it_shows(document: Any) -> None:
    for path, operations in document["paths"].items():
        if path.startswith("/v1") and "get" in operations and not path.endswith("/stream"):
            success = operations["get"]["responses"]["200"]
            assert "Onebook-Position" in success["headers"], path
            assert success["content"]["application/json"]["schema"], path
        for operation in operations.values():
            assert operation["summary"], path
            described = operation["responses"]
            assert "default" in described or "422" in described, path


def test_the_reference_page_asks_nobody_else(web: Sender) -> None:
    page = web.client.get("/docs").text
    addresses = re.findall(r"""(?:src|href|url)["']?\s*[=:]\s*["']([^"']+)["']""", page)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert web.client.get(address).status_code == 200


def test_each_kind_of_problem_has_a_page_that_its_type_names(web: Sender) -> None:
    listed = web.client.get("/problems").text
    kinds = set(re.findall(r'href="(/problems/\w+)"', listed))
    assert {"/problems/refused", "/problems/malformed", "/problems/idempotency_mismatch"} <= kinds
    for kind in kinds:
        assert web.client.get(kind).status_code == 200


def test_pages_let_no_id_become_markup(web: Sender) -> None:
    sku = f"<script>alert('{web.mark}')</script>"
    last = web.accepted(web.received(sku, 1_000_000))
    web.seen("/v1/inventory", last["position"])
    page = web.client.get("/inventory/%3Cscript%3Ealert('" + web.mark + "')%3C%2Fscript%3E")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
