"""What must never get in, over HTTP: a clear error, nothing half done, the process alive."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import NOON, Sender, Served

MIB = 1 << 20
GOOD = f'"type":"receive_stock","request_id":"R","occurred_at":"{NOON}","location":"L"'
LINE = '"line_id":"1","sku":"S"'


def receipt(quantity: str = "1", more: str = "", line: str = "") -> str:
    return f'{{{GOOD},"lines":[{{{LINE},"quantity":{quantity}{line}}}]{more}}}'


BAD = {
    "nothing": "",
    "no JSON": "{",
    "text after it": receipt() + "x",
    "a number": "42",
    "null": "null",
    "an unknown type": receipt().replace("receive_stock", "take_stock"),
    "no type": receipt().replace('"type":"receive_stock",', ""),
    "an unknown field": receipt(more=',"colour":"red"'),
    "a field of a later release": f'{{"type":"place_order","request_id":"R","occurred_at":"{NOON}","order_id":"O","allow_split":true,"lines":[{{{LINE},"quantity":1}}]}}',
    "an unknown field in a line": receipt(line=',"colour":"red"'),
    "a field twice": receipt(more=',"location":"M"'),
    "a field twice in a line": receipt(line=',"quantity":2'),
    "half a piece": receipt("1.5"),
    "a float": receipt("1.0"),
    "an exponent": receipt("1e3"),
    "no pieces": receipt("0"),
    "fewer than no pieces": receipt("-1"),
    "true": receipt("true"),
    "text for a number": receipt('"1"'),
    "NaN": receipt("NaN"),
    "Infinity": receipt("Infinity"),
    "30 digits": receipt("1" * 30),
    "more than 2^53": receipt(str(2**53 + 1)),
    "5000 digits": receipt("1" * 5000),
    "NUL in an id": receipt().replace('"R"', '"R\\u0000"'),
    "a raw NUL": receipt().replace('"R"', '"R\x00"'),
    "a line break in an id": receipt().replace('"R"', '"R\\n"'),
    "a lone surrogate": receipt().replace('"R"', '"R\\ud800"'),
    "a space before an id": receipt().replace('"R"', '" R"'),
    "an empty id": receipt().replace('"R"', '""'),
    "an id of 129": receipt().replace('"R"', '"' + "R" * 129 + '"'),
    "no time": receipt().replace(f'"occurred_at":"{NOON}",', ""),
    "a time without offset": receipt().replace(NOON, NOON[:-1]),
    "no lines": receipt().replace(f'{{{LINE},"quantity":1}}', ""),
    "personal data": receipt(more=',"personal":{"name":"Ada"}'),
    "a price without currency": receipt(line=',"unit_cost_minor":5'),
    "2000 deep arrays": "[" * 2000 + "]" * 2000,
    "2000 deep objects": '{"a":' * 2000 + "1" + "}" * 2000,
    "2000 deep in a field": receipt(more=',"reason":' + "[" * 2000 + "]" * 2000),
    "an order called a sale": f'{{"type":"place_order","request_id":"R","occurred_at":"{NOON}","order_id":"sale:a:b","lines":[{{{LINE},"quantity":1,"how":"ship","location":"L"}}]}}',
}


def post(
    web: Sender, content: bytes | Iterator[bytes], kind: str = "application/json"
) -> httpx.Response:
    return web.client.post("/v1/requests", content=content, headers={"Content-Type": kind})


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_malformed_request_is_refused_with_what_to_mend_and_nothing_is_recorded(
    web: Sender, body: str
) -> None:
    answer = post(web, body.encode())
    if body.startswith("["):
        items = answer.json() if answer.status_code == 200 else [answer.json()]
        assert all(item["status"] == 422 for item in items)
    else:
        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["type"], problem["definite"]) == ("/problems/malformed", True)
        assert len(problem["detail"]) > 10
    channel = web.client.headers["Onebook-Channel"]
    assert web.client.get(f"/v1/requests/{channel}/R").status_code == 404
    assert web.client.get("/livez").status_code == 200


def test_bytes_that_are_not_utf8_are_refused(web: Sender) -> None:
    answer = post(web, receipt().encode().replace(b'"R"', b'"\xff"'))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


def test_a_malformed_request_tells_its_own_id_and_where_it_is_wrong(web: Sender) -> None:
    problem = post(web, receipt("0").encode()).json()
    assert problem["request_id"] == "R"
    assert problem["path"] == "lines[0].quantity"


def test_an_order_of_10000_lines_is_taken_and_one_of_11000_is_not(web: Sender) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 20_000))
    order = web.order(web.named("big"), *[(sku, 1)] * 10_000)
    answer = web.accepted(order)
    assert answer["events"] == 10_002
    stock = web.seen(f"/v1/inventory/{sku}", answer["position"] + answer["events"] - 1)
    assert stock["total"]["committed"] == 10_000

    more = web.send(web.order(web.named("bigger"), *[(sku, 1)] * 11_000))
    assert more.status_code == 422
    assert "10,000" in more.json()["detail"]


def test_a_request_of_more_than_4_mib_is_too_large(web: Sender) -> None:
    answer = post(web, receipt().encode() + b" " * (4 * MIB))
    assert_too_large(answer, web)


def test_a_batch_may_have_16_mib_and_not_more(web: Sender) -> None:
    one = json.dumps(web.received(web.named("MUG"), 1)).encode()
    padded = b"[" + one + b" " * (15 * MIB) + b"]"
    assert [item["status"] for item in post(web, padded).json()] == [201]
    assert_too_large(post(web, b"[" + b" " * (16 * MIB) + b"]"), web)
    assert_too_large(post(web, b"\n" * (17 * MIB), "application/x-ndjson"), web)


def test_20_mib_are_refused_also_when_their_length_is_not_declared(web: Sender) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"["
        for _ in range(20):
            yield b" " * MIB

    assert_too_large(post(web, chunks()), web)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[" + b"0," * 8_000_000 + b"0]"),
        ("application/json", b"[" + b"{}," * 5_000_000 + b"{}]"),
        ("application/x-ndjson", b"0\n" * 8_000_000),
    ],
    ids=["zeros", "objects", "lines"],
)
def test_a_batch_of_millions_is_refused_without_the_memory_for_them(
    web: Sender, server: Served, kind: str, body: bytes
) -> None:
    before = most_memory_of(server)
    for _ in range(3):
        answer = post(web, body, kind)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")
        assert "more than 50,000" in answer.json()["detail"]
    assert most_memory_of(server) - before < 128 * MIB


def most_memory_of(server: Served) -> int:
    """The most bytes that the server's process ever had in memory."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) << 10


