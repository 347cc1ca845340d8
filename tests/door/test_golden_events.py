"""A sample of the bytes of every event type and version ever released: they never change."""

import re
from pathlib import Path

import msgspec
import pytest

from ledger import codec


class Sample(msgspec.Struct):
    type: str
    stream: str
    data: msgspec.Raw


GOLDEN = Path(__file__).parents[1] / "golden" / "events.ndjson"
SAMPLES = [msgspec.json.decode(line, type=Sample) for line in GOLDEN.read_bytes().splitlines()]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type)
def test_an_event_is_read_and_written_byte_for_byte(sample):
    event = codec.decode(sample.type, bytes(sample.data))
    assert codec.encode(event) == bytes(sample.data)
    assert event.stream == sample.stream
    assert codec.TOPICS[type(event)] == sample.type


@pytest.mark.parametrize("event_type", codec.EVENT_TYPES, ids=lambda t: t.__name__)
def test_every_event_has_a_sample_with_all_its_fields_and_one_without_the_optional(event_type):
    fields = msgspec.structs.fields(event_type)
    all_names = {field.encode_name for field in fields}
    required = {field.encode_name for field in fields if field.required}
    kept = [
        set(msgspec.json.decode(sample.data))
        for sample in SAMPLES
        if sample.type == codec.TOPICS[event_type]
    ]
    assert all_names in kept
    assert required in kept


def test_a_type_of_another_release_is_named():
    with pytest.raises(codec.UnknownEventType, match=re.escape("stock_sold.v99")):
        codec.decode("stock_sold.v99", b"{}")
