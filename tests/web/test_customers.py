"""Customers over HTTP: whoever was merged is one person, until they are unmerged."""

import html

import pytest
from served import Body, Sender, Served, onebook


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


@pytest.fixture
def two(web: Sender) -> tuple[str, str]:
    """Two customers, each with a sale of 5.00, in EUR and GBP."""
    names = web.named("c-1"), web.named("c-2")
    for customer, currency in zip(names, ("EUR", "GBP"), strict=True):
        web.accepted(sale(web, customer_id=customer, currency=currency))
    return names


def sale(web: Sender, **more: object) -> Body:
    line = {"line_id": "1", "sku": web.named("MUG"), "quantity": 1, "unit_price_minor": 500}
    return web.request("record_sale", location="L", lines=[line], **more)


def kinds(web: Sender, customer: str, position: int) -> list[str]:
    found = web.seen(f"/v1/customers/{customer}/history", position)
    return [item["kind"] for item in found["items"]]


def test_a_merge_and_its_undoing_are_seen_at_once_under_both_ids(
    web: Sender, two: tuple[str, str]
) -> None:
    first, second = two
    last = last_of(web.accepted(web.request("merge_customers", customer_id=second, into=first)))
    merged = web.seen(f"/v1/customers/{second}", last)
    assert (merged["merged_into"], merged["ids"], merged["sales"]) == (first, [first, second], 2)
    amounts = [(a["currency"], a["bought_minor"]) for a in merged["amounts"]]
    assert amounts == [("EUR", 500), ("GBP", 500)]
    assert kinds(web, first, last) == kinds(web, second, last) == ["merged", "sale", "sale"]

    last = last_of(web.accepted(web.request("unmerge_customers", customer_id=second)))
    alone = web.seen(f"/v1/customers/{first}", last)
    assert (alone["merged_into"], alone["ids"], alone["sales"]) == (None, [first], 1)
    assert kinds(web, first, last) == ["sale"]
    assert kinds(web, second, last) == ["unmerged", "merged", "sale"]


def test_a_timeline_is_read_page_by_page_over_all_ids_of_the_person(
    web: Sender, two: tuple[str, str]
) -> None:
    first, second = two
    last = last_of(web.accepted(web.request("merge_customers", customer_id=second, into=first)))
    path, found, after = f"/v1/customers/{second}/history", [], None
    for _ in range(3):
        page = web.seen(path, last, limit=1, **({} if after is None else {"after": after}))
        found += [item["customer_id"] for item in page["items"]]
        after = page["next"]
    assert (found, after) == ([second, second, first], None)


def test_a_guest_who_signs_up_later_finds_the_earlier_purchase(web: Sender) -> None:
    customer, guest = web.named("c-3"), sale(web, currency="EUR")
    web.accepted(guest)
    sale_id = f"sale:{web.client.headers['Onebook-Channel']}:{guest['request_id']}"
    claim = web.request("claim_guest_orders", customer_id=customer, order_ids=[sale_id])
    last = last_of(web.accepted(claim))
    found = web.seen(f"/v1/customers/{customer}", last)
    assert [(c["order_id"], c["state"]) for c in found["claimed_orders"]] == [(sale_id, "counts")]
    assert found["sales"] == 1
    assert kinds(web, customer, last) == ["guest_orders_claimed", "sale"]


def test_names_consents_and_contacts_are_read_back(web: Sender) -> None:
    customer, card = web.named("c-4"), web.named("4711")
    for request in (
        web.request("link_identity", customer_id=customer, scheme="loyalty", identity=card),
        web.request("give_consent", customer_id=customer, purpose="newsletter"),
        web.request("record_contact", customer_id=customer, means="whatsapp", topic="size"),
    ):
        last = last_of(web.accepted(request))
    found = web.seen(f"/v1/customers/{customer}", last)
    assert [(i["scheme"], i["identity"]) for i in found["identities"]] == [("loyalty", card)]
    assert [(c["purpose"], c["given"]) for c in found["consents"]] == [("newsletter", True)]
    [contact, *_] = web.seen(f"/v1/customers/{customer}/history", last)["items"]
    assert (contact["means"], contact["direction"], contact["topic"]) == (
        "whatsapp",
        "inbound",
        "size",
    )
    assert found["contacts"] == 1


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("register_customer", {}),
        ("link_identity", {"scheme": "email", "identity": "x"}),
        ("record_contact", {"means": "phone"}),
        ("give_consent", {"purpose": "newsletter"}),
    ],
)
def test_personal_data_does_not_come_in(web: Sender, type_: str, fields: Body) -> None:
    personal = {"name": "Ada Lovelace"}
    request = web.request(type_, customer_id=web.named("c-5"), personal=personal, **fields)
    answer = web.send(request)
    assert answer.status_code == 422
    assert "Ada" not in answer.text
    assert web.client.get(f"/v1/customers/{web.named('c-5')}").status_code == 404


def test_the_page_and_the_command_show_the_person(
    server: Served, web: Sender, two: tuple[str, str]
) -> None:
    first, second = two
    web.accepted(web.request("record_contact", customer_id=first, means="phone", topic="<b>size"))
    last = last_of(web.accepted(web.request("merge_customers", customer_id=second, into=first)))
    web.seen(f"/v1/customers/{second}", last)
    page = web.client.get(f"/customers/{second}")
    assert page.status_code == 200
    assert "None" not in html.unescape(page.text)
    for said in (f"/customers/{first}", "Merged into", "phone"):
        assert said in page.text
    assert "<b>size" not in page.text
    printed = onebook("customer", second, "--data", str(server.data))
    assert printed.returncode == 0, printed.stderr
    for said in (f"merged into {first}", "2 sales", "1 contacts", "phone"):
        assert said in printed.stdout
