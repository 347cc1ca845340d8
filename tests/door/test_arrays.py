"""An array is read in one go where that is safe; nobody can tell, but for the time it takes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.door import Malformed, read_batch, read_request
from ledger.examples import EXAMPLES

SENT = [json.dumps(example, ensure_ascii=False).encode() for example in EXAMPLES]
TWICE = (
    b'{"type":"describe_product","request_id":"d-1","occurred_at":"2026-03-01T09:00:00Z",'
    b'"sku":"MUG","title":"Mug","sku":"CUP"}'
)
SPLICES = st.sampled_from([b'"', b",", b"{", b"\xff", b"1e9", b"-", b"\\u002c", b'"sku":"MUG",'])


def one_by_one(items):
    found = []
    for index, item in enumerate(items):
        try:
            found.append(read_request(item))
        except Malformed as fault:
            found.append(str(fault.within(f"[{index}]", ".")))
    return found


def together(items):
    found = read_batch(b"[" + b",".join(items) + b"]")
    return [str(item) if isinstance(item, Malformed) else item for item in found]


@st.composite
def spliced(draw):
    """A request as sent, or with something put in."""
    sent = draw(st.sampled_from(SENT))
    if draw(st.booleans()):
        return sent
    at = draw(st.integers(1, len(sent) - 1))
    return sent[:at] + draw(SPLICES) + sent[at:]


def is_json(item):
    try:
        json.loads(item)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_key_that_stands_twice_is_found_wherever_its_request_stands_in_an_array(place):
    items = [SENT[0], SENT[1]]
    items.insert(place, TWICE)
    found = read_batch(b"[" + b",".join(items) + b"]")
    assert [isinstance(item, Malformed) for item in found] == [n == place for n in range(3)]
    assert f"[{place}]" in str(found[place])
    assert "twice" in str(found[place])


@given(st.lists(spliced().filter(is_json), max_size=4))
def test_an_array_says_of_each_request_what_is_said_of_it_alone(items):
    assert together(items) == one_by_one(items)


def test_a_time_with_an_offset_is_in_utc_in_an_array_too():
    request = json.loads(SENT[0]) | {"occurred_at": "2026-03-01T10:00:00+01:00"}
    [read] = read_batch(json.dumps([request]).encode())
    assert read.occurred_at.isoformat() == "2026-03-01T09:00:00+00:00"
