"""The block rule, on every interleaving of a few writers' appends and on chains that are broken."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import pytest

from ledger.head import Head
from ledger.kafka.block import GENESIS, Block, encode, hash_of
from ledger.kafka.chain import EMPTY, Chain, Checkpoint, Counted, LedgerCorrupt
from ledger.recorded import Recorded

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NETWORK = "main"


def event(stream: str = "mug", version: int = 1) -> Recorded:
    return Recorded(f"stock/{stream}", version, "stock_sold.v1", b'{"quantity":1}')


def block(head: Head, *events: Recorded, network: str = NETWORK, **changed) -> Block:
    given = {"writer": "w1", "prev": head.hash, "first": head.position + 1, "tracking": {}}
    return Block(network=network, recorded_at=NOON, events=events, **(given | changed))


def value(head: Head, *events: Recorded, **changed) -> bytes:
    return encode(block(head, *events, **changed))


def chain_of(*values: bytes | None, **given) -> Chain:
    chain = Chain(NETWORK, **given)
    for offset, one in enumerate(values, chain.next_offset):
        chain.take(offset, one)
    return chain


# Every interleaving


class Writer(NamedTuple):
    """A writer that has read the first `read` records, and what it has under way."""

    read: int = 0
    sent: int = 0
    in_flight: bytes | None = None
    certain: bool = False


class Case(NamedTuple):
    """Where an interleaving has come to."""

    writers: tuple[Writer, ...]
    log: tuple[bytes | None, ...] = ()
    won: frozenset[str] = frozenset()
    zombies: tuple[bytes, ...] = ()
    """Given up by their writers, or taken twice: each may land any time later."""
    faults: int = 0


class Bounds(NamedTuple):
    writers: int
    blocks_each: int
    faults: int
    garbage: bool = False


def other_networks_block(log: tuple[bytes | None, ...]) -> bytes:
    return value(head_of(log), event("elsewhere"), network="other")


def steps(case: Case, bounds: Bounds) -> Iterator[Case]:
    """Whatever can happen next."""
    for place, writer in enumerate(case.writers):
        for changed, after in writer_steps(case, writer, place, bounds):
            writers = (*case.writers[:place], changed, *case.writers[place + 1 :])
            yield after._replace(writers=writers)
    for place, zombie in enumerate(case.zombies):
        left = (*case.zombies[:place], *case.zombies[place + 1 :])
        yield case._replace(log=(*case.log, zombie), zombies=left)
    if bounds.garbage and case.faults < bounds.faults:
        for garbage in (None, b"{}", other_networks_block(case.log), *case.log[:1]):
            yield case._replace(log=(*case.log, garbage), faults=case.faults + 1)


def writer_steps(
    case: Case, writer: Writer, place: int, bounds: Bounds
) -> Iterator[tuple[Writer, Case]]:
    if writer.in_flight is not None:
        yield from outcomes(case, writer, writer.in_flight, bounds)
        return
    if not writer.certain or writer.read < len(case.log):
        yield writer._replace(read=len(case.log), certain=True), case
    if writer.certain and writer.sent < bounds.blocks_each:
        head = head_of(case.log[: writer.read])
        sent = decided(head, f"{place}-{writer.sent}")
        yield writer._replace(in_flight=sent, sent=writer.sent + 1), case


def outcomes(
    case: Case, writer: Writer, sent: bytes, bounds: Bounds
) -> Iterator[tuple[Writer, Case]]:
    """What may become of an append; a writer counts its block by the rule of the tip alone."""
    doubtful = writer._replace(in_flight=None, certain=False)
    landed = case._replace(log=(*case.log, sent))
    if len(case.log) == writer.read:  # the broker says: it is the next after the last you read
        named = hash_of(sent)
        confirmed = doubtful._replace(read=writer.read + 1, certain=True)
        told = confirmed, landed._replace(won=case.won | {named})
        prove_that_counting_ones_own_is_reading_it(case.log, sent)
    else:
        told = doubtful, landed
    yield told
    if case.faults == bounds.faults:
        return
    faults = case.faults + 1
    zombies = tuple(sorted((*case.zombies, sent)))
    yield doubtful, landed._replace(faults=faults)  # acknowledged nowhere
    yield doubtful, case._replace(faults=faults)  # lost
    yield doubtful, case._replace(faults=faults, zombies=zombies)  # perhaps later
    yield told[0], told[1]._replace(faults=faults, zombies=zombies)  # and perhaps once more
    twice = (*case.log, sent, sent)
    yield told[0], told[1]._replace(faults=faults, log=twice)  # told where the first one stands
    yield doubtful, landed._replace(faults=faults, log=twice)  # or the second, or nowhere


@cache
def decided(head: Head, name: str) -> bytes:
    return value(head, event(name), writer=name)


@cache
def counted_in(log: tuple[bytes | None, ...]) -> tuple[Counted, ...]:
    """What a reader from the beginning counts: proves what must hold of every log."""
    chain = Chain(NETWORK, versions={})
    counted = tuple(
        one for offset, record in enumerate(log) if (one := chain.take(offset, record)) is not None
    )
    assert [one.block.first for one in counted] == list(range(1, len(counted) + 1))
    assert len({one.block.prev for one in counted}) == len(counted), "two blocks in one slot"
    assert chain.skipped == len(log) - len(counted)
    assert chain.next_offset == len(log)
    for place, begin in enumerate(counted):
        assert read_from(begin.checkpoint, log) == counted[place + 1 :]
    return counted


def head_of(log: tuple[bytes | None, ...]) -> Head:
    counted = counted_in(log)
    return counted[-1].checkpoint.head if counted else EMPTY


def read_from(begin: Checkpoint, log: tuple[bytes | None, ...]) -> tuple[Counted, ...]:
    chain = Chain(NETWORK, begin)
    rest = enumerate(log[begin.next_offset :], begin.next_offset)
    return tuple(one for n, record in rest if (one := chain.take(n, record)) is not None)


@cache
def prove_that_counting_ones_own_is_reading_it(log: tuple[bytes | None, ...], sent: bytes) -> None:
    read = counted_in((*log, sent))[-1]
    chain = chain_of(*log)
    assert chain.won(len(log), read.block, hash_of(sent)) == read
    assert chain.next_offset == len(log) + 1


class Explored(NamedTuple):
    """How many cases, ways from the first to a last one, and logs of their own there are."""

    cases: int
    interleavings: int
    logs: int


def explore(bounds: Bounds) -> Explored:
    """Prove every case that can be reached."""
    logs: set[tuple[bytes | None, ...]] = set()

    @cache
    def interleavings(case: Case) -> int:
        logs.add(case.log)
        names = {one.checkpoint.head.hash for one in counted_in(case.log)}
        assert case.won <= names, "an acknowledged block does not count"
        return sum(interleavings(after) for after in steps(case, bounds)) or 1

    found = interleavings(Case((Writer(),) * bounds.writers))
    return Explored(interleavings.cache_info().currsize, found, len(logs))


@pytest.mark.parametrize(
    ("bounds", "explored"),
    [
        (Bounds(writers=2, blocks_each=2, faults=2), Explored(127_833, 24_938_714, 2_905)),
        (Bounds(writers=2, blocks_each=3, faults=1), Explored(192_009, 65_070_880, 9_731)),
        (Bounds(writers=3, blocks_each=1, faults=2), Explored(155_235, 1_522_377_948, 751)),
        (Bounds(writers=3, blocks_each=2, faults=0), Explored(183_486, 19_497_813_936, 4_621)),
        (Bounds(2, blocks_each=2, faults=1, garbage=True), Explored(18_756, 924_370, 1_210)),
    ],
    ids=str,
)
def test_whatever_the_order_all_readers_agree_and_no_acknowledged_block_is_lost(bounds, explored):
    """Every interleaving there is: 21 thousand million of them, through 678,067 cases.

    The numbers stand here so that nobody narrows the search without seeing it.
    """
    assert explore(bounds) == explored


# One chain


def three_blocks() -> tuple[list[bytes], list[Checkpoint]]:
    """Three blocks of two events each, and where a reader stands behind each."""
    chain, values = Chain(NETWORK), []
    for number in range(3):
        events = event(f"mug-{number}"), event(f"cup-{number}")
        values.append(value(chain.head, *events, tracking={"till": number, f"t{number}": 5}))
        chain.take(number, values[-1])
    checkpoints = [chain_of(*values[: n + 1]).checkpoint for n in range(3)]
    return values, checkpoints


def test_an_empty_ledger_stands_at_genesis():
    assert Chain(NETWORK).checkpoint == Checkpoint(0, Head(0, GENESIS), {})


def test_positions_go_on_from_block_to_block():
    values, checkpoints = three_blocks()
    assert [c.head.position for c in checkpoints] == [2, 4, 6]
    assert [c.head.hash for c in checkpoints] == [hash_of(v) for v in values]
    assert [c.next_offset for c in checkpoints] == [1, 2, 3]


def test_a_reader_knows_how_far_every_input_is_consumed():
    _, checkpoints = three_blocks()
    assert [dict(c.trackings) for c in checkpoints] == [
        {"till": 0, "t0": 5},
        {"till": 1, "t0": 5, "t1": 5},
        {"till": 2, "t0": 5, "t1": 5, "t2": 5},
    ]


def test_an_older_checkpoint_does_not_change_when_reading_goes_on():
    chain = chain_of(value(EMPTY, event(), tracking={"till": 1}))
    before = chain.checkpoint
    chain.take(1, value(chain.head, event("cup"), tracking={"till": 2}))
    assert before.trackings == {"till": 1}


def test_offsets_may_have_gaps():
    values, checkpoints = three_blocks()
    chain = Chain(NETWORK)
    for offset, one in zip((4, 9, 11), values, strict=True):
        assert chain.take(offset, one) is not None
    assert chain.head == checkpoints[-1].head
    assert chain.next_offset == chain.checkpoint.next_offset == 12


def test_a_block_without_events_stands_where_the_next_event_will():
    first = value(EMPTY, tracking={"till": 1})
    chain = chain_of(first, value(Head(0, hash_of(first)), event(), writer="w2"))
    assert (chain.head.position, chain.skipped) == (1, 0)


DEAD = {
    "a record without a value": lambda head: None,
    "an empty value": lambda head: b"",
    "no JSON": lambda head: b"hello",
    "JSON that is no block": lambda head: b'{"prev":"genesis"}',
    "another network's block": lambda head: value(head, event(), network="other"),
    "a block decided on nothing": lambda head: value(EMPTY, event(), writer="late"),
    "a block decided on an older head": lambda head: value(Head(2, "c0ffee"), event()),
    "a hash in capitals": lambda head: value(Head(head.position, head.hash.upper()), event()),
    "half a hash": lambda head: value(Head(head.position, head.hash[:32]), event()),
    "a block that breaks off": lambda head: value(head, event())[:-1],
    "a block with something behind it": lambda head: value(head, event()) + b"{}",
    "a block without a time zone": lambda head: value(head, event()).replace(b"00Z", b"00"),
    "a block in another encoding": lambda head: value(head, event("m\u00fcg")).replace(
        "\u00fc".encode(), "\u00fc".encode("latin-1")
    ),
}


@pytest.mark.parametrize("what", DEAD, ids=str)
def test_what_does_not_count_is_passed_over(what):
    values, _ = three_blocks()
    chain = chain_of(*values[:2])
    before = chain.checkpoint
    assert chain.take(2, DEAD[what](before.head)) is None
    assert (chain.checkpoint, chain.skipped, chain.next_offset) == (before, 1, 3)
    assert chain.take(3, values[2]) is not None


def test_the_same_block_twice_counts_once():
    values, checkpoints = three_blocks()
    chain = chain_of(*(one for one in values for _ in range(2)))
    assert (chain.head, chain.skipped) == (checkpoints[-1].head, 3)


def test_every_single_byte_of_a_block_is_under_its_successors_hash():
    values, _ = three_blocks()
    first, second = values[:2]
    for place in range(len(first)):
        forged = first[:place] + bytes([first[place] ^ 1]) + first[place + 1 :]
        chain = Chain(NETWORK)
        try:
            chain.take(0, forged)
            counts = chain.take(1, second) is not None
        except LedgerCorrupt:
            counts = False
        assert not counts, f"byte {place} of the first block may change unseen"


CORRUPT = {
    "a position too far": ({"first": 4}, [event("hat")]),
    "a position too near": ({"first": 2}, [event("hat")]),
    "an input that goes back": ({"tracking": {"till": 6}}, []),
    "an input that stands": ({"tracking": {"web": 1, "till": 7}}, [event("hat")]),
    "a stream that leaves one out": ({}, [event("mug", 3)]),
    "a stream that says it again": ({}, [event("hat"), event("mug", 1)]),
    "a stream that goes back": ({}, [event("mug", 0)]),
    "a stream that begins in the middle": ({}, [event("hat", 2)]),
    "a stream that begins below": ({}, [event("hat", -1)]),
    "one version twice in a block": ({}, [event("hat", 1), event("hat", 1)]),
}


@pytest.mark.parametrize("what", CORRUPT, ids=str)
def test_a_block_that_counts_and_does_not_follow_stops_every_reader(what):
    changed, events = CORRUPT[what]
    first = value(EMPTY, event("mug"), event("cup"), tracking={"till": 7})
    chain = chain_of(first, versions={})
    before = chain.checkpoint
    broken = value(chain.head, *events, **changed)
    for _ in range(2):  # asked again, it says so again: nobody skips
        with pytest.raises(LedgerCorrupt, match="offset 1 "):
            chain.take(1, broken)
        assert (chain.checkpoint, chain.next_offset) == (before, 1)


def test_a_streams_versions_begin_with_0_or_1_and_rise_by_one():
    versions = {"stock/mug": 4}
    events = [event("mug", 5), event("cup", 0), event("cup", 1), event("hat", 1), event("mug", 6)]
    chain_of(value(EMPTY, *events), versions=versions)
    assert versions == {"stock/mug": 6, "stock/cup": 1, "stock/hat": 1}


def test_without_known_versions_only_the_chain_is_proven():
    assert chain_of(value(EMPTY, event("mug", 7))).head.position == 1


def test_an_input_is_tracked_from_offset_0_on():
    assert chain_of(value(EMPTY, tracking={"till": 0})).checkpoint.trackings == {"till": 0}


def test_records_are_taken_in_their_order():
    values, _ = three_blocks()
    with pytest.raises(AssertionError, match="before 2"):
        chain_of(*values[:2]).take(1, values[2])


@pytest.mark.parametrize("offset", [0, 1, 3])
def test_ones_own_block_counts_at_the_next_offset_only(offset):
    values, _ = three_blocks()
    chain = chain_of(*values[:2])
    own = block(chain.head, event("hat"))
    with pytest.raises(AssertionError, match="is not 2"):
        chain.won(offset, own, hash_of(encode(own)))


def test_ones_own_block_counts_on_the_head_only():
    values, checkpoints = three_blocks()
    own = block(checkpoints[0].head, event("hat"))
    with pytest.raises(AssertionError, match="decided on"):
        chain_of(*values[:2]).won(2, own, hash_of(encode(own)))


def test_a_position_that_was_read_is_where_reading_goes_on():
    values, checkpoints = three_blocks()
    chain = Chain(NETWORK, checkpoints[0])
    assert chain.next_offset == 1
    assert [chain.take(n, values[n]).checkpoint for n in (1, 2)] == checkpoints[1:]
