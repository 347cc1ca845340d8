"""Whatever bytes arrive, the door answers with a request or says what is malformed."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ledger.door import Malformed, read_batch, read_ndjson, read_request
from ledger.examples import EXAMPLES
from ledger.fingerprint import fingerprint

SENT = [json.dumps(example, ensure_ascii=False).encode() for example in EXAMPLES]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", " ", "goods", "service", "sale:a:b", "\u202e", "2026-03-01T11:00:00Z"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
SPLICES = st.sampled_from(
    [
        b"\\",
        b'"',
        b",",
        b"{",
        b"\x00",
        b"\x7f",
        b"\xff",
        b"\\u0000",
        b"\\ud800",
        b"1e9",
        b"-",
        b"\\u002c",
    ]
)


def read_or_malformed(read, sent):
    """The request, checked to be stable, or None; any other exception fails the test."""
    try:
        request = read(sent)
    except Malformed as fault:
        assert fault.detail
        return None
    return request


def is_stable(request):
    again = read_request(msgspec.json.encode(request))
    return again == request and fingerprint(again) == fingerprint(request)


def paths_of(value, path=()):
    """Every place in a JSON value, the outermost first."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from paths_of(inner, (*path, key))


def with_value(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(value[path[0]], path[1:], new)
    return copy


@given(st.binary(max_size=200))
def test_noise_is_malformed(sent):
    assert read_or_malformed(read_request, sent) is None
    read_or_malformed(read_batch, sent)
    assert all(isinstance(item, Malformed) for item in read_ndjson(sent))


@given(VALUES)
def test_json_that_is_no_request_is_malformed(value):
    assert read_or_malformed(read_request, json.dumps(value).encode()) is None


@given(st.sampled_from(SENT), st.data())
def test_a_request_with_bytes_cut_out_or_put_in_is_read_or_malformed(sent, data):
    start = data.draw(st.integers(0, len(sent)))
    end = data.draw(st.integers(start, min(len(sent), start + 20)))
    spliced = sent[:start] + data.draw(SPLICES | st.binary(max_size=6)) + sent[end:]
    request = read_or_malformed(read_request, spliced)
    assert request is None or is_stable(request)


@given(st.sampled_from(EXAMPLES), VALUES, st.data())
def test_a_request_with_any_value_anywhere_is_read_or_malformed(example, value, data):
    path = data.draw(st.sampled_from(list(paths_of(example))))
    sent = json.dumps(with_value(example, path, value)).encode()
    request = read_or_malformed(read_request, sent)
    assert request is None or is_stable(request)


def objects_of(value):
    return [path for path in paths_of(value) if isinstance(at(value, path), dict)]


def at(value, path):
    for key in path:
        value = value[key]
    return value


class Doubled(dict):
    """An object that names one of its keys twice when written as JSON."""

    def __init__(self, pairs, key, value):
        super().__init__(pairs)
        self.twice = [*pairs.items(), (key, value)]

    def items(self):
        return self.twice


@given(st.sampled_from(EXAMPLES), st.booleans(), st.booleans(), st.data())
def test_a_key_that_stands_twice_is_never_overlooked(example, ascii_only, same, data):
    path = data.draw(st.sampled_from(objects_of(example)))
    inner = at(example, path)
    key = data.draw(st.sampled_from(list(inner)))
    value = inner[key] if same else data.draw(SCALARS)
    doubled = with_value(example, path, Doubled(inner, key, value))
    sent = json.dumps(doubled, ensure_ascii=ascii_only).encode()
    assert sent.count(json.dumps(key).encode()) >= 2
    assert read_or_malformed(read_request, sent) is None


@given(st.sampled_from(EXAMPLES), st.text(min_size=1, max_size=20), st.booleans())
def test_no_control_character_comes_in(example, text, ascii_only):
    sent = json.dumps({**example, "actor": text}, ensure_ascii=ascii_only)
    try:
        request = read_or_malformed(read_request, sent.encode())
    except UnicodeEncodeError:
        return
    control = any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
    surrogate = any(0xD800 <= ord(c) < 0xE000 for c in text)
    assert (request is None) == (control or surrogate or text.isspace())


@given(
    st.sampled_from(EXAMPLES),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  st adds none
    st.integers(-23 * 60, 23 * 60),
)
def test_one_moment_has_one_fingerprint_whatever_its_offset(example, moment, offset):
    utc = moment.replace(tzinfo=UTC)
    local = utc.astimezone(timezone(timedelta(minutes=offset)))
    first, second = (
        read_request(json.dumps({**example, "occurred_at": time.isoformat()}).encode())
        for time in (utc, local)
    )
    assert first == second
    assert fingerprint(first) == fingerprint(second)
