"""Events that the writer encoded itself stand in a block beside any others."""

from datetime import UTC, datetime

from ledger import codec
from ledger.domain.events import ProductDescribed
from ledger.kafka.block import GENESIS, Block, decode, encode
from ledger.recorded import OwnRecorded, Recorded

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MUG = ProductDescribed("erp", "d-1", NOON, NOON, "MUG", "Mug")


def value_of(*events: Recorded) -> bytes:
    return encode(Block("main", "w1", GENESIS, 1, NOON, {}, events))


def test_the_writers_own_events_are_written_as_anybody_elses_of_the_same_bytes():
    own = codec.recorded(MUG, MUG.stream, 1)
    assert isinstance(own, OwnRecorded)
    assert value_of(own) == value_of(Recorded(*own))


def test_what_is_no_json_is_kept_apart_also_beside_the_writers_own_events():
    own, other = codec.recorded(MUG, MUG.stream, 1), Recorded("s", 1, "t", b"}, {")
    value = value_of(own, other)
    assert b"data64" in value
    assert decode(value).events == (own, other)
