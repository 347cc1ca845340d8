"""Laws of inputs: every record of a requests topic is consumed once, by the block that says so."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from chaos.answers import named
from chaos.diary import Key
from chaos.evidence import DeadLetter, Evidence, InputRefused, Violation
from ledger.door import Malformed, read_request
from ledger.fingerprint import fingerprint

Place = tuple[str, int, int]
"""Topic, offset, index of the item; -1: the whole record."""
CHANNEL_BEGINS = ".requests."
SPACE = b" \t\r\n"


class Item(Struct, frozen=True):
    """One item of a record: the request that it is, or None if it cannot be read."""

    index: int
    raw: bytes
    key: Key | None
    fingerprint: str | None


def items_of(channel: str, value: bytes) -> list[Item]:
    """What a record asks: one request or an array of them. Index -1: nothing can be read."""
    if not value.lstrip(SPACE).startswith(b"["):
        return [_item(channel, 0, value)]
    try:
        found = msgspec.json.decode(value, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [Item(-1, value, None, None)]
    return [_item(channel, index, bytes(raw)) for index, raw in enumerate(found)]


def _item(channel: str, index: int, raw: bytes) -> Item:
    try:
        request = read_request(raw)
    except Malformed:
        return Item(index, raw, None, None)
    return Item(index, raw, (channel, request.request_id), fingerprint(request))


def inputs_are_consumed(evidence: Evidence) -> Iterator[Violation]:
    """Each topic is consumed to its end; each item is answered or refused as an input."""
    refused = _refused(evidence)
    for topic, records in evidence.inputs.items():
        reached = evidence.ledger.tracking.get(topic, 0)
        if reached != len(records):
            says = f"is consumed to {reached}, and has {len(records)} records"
            yield Violation("inputs", says, (topic,))
        channel = topic.split(CHANNEL_BEGINS, 1)[1]
        passed = _passed(evidence, topic)
        for offset, value in records[:reached]:
            for item in items_of(channel, value):
                yield from _consumed(evidence, (topic, offset), item, passed[offset], refused)


def _consumed(
    evidence: Evidence,
    record: tuple[str, int],
    item: Item,
    passed_at: int,
    refused: dict[Place, InputRefused],
) -> Iterator[Violation]:
    """A readable item is answered no later than the block that passes its record."""
    place = (*record, item.index)
    decision = evidence.by_key.get(item.key) if item.key else None
    if decision is not None and decision.own.fingerprint == item.fingerprint:
        if decision.position > passed_at:
            says = f"answered at {decision.position}, its input passed at {passed_at}"
            yield Violation("inputs", says, (*map(str, place), named(decision.key)))
        if place in refused:
            says = f"is answered at {decision.position} and refused as an input"
            yield Violation("inputs", says, (*map(str, place), named(decision.key)))
    elif place not in refused and (*record, -1) not in refused:
        what = "was passed without an answer" if item.key else "is unreadable and was not refused"
        ids = (*map(str, place), *([named(item.key)] if item.key else []))
        yield Violation("inputs", what, ids)


def _passed(evidence: Evidence, topic: str) -> list[int]:
    """For each record of a topic the last position of the block that passes it."""
    found: list[int] = []
    for block in evidence.ledger.blocks:
        reached = block.tracking.get(topic, 0)
        found += [block.last] * (reached - len(found))
    return found


def _refused(evidence: Evidence) -> dict[Place, InputRefused]:
    return {(e.topic, e.offset, e.index): e for e in evidence.refused_inputs}


def refused_inputs_are_kept(evidence: Evidence) -> Iterator[Violation]:
    """Each refused input is one that was sent, refused once, and its bytes are a dead letter."""
    letters = {_place_of(letter): letter for letter in evidence.dead_letters}
    seen: set[Place] = set()
    for refused in evidence.refused_inputs:
        place = (refused.topic, refused.offset, refused.index)
        ids = tuple(map(str, place))
        if place in seen:
            yield Violation("dead letters", "refused twice", ids)
        seen.add(place)
        letter = letters.get(place)
        if letter is None:
            yield Violation("dead letters", "refused, and no dead letter holds its bytes", ids)
            continue
        digest = sha256(letter.value).hexdigest()
        if not refused.sha256 == letter.headers.get("onebook-sha256") == digest:
            yield Violation("dead letters", "the letter holds other bytes than were refused", ids)
        if letter.value not in _sent(evidence, place):
            yield Violation("dead letters", "the letter holds bytes that were not sent", ids)


def _sent(evidence: Evidence, place: Place) -> list[bytes]:
    """The bytes that may stand in a dead letter: those of the record, or of its item."""
    topic, offset, index = place
    records = evidence.inputs.get(topic, ())
    if not 0 <= offset < len(records):
        return []
    value = records[offset][1]
    items = items_of(topic.split(CHANNEL_BEGINS, 1)[1], value)
    return [value, *(item.raw for item in items if item.index == index)]


def _place_of(letter: DeadLetter) -> Place:
    headers = letter.headers
    return (
        headers.get("onebook-topic", ""),
        int(headers.get("onebook-offset", "-1")),
        int(headers.get("onebook-index", "-1")),
    )


def published_is_there(evidence: Evidence) -> Iterator[Violation]:
    """What Kafka acknowledged to a client is in the topic, at the offset that it was told."""
    for entry in evidence.diaries.published:
        records = evidence.inputs.get(entry.topic, ())
        ids = (entry.topic, str(entry.offset), *entry.request_ids)
        if entry.offset >= len(records):
            yield Violation("topics", "an acknowledged record is gone", ids)
            continue
        found = items_of(entry.channel, records[entry.offset][1])
        if [item.key and item.key[1] for item in found] != entry.request_ids:
            yield Violation("topics", "another record stands at an acknowledged offset", ids)
    for rubbish in evidence.diaries.rubbish:
        records = evidence.inputs.get(rubbish.topic, ())
        there = rubbish.offset < len(records)
        if not there or sha256(records[rubbish.offset][1]).hexdigest() != rubbish.sha256:
            ids = (rubbish.topic, str(rubbish.offset))
            yield Violation("topics", "an acknowledged record is gone or changed", ids)