HEAD = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
LONG_HEADS = {
    "one long header": HEAD + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": HEAD + b"A: a\r\n" * 20_000 + b"\r\n",
    "a header that never ends": HEAD + b"A: " + b"a" * (4 * MIB),
    "headers that never end": HEAD + b"A: a\r\n" * MIB,
    "a long address": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "headers behind a body": HEAD.replace(b"GET /livez", b"POST /v1/requests")
    + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: "
    + b"a" * (4 * MIB),
}


@pytest.mark.parametrize("sent", LONG_HEADS.values(), ids=LONG_HEADS.keys())
def test_headers_beyond_64_kib_are_refused_however_they_come(server: Served, sent: bytes) -> None:
    head, _, body = told(server, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert json.loads(body)["type"] == "/problems/headers_too_large"
    with server.client() as client:
        for _ in range(2):
            assert client.get("/livez", headers={"A": "a" * 60_000}).status_code == 200


def told(server: Served, sent: bytes) -> bytes:
    """What the server says to these bytes before it hangs up."""
    host, port = server.address.removeprefix("http://").split(":")
    said = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(sent)
        while piece := connection.recv(1 << 16):
            said += piece
    return said


def assert_too_large(answer: httpx.Response, web: Sender) -> None:
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/too_large"
    assert web.client.get("/livez").status_code == 200


def test_an_order_for_an_unknown_sku_or_location_is_refused(web: Sender) -> None:
    nowhere = web.send(web.order(web.named("A"), (web.named("MUG"), 1))).json()
    assert nowhere["reason"] == "unknown_location"
    web.accepted(web.received(web.named("CUP"), 1))
    nothing = web.send(web.order(web.named("B"), (web.named("MUG"), 1))).json()
    assert nothing["reason"] == "unknown_sku"


def test_cancelling_more_than_there_is_is_refused_and_shipping_more_is_a_fact(web: Sender) -> None:
    sku, order_id = web.named("MUG"), web.named("A")
    web.accepted(web.received(sku, 5))
    web.accepted(web.order(order_id, (sku, 2)))
    cancel = web.send(
        web.request("cancel_order", order_id=order_id, lines=[{"line_id": "1", "quantity": 3}])
    )
    assert (cancel.status_code, cancel.json()["reason"]) == (409, "beyond_quantity")

    shipped: dict[str, Any] = {
        "order_id": order_id,
        "shipment_id": web.named("s"),
        "location": web.named("store"),
    }
    answer = web.accepted(
        web.request("ship_lines", lines=[{"line_id": "1", "quantity": 3}], **shipped)
    )
    order = web.seen(f"/v1/orders/{order_id}", answer["position"] + answer["events"] - 1)
    assert (order["lines"][0]["shipped"], order["lines"][0]["excess"]) == (3, 1)


def test_a_fault_of_ours_tells_nothing_of_our_insides(server: Served) -> None:
    with server.client() as client:
        for path in ("/nowhere", "/v1", "/v1/inventory/", "/v1/orders/x/y"):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["Content-Type"] == "application/problem+json"
        wrong = client.delete("/v1/requests")
        assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method_not_allowed")
        assert wrong.headers["Allow"] == "POST"
