"""What changed for channels, told in order: who comes back late is told all, or to begin anew."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from api.listening import Listening
from consumers.availability import ring as ring_module
from consumers.availability.ring import Change, Filter, Ring

EVERYTHING = Filter()


def change(position, sku="MUG", channel="web", at=("STORE",)):
    body = json.dumps({"channel": channel, "sku": sku, "n": position}).encode()
    return Change(position, channel, sku, None if at is None else frozenset(at), body)


def told(chunk):
    """(id or None, sku, position) of each event."""
    found = []
    for event in chunk.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in event.splitlines())
        data = json.loads(fields["data"])
        seen = int(fields["id"]) if "id" in fields else None
        found.append((seen, data["sku"], data["position"]))
    return found


def test_an_id_stands_where_everything_up_to_it_was_told():
    ring = Ring(10)
    ring.add([change(12, "B"), change(12, "A"), change(11, "C")], 15)
    chunk, number = ring.chunk(EVERYTHING, ring.number_after(10))
    assert told(chunk) == [(11, "C", 11), (None, "B", 12), (15, "A", 12)]
    assert ring.chunk(EVERYTHING, number) == (b"", number)


def test_much_is_told_in_parts_without_loss_and_no_position_is_cut(monkeypatch):
    monkeypatch.setattr(ring_module, "CHUNK_CHANGES", 3)
    ring = Ring(0)
    ring.add([change(1 + n // 2, f"S{n}") for n in range(20)], 99)
    number, found = ring.number_after(0), []
    while number < ring.next:
        chunk, number = ring.chunk(EVERYTHING, number)
        part = told(chunk)
        assert part[-1][0] is not None
        found += part
    assert [sku for _, sku, _ in found] == [f"S{n}" for n in range(20)]
    for seen, _, _ in found[:-1]:
        if seen is not None:
            resumed, _ = ring.chunk(EVERYTHING, ring.number_after(seen))
            rest = [sku for _, sku, _ in told(resumed)]
            after = [sku for _, sku, position in found if position > seen]
            assert rest == after[: len(rest)]


def test_who_was_away_too_long_cannot_resume():
    ring = Ring(0, max_changes=10)
    for position in range(1, 31):
        ring.add([change(position)], position)
    assert ring.next - ring.first == 10
    assert [ring.resumes(p) for p in (0, 19, 20, 25, 30, 31)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    assert ring.first == 20


def test_a_ring_is_bounded_by_bytes_as_well():
    ring = Ring(0, max_bytes=3 * len(change(10).body))
    for position in range(10, 20):
        ring.add([change(position)], position)
    assert ring.next - ring.first == 3


def test_what_is_told_late_is_not_lost_for_who_comes_back():
    ring = Ring(0)
    ring.add([change(5)], 9)
    number = ring.next
    ring.add([change(9, "LATE")], 9)
    assert told(ring.chunk(EVERYTHING, number)[0]) == [(9, "LATE", 9)]
    assert not ring.resumes(9), "it may have left before that was told"
    assert ring.resumes(8)
    ring.add([change(10)], 10)
    assert ring.resumes(10)


def test_a_reset_lets_nobody_resume_from_before():
    ring = Ring(0)
    ring.add([change(5)], 9)
    ring.reset(12)
    assert (ring.resumes(9), ring.resumes(12), ring.resets) == (False, True, 1)


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        (Filter(), True),
        (Filter(channels=frozenset({"web"})), True),
        (Filter(channels=frozenset({"till"})), False),
        (Filter(skus=frozenset({"CUP"})), False),
        (Filter(locations=frozenset({"STORE"})), True),
        (Filter(locations=frozenset({"DC"})), False),
        (Filter(frozenset({"web"}), frozenset({"MUG"}), frozenset({"STORE"})), True),
    ],
)
def test_a_listener_hears_of_what_it_asked_for(wanted, takes):
    assert wanted.takes(change(1)) is takes
    assert Filter(locations=frozenset({"DC"})).takes(change(1, at=None))


def listener_of(ring, seen, *, hangs=False):
    """What one listener of a ring is sent until it is let go of."""
    woken = asyncio.Event()
    listener = SimpleNamespace(wanted=EVERYTHING, woken=woken, gone=False)
    feed = SimpleNamespace(
        ring=ring,
        closing=False,
        left=[],
        resumes=lambda _wanted, position: ring.resumes(position),
        chunk=ring.chunk,
    )
    feed.leave = feed.left.append
    sent = []

    async def send(message):
        sent.append(message)
        body = message.get("body", b"")
        if b"change" in body:
            if hangs:
                await asyncio.Event().wait()
            for position in range(ring.told + 1, ring.told + 40):
                ring.add([change(position)], position)

    async def receive():
        return await asyncio.Event().wait()

    asyncio.run(Listening(feed, listener, seen)({}, receive, send))
    assert feed.left == [listener]
    return b"".join(message.get("body", b"") for message in sent)


def test_a_listener_that_takes_too_slowly_is_told_to_come_again():
    ring = Ring(0, max_changes=10)
    ring.add([change(1)], 1)
    sent = listener_of(ring, 0)
    assert sent.endswith(b"\n\n")
    last = sent.decode().split("\n\n")[-2]
    assert last.startswith("event: behind\n")
    assert "snapshot" in last
    assert "id:" not in last


def test_a_listener_that_takes_nothing_any_more_is_given_up(monkeypatch):
    monkeypatch.setattr("api.listening.SENT_WITHIN_S", 0.01)
    ring = Ring(0)
    ring.add([change(1)], 1)
    assert b"behind" not in listener_of(ring, 0, hangs=True)
