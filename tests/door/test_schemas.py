"""The published schemas and the reference pages say what the code does."""

import json
import re

import pytest
import yaml

from api.answers import AnswerBody
from api.schema import answer_schemas, batch_schema, named_examples, request_schemas
from docs.generate import REFERENCE, pages
from ledger.domain import requests
from ledger.door.rules import plan_of
from ledger.examples import EXAMPLES, example_of

COMPONENTS, BODY = request_schemas()
ALL = COMPONENTS | answer_schemas()


def references_in(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        yield from (ref for inner in value.values() for ref in references_in(inner))
    elif isinstance(value, list):
        yield from (ref for inner in value for ref in references_in(inner))


@pytest.mark.parametrize("name", ALL)
def test_every_type_and_field_is_described(name):
    component = ALL[name]
    assert component["description"]
    for field, schema in component.get("properties", {}).items():
        assert schema.get("description"), field


def test_the_body_is_one_of_the_requests_told_apart_by_their_type():
    mapping = BODY["discriminator"]["mapping"]
    assert BODY["discriminator"]["propertyName"] == "type"
    assert sorted(mapping) == sorted(str(example["type"]) for example in EXAMPLES)
    assert sorted(mapping.values()) == sorted(option["$ref"] for option in BODY["oneOf"])
    for kind, reference in mapping.items():
        component = COMPONENTS[reference.removeprefix("#/components/schemas/")]
        assert component["properties"]["type"]["const"] == kind
        assert "type" in component["required"]
        assert component["examples"] == [example_of(kind)]
        assert named_examples()[kind]["value"] == example_of(kind)


def test_the_answer_is_described_as_it_is_given():
    assert list(ALL["Answer"]["properties"]) == list(AnswerBody.__struct_fields__)


def test_every_reference_leads_somewhere():
    found = set(references_in([ALL, batch_schema(BODY)]))
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= set(ALL)


def test_the_schemas_are_plain_json():
    assert json.loads(json.dumps([ALL, BODY])) == [ALL, BODY]


def test_what_the_door_asks_stands_in_the_schema():
    order = COMPONENTS["PlaceOrder"]["properties"]
    assert order["request_id"]["maxLength"] == 128
    assert (order["lines"]["minItems"], order["lines"]["maxItems"]) == (1, 10_000)
    assert order["occurred_at"]["format"] == "date-time"
    assert COMPONENTS["OrderLine"]["properties"]["quantity"]["minimum"] == 1
    assert COMPONENTS["CountLine"]["properties"]["quantity"]["minimum"] == 0
    assert "minItems" not in COMPONENTS["CountStock"]["properties"]["lines"]
    assert "reason" in COMPONENTS["AdjustStock"]["required"]
    assert "reason" not in COMPONENTS["PlaceOrder"]["required"]
    exchange = COMPONENTS["Exchange"]["properties"]
    assert (exchange["returned"]["minItems"], exchange["returned"]["maxItems"]) == (1, 10_000)
    assert COMPONENTS["ClaimGuestOrders"]["properties"]["order_ids"]["minItems"] == 1
    assert COMPONENTS["RescheduleSupply"]["properties"]["due"]["format"] == "date"
    assert COMPONENTS["ArrivedLine"]["properties"]["missing"]["minimum"] == 0


def test_the_schema_lets_in_a_sale_by_its_id_only_where_the_door_does():
    orders = COMPONENTS["ClaimGuestOrders"]["properties"]["order_ids"]["items"]
    contact = COMPONENTS["RecordContact"]["properties"]["order_id"]["anyOf"][0]
    order = COMPONENTS["ShipLines"]["properties"]["order_id"]
    for name, fits in {"web-1": True, "sale:till3:1": True, "sale:": False, "..": False}.items():
        assert bool(re.search(orders["pattern"], name)) == fits
        assert bool(re.search(contact["pattern"], name)) == fits
    assert not re.search(order["pattern"], "sale:till3:1")


def test_every_description_is_free_of_the_indents_of_the_code():
    for name, component in ALL.items():
        assert "\n  " not in component["description"], name


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_field_has_a_rule_or_a_type_that_says_it_all(name):
    assert plan_of(getattr(requests, name)).fields


@pytest.mark.parametrize("name", ["requests.md", "events.md", "asyncapi.yaml"])
def test_the_reference_page_is_what_the_code_says(name):
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == pages()[name], "stale: run `python -m docs.generate`"


def test_every_reference_of_the_topics_document_leads_somewhere():
    document = yaml.safe_load(pages()["asyncapi.yaml"])
    found = set(references_in(document))
    assert len(found) > len(ALL)
    for reference in found:
        at = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
