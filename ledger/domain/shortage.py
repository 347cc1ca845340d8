"""Promises that the shelf cannot keep: whom a shortage hits, and who is served again (rule 1)."""

from collections.abc import Iterator
from datetime import datetime

from ledger.domain.events import AnyEvent, LineShort, ShortageCleared, ShortageFound, ShortLine
from ledger.domain.orders import Line
from ledger.domain.promises import LineKey, newest_first
from ledger.domain.state import ItemKey, State

Hits = dict[LineKey, int]


def settled(
    state: State, key: ItemKey, header: tuple[str, str, datetime, datetime]
) -> tuple[AnyEvent, ...]:
    """What makes the lines marked short add up to the item's shortage; nothing if they do.

    A shelf below zero is short of more than was promised: no line can be short of that.
    """
    item = state.stock[key]
    missing = min(item.shortage, item.committed) - item.short
    if missing == 0:
        return ()
    if missing > 0:
        hits = _hit(state, key, missing)
        found = ShortageFound(*header, *key, missing, _short_lines(hits))
        return (found, *_marks(state, hits, header))
    freed = _freed(state, key, -missing)
    cleared = ShortageCleared(*header, *key, -missing, _short_lines(freed))
    return (cleared, *_marks(state, {line: -n for line, n in freed.items()}, header))


def _hit(state: State, key: ItemKey, missing: int) -> Hits:
    """Take from the newest promise on: first what is not yet prepared, then what is ready."""
    lines = list(_promised(state, key))
    hits: Hits = {}
    for kept_ready in (True, False):
        for line_key, line in lines:
            room = line.committed - line.short - hits.get(line_key, 0)
            if kept_ready:
                room -= line.ready
            taken = min(missing, room)
            if taken > 0:
                hits[line_key] = hits.get(line_key, 0) + taken
                missing -= taken
    assert missing == 0, (key, missing)
    return hits


def _freed(state: State, key: ItemKey, freed: int) -> Hits:
    """Give back to the oldest promise first."""
    hits: Hits = {}
    for line_key, line in reversed(list(_promised(state, key))):
        given = min(freed, line.short)
        if given > 0:
            hits[line_key] = given
            freed -= given
    assert freed == 0, (key, freed)
    return hits


def _promised(state: State, key: ItemKey) -> Iterator[tuple[LineKey, Line]]:
    """The lines with something committed here, newest first, until all of it is seen."""
    item = state.stock[key]
    unseen = item.committed
    for line_key in newest_first(state.promises, state.promises_over, key, item.promises):
        if unseen <= 0:
            return
        line = state.lines[line_key]
        unseen -= line.committed
        yield line_key, line


def _short_lines(hits: Hits) -> tuple[ShortLine, ...]:
    return tuple(
        ShortLine(order_id=order_id, line_id=line_id, quantity=n)
        for (order_id, line_id), n in hits.items()
    )


def _marks(
    state: State, changes: Hits, header: tuple[str, str, datetime, datetime]
) -> Iterator[LineShort]:
    for key, change in changes.items():
        yield LineShort(*header, *key, state.lines[key].short + change)
