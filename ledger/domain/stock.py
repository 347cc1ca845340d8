"""Stock of one sku at one location: its quantities, and how each event changes them.

The same fold serves the writer's decisions and the inventory view, so there is one truth.
"""

from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.events import (
    AnyStockEvent,
    Event,
    SafetyStockSet,
    ShortageCleared,
    ShortageFound,
    StockAdjusted,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockMoved,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.words import CountedState, StockState

Stamp = tuple[datetime, str, str]
"""(effective time, channel, request_id): of two descriptions or counts the greater is the later."""

Delta = tuple[CountedState, int]


def effective_at(event: Event) -> datetime:
    """When it took effect: its own time if it carries one, else min(occurred_at, recorded_at)."""
    given: datetime | None = getattr(event, "effective_at", None)
    return given or min(event.occurred_at, event.recorded_at)


def stamp_of(event: Event) -> Stamp:
    """What decides between two descriptions, policies or states of one thing."""
    return (min(event.occurred_at, event.recorded_at), event.channel, event.request_id)


class StockItem(Struct, frozen=True, gc=False):
    """Quantities in the sku's stock unit; on_hand, damaged and quality_control may be negative.

    `short` is how much of `committed` is marked short on order lines, `promises` how many
    promises were ever made here.
    """

    on_hand: int = 0
    damaged: int = 0
    quality_control: int = 0
    committed: int = 0
    safety_stock: int = 0
    safety_stamp: Stamp | None = None
    short: int = 0
    promises: int = 0

    @property
    def sellable(self) -> int:
        """What is there and fit for sale; negative parts count as 0."""
        sellable = self.on_hand
        if self.damaged > 0:
            sellable -= self.damaged
        if self.quality_control > 0:
            sellable -= self.quality_control
        return sellable

    @property
    def available(self) -> int:
        """What a claim may take; shown as it is, also when negative."""
        return self.sellable - self.committed - self.safety_stock

    @property
    def shortage(self) -> int:
        """Promises that the shelf cannot keep."""
        return max(0, self.committed - self.sellable)


NOTHING = StockItem()


def moved(item: StockItem, event: AnyStockEvent) -> StockItem:
    """The item after the event."""
    match event:
        case StockCommitted(quantity=quantity):
            return replace(item, committed=item.committed + quantity, promises=item.promises + 1)
        case StockUncommitted(quantity=quantity):
            return replace(item, committed=item.committed - quantity)
        case StockSold() | StockShipped() | StockCollected():
            return replace(
                item,
                on_hand=item.on_hand - event.quantity,
                committed=item.committed - event.committed,
            )
        case SafetyStockSet():
            stamp = stamp_of(event)
            if item.safety_stamp is not None and stamp < item.safety_stamp:
                return item
            return replace(item, safety_stock=event.quantity, safety_stamp=stamp)
        case ShortageFound() | ShortageCleared():
            return item
        case _:
            return _changed(item, effects_of(event))


def _changed(item: StockItem, effects: tuple[Delta, ...]) -> StockItem:
    on_hand, damaged, quality_control = item.on_hand, item.damaged, item.quality_control
    for state, delta in effects:
        if state == "on_hand":
            on_hand += delta
        elif state == "damaged":
            damaged += delta
        else:
            quality_control += delta
    return replace(item, on_hand=on_hand, damaged=damaged, quality_control=quality_control)


def effects_of(event: AnyStockEvent) -> tuple[Delta, ...]:
    """What the event changes: pairs of a counted state and a signed quantity."""
    match event:
        case StockSold() | StockShipped() | StockCollected():
            return (("on_hand", -event.quantity),)
        case StockReceived() | StockAdjusted() | StockReturned():
            return _entered(event.state, event.quantity)
        case StockSaleVoided():
            return (("on_hand", event.quantity),)
        case StockCounted():
            return ((event.state, event.variance),)
        case StockCountRevised():
            return ((event.state, event.quantity),)
        case StockMoved():
            return _part(event.from_state, -event.quantity) + _part(event.to_state, event.quantity)
        case StockCommitted() | StockUncommitted() | SafetyStockSet():
            return ()
        case ShortageFound() | ShortageCleared():
            return ()
        case _:
            assert_never(event)


def _entered(state: StockState, quantity: int) -> tuple[Delta, ...]:
    """on_hand and the state move together; `available` is the rest of on_hand."""
    return (("on_hand", quantity), *_part(state, quantity))


def _part(state: StockState, quantity: int) -> tuple[Delta, ...]:
    return () if state == "available" else ((state, quantity),)
