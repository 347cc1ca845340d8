"""A block's bytes: published, readable by anybody, and giving back exactly what was written."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.kafka.block import GENESIS, MAX_NESTING, Block, decode, encode, hash_of
from ledger.kafka.chain import Chain
from ledger.recorded import Recorded

GOLDEN = Path(__file__).parents[1] / "golden" / "blocks.ndjson"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HASHES = (
    "721a80f8bb0780c8597061a78d80cb1532a9da85a880818cb939f01a17240dc5",
    "08ee6b0534033aac161c16969d611e3e7c3d20472090a2d3ffd964259d9be217",
    "410d6606f727345796e691447d5f9ec971806a6ed3b7410a72193e33d07637e9",
)


def golden_values() -> list[bytes]:
    return GOLDEN.read_bytes().splitlines()


def golden_blocks() -> list[Block]:
    """What the frozen sample says: events with and without JSON, an input alone, another writer."""
    first = (
        Recorded(
            "request/web/w-1", 1, "request_accepted.v1", b'{"kind":"place_order","effects":1}'
        ),
        Recorded(
            "stock/store-7/m\u00fcg",
            1,
            "stock_sold.v1",
            '{"sku":"m\u00fcg" , "n":-1.50e2}'.encode(),
        ),
        Recorded("order/1", 0, "opaque", b"\x00\xff not JSON"),
        Recorded("order/2", 1, "empty", b""),
        Recorded("order/3", 1, "spaced", b' {"n":1}\n'),
    )
    third = (Recorded("stock/store-7/m\u00fcg", 2, "stock_sold.v1", b"[]"),)
    web, till = "onebook.main.requests.web", "onebook.main.requests.till"
    values = golden_values()
    return [
        Block("main", "w1-6f0a", GENESIS, 1, NOON, {web: 7}, first),
        Block(
            "main",
            "w1-6f0a",
            hash_of(values[0]),
            6,
            NOON + timedelta(seconds=1),
            {till: 0, web: 8},
            (),
        ),
        Block("main", "w2-91bc", hash_of(values[1]), 6, NOON + timedelta(seconds=1.25), {}, third),
    ]


def block(*events: Recorded, **changed) -> Block:
    given = {"prev": GENESIS, "first": 1, "recorded_at": NOON, "tracking": {}}
    return Block(network="main", writer="w1", events=events, **(given | changed))


def with_state(state: bytes) -> Block:
    return block(Recorded("s", 1, "t", state))


def said(value: bytes) -> dict:
    """What any other reader of JSON makes of a value."""
    return json.loads(value.decode())


def changed(**fields) -> bytes:
    return json.dumps(said(encode(block(Recorded("s", 1, "t", b"{}")))) | fields).encode()


def test_the_published_bytes_of_a_block_never_change():
    assert [encode(one) for one in golden_blocks()] == golden_values()


def test_blocks_that_were_published_are_read_for_ever():
    assert [decode(value) for value in golden_values()] == golden_blocks()
    chain = Chain("main", versions={})
    assert all(chain.take(offset, value) for offset, value in enumerate(golden_values()))
    assert chain.head.position == 6


def test_the_hashes_of_published_blocks_never_change():
    assert tuple(map(hash_of, golden_values())) == HASHES


def test_anybody_can_read_a_block_without_this_code():
    first, second, third = map(said, golden_values())
    assert list(first) == [
        "network",
        "writer",
        "prev",
        "first",
        "recorded_at",
        "tracking",
        "events",
    ]
    assert first["recorded_at"] == "2026-03-01T12:00:00Z"
    assert first["events"][0] == {
        "stream": "request/web/w-1",
        "version": 1,
        "type": "request_accepted.v1",
        "data": {"kind": "place_order", "effects": 1},
    }
    assert b64decode(first["events"][2]["data64"]) == b"\x00\xff not JSON"
    assert second["prev"] == sha256(golden_values()[0]).hexdigest()
    assert (second["events"], third["tracking"]) == ([], {})


@given(st.binary() | st.text().map(str.encode))
@example(b"")
@example(b"null")
@example(b'"\\ud800"')
@example(b"1 2")
@example(b"{}\n")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":1}}')
@example(b"[1],[2]")
@example(b'"},{"')
@example("\u2028".encode())
@example(b'"\xed\xa0\x80"')
@example(b'"\xff"')
@example(b"NaN")
@example(b"-0")
@example(b"1e999")
@example(b"01")
def test_any_bytes_come_back_as_they_were(state):
    assert decode(encode(with_state(state))) == with_state(state)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(
    JSON, st.sampled_from([None, 1]), st.booleans(), st.sampled_from([(",", ":"), (" , ", " : ")])
)
def test_json_stands_in_the_block_as_it_is_spelt(value, indent, ascii_only, separators):
    try:
        state = json.dumps(
            value, indent=indent, ensure_ascii=ascii_only, separators=separators
        ).encode()
    except UnicodeEncodeError:
        return
    written = encode(with_state(state))
    assert decode(written) == with_state(state)
    if "ud8" not in state.decode():
        assert b'"data":' + state + b"}" in written
        assert said(written)["events"][0]["data"] == value


@given(st.binary(min_size=1))
def test_what_stands_as_json_is_json_to_everybody(state):
    event = said(encode(with_state(state)))["events"][0]
    if "data" in event:
        json.loads(state.decode(), parse_constant=pytest.fail)


names = st.text(st.characters(exclude_categories=["Cs"]))
events = st.builds(Recorded, names, st.integers(0, 2**62), names, st.binary())
blocks = st.builds(
    Block,
    names,
    names,
    names,
    st.integers(1, 2**62),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])),
    st.dictionaries(names, st.integers(0, 2**62)),
    st.lists(events).map(tuple),
)


@given(blocks)
def test_a_block_comes_back_as_it_was_written(one):
    assert decode(encode(one)) == one
    assert encode(decode(encode(one))) == encode(one)


def test_the_time_is_written_in_utc_wherever_the_writer_stands():
    in_delhi = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert encode(block(recorded_at=in_delhi)) == encode(block(recorded_at=NOON))


def test_a_time_without_a_zone_is_not_written():
    with pytest.raises(AssertionError, match="time zone"):
        encode(block(recorded_at=NOON.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("events", "last"), [((), 6), ((Recorded("s", 1, "t", b"{}"),) * 3, 9)], ids=["none", "three"]
)
def test_a_block_knows_the_position_of_its_last_event(events, last):
    assert block(*events, first=7).last == last


NO_BLOCKS = {
    "nothing": None,
    "no bytes": b"",
    "no JSON": b"hello",
    "a list": b"[]",
    "null": b"null",
    "another object": b'{"prev":"genesis"}',
    "a block and more": encode(block()) + b" {}",
    "a position in words": changed(first="1"),
    "a position with a fraction": changed(first=1.5),
    "a position with a point": changed(first=1.0),
    "no writer": changed(writer=None),
    "no time": changed(recorded_at="noon"),
    "a time without a zone": changed(recorded_at="2026-03-01T12:00:00"),
    "a time in numbers": changed(recorded_at=1_772_366_400),
    "trackings in a list": changed(tracking=["till"]),
    "a tracking in words": changed(tracking={"till": "7"}),
    "an event without a version": changed(events=[{"stream": "s", "type": "t", "data": 1}]),
    "an event without data": changed(events=[{"stream": "s", "version": 1, "type": "t"}]),
    "an event with data twice": changed(
        events=[{"stream": "s", "version": 1, "type": "t", "data": 1, "data64": "AA=="}]
    ),
    "data that is no base64": changed(
        events=[{"stream": "s", "version": 1, "type": "t", "data64": "A?=="}]
    ),
    "base64 that breaks off": changed(
        events=[{"stream": "s", "version": 1, "type": "t", "data64": "AAA"}]
    ),
    "base64 in no alphabet": changed(
        events=[{"stream": "s", "version": 1, "type": "t", "data64": "\u00e9"}]
    ),
    "a name in another encoding": changed(writer="W").replace(b'"W"', b'"\xfc"'),
    "data in another encoding": changed(
        events=[{"stream": "s", "version": 1, "type": "t", "data": "D"}]
    ).replace(b'"D"', b'"\xfc"'),
}


@pytest.mark.parametrize("what", NO_BLOCKS, ids=str)
def test_what_does_not_say_a_block_is_none(what):
    assert decode(NO_BLOCKS[what]) is None


@given(
    st.sampled_from(range(3)),
    st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=3)), max_size=3),
)
def test_no_bytes_at_all_stop_a_reader(which, splices):
    value = golden_values()[which]
    for place, bytes_ in splices:
        value = value[:place] + bytes_ + value[place + 1 :]
    found = decode(value)
    assert found is None or decode(encode(found)) == found


def test_a_later_releases_fields_are_passed_over():
    later = changed(
        seal="x", events=[{"stream": "s", "version": 1, "type": "t", "data": {}, "x": 1}]
    )
    assert decode(later) == block(Recorded("s", 1, "t", b"{}"))


@pytest.mark.parametrize("nested", [MAX_NESTING - 1, MAX_NESTING, MAX_NESTING + 1, 900, 100_000])
def test_how_deep_a_reader_stands_does_not_decide_what_counts(nested):
    written = encode(with_state(b"[" * nested + b"]" * nested))

    def read_below(frames: int) -> Block | None:
        return decode(written) if frames == 0 else read_below(frames - 1)

    assert read_below(0) == read_below(600) == with_state(b"[" * nested + b"]" * nested)
    assert (b"data64" in written) == (nested > MAX_NESTING)


def test_many_brackets_beside_each_other_are_not_deep():
    state = b"[" + b",".join([b'{"a":[1,2]}'] * 1_000) + b"]"
    assert b'"data":' + state in encode(with_state(state))


def test_brackets_in_a_name_are_not_deep():
    state = json.dumps(["[{" * 500, '"[\\' * 500]).encode()
    assert b'"data":' + state in encode(with_state(state))


def test_the_hash_is_of_every_byte():
    value = golden_values()[0]
    flipped = [value[:n] + bytes([value[n] ^ 1]) + value[n + 1 :] for n in range(len(value))]
    assert len({hash_of(one) for one in [value, *flipped]}) == len(value) + 1
    assert hash_of(b"") == sha256(b"").hexdigest()
