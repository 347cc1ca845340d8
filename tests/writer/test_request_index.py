"""Every request is found again where it was answered, in a table that grows without a pause."""

import tracemalloc
from datetime import UTC, datetime
from hashlib import blake2b

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumers.snapshot.request_index import (
    BUCKET_ENTRIES,
    HASH_BYTES,
    Known,
    RequestIndex,
    entries_in,
    key_of,
)
from ledger.domain.events import RequestAccepted, RequestRefused
from ledger.domain.words import Reason

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MAX_BYTES_AN_ENTRY = 64

fingerprints = st.binary(min_size=32, max_size=32).map(bytes.hex)
effects = st.none() | st.integers(0, 40_000)
positions = st.integers(1, (1 << 42) - 1)
few_keys = st.integers(0, 40).map(lambda n: key_of("web", str(n)))
like_keys = st.lists(st.sampled_from(b"\0\1"), min_size=HASH_BYTES, max_size=HASH_BYTES).map(bytes)
"""Keys of two bytes only: parts of one entry look like the key of another."""


def told(fingerprint: str, effects: int | None) -> RequestAccepted | RequestRefused:
    if effects is None:
        header = ("web", "r", NOW, NOW, "place_order", fingerprint)
        return RequestRefused(*header, Reason.OUT_OF_STOCK, ())
    return RequestAccepted("web", "r", NOW, NOW, "place_order", fingerprint, effects)


def hashed(number: int) -> bytes:
    return blake2b(number.to_bytes(8, "little"), digest_size=HASH_BYTES).digest()


@given(st.lists(st.tuples(few_keys | like_keys, positions, effects, fingerprints), max_size=200))
@example([(b"\0" * HASH_BYTES, 1, 0, "00" * 32), (b"\0" * 15 + b"\1", 1, 0, "00" * 32)])
def test_it_knows_what_a_dictionary_would_know(entries) -> None:
    index, model = RequestIndex(), {}
    for key, position, effects, fingerprint in entries:
        assert index.get(key) == model.get(key)
        index.add(key, told(fingerprint, effects), position)
        model[key] = Known(position, effects, bytes.fromhex(fingerprint)[:8])
        assert len(index) == len(model)
    assert {key: index.get(key) for key in model} == model


def test_ten_thousand_requests_are_all_found_and_no_other() -> None:
    index, event = RequestIndex(), told("ab" * 32, 3)
    for number in range(10_000):
        index.add(hashed(number), event, number + 1)
    found = [index.get(hashed(number)) for number in range(10_000)]
    assert [known.position for known in found if known] == list(range(1, 10_001))
    assert not any(index.get(hashed(number)) for number in range(10_000, 20_000))


def test_a_part_of_two_entries_is_not_taken_for_a_request() -> None:
    index, zeros = RequestIndex(), "00" * 32
    index.add(b"\1" + b"\0" * 15, told(zeros, None), 0)
    assert index.get(b"\0" * HASH_BYTES) is None
    index.add(b"\0" * HASH_BYTES, told(zeros, 7), 9)
    assert index.get(b"\0" * HASH_BYTES) == Known(9, 7, b"\0" * 8)
    assert len(index) == 2


def test_the_table_grows_one_bucket_at_a_time_and_none_is_ever_long() -> None:
    index, event = RequestIndex(), told("ab" * 32, 3)
    for number in range(20_000):
        before = len(index._buckets)
        index.add(hashed(number), event, number + 1)
        assert len(index._buckets) - before <= 1
    assert max(sum(1 for _ in entries_in(bucket)) for bucket in index._buckets) < 6 * BUCKET_ENTRIES


@pytest.mark.parametrize("entries", [50_000, 85_000])
def test_a_request_is_remembered_in_64_bytes(entries: int) -> None:
    """Whole allocations of Python, with their rounding, however far the table has been divided."""
    event = told("ab" * 32, 3)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        index = RequestIndex()
        for number in range(entries):
            index.add(hashed(number), event, number + 1)
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (now - before) / entries <= MAX_BYTES_AN_ENTRY
