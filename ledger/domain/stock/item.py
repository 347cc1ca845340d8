"""Stock of one sku at one location: its quantities, and how each event changes them.

The same fold serves the writer's decisions and the inventory view, so there is one truth.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.events import (
    AnyStockEvent,
    Event,
    SafetyStockSet,
    ShortageCleared,
    ShortageFound,
    StockAdjusted,
    StockArrived,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockExpected,
    StockMoved,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockSaleVoided,
    StockSent,
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
    StockWrittenOut,
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

    `short` is how much of `committed` is marked short on order lines; `promises` and
    `reservations` are how many were ever made here.
    """

    on_hand: int = 0
    damaged: int = 0
    quality_control: int = 0
    committed: int = 0
    safety_stock: int = 0
    safety_stamp: Stamp | None = None
    short: int = 0
    promises: int = 0
    reserved: int = 0
    reservations: int = 0
    incoming: int = 0

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
        return self.sellable - self.committed - self.reserved - self.safety_stock

    @property
    def shortage(self) -> int:
        """Promises that the shelf cannot keep."""
        return max(0, self.committed + self.reserved - self.sellable)


NOTHING = StockItem()


def moved(item: StockItem, event: AnyStockEvent) -> StockItem:
    """The item after the event."""
    return _MOVED[type(event)](item, event)


def effects_of(event: AnyStockEvent) -> tuple[Delta, ...]:
    """What the event changes: pairs of a counted state and a signed quantity."""
    return _EFFECTS[type(event)](event)


def _committed(item: StockItem, event: StockCommitted) -> StockItem:
    return replace(item, committed=item.committed + event.quantity, promises=item.promises + 1)


def _uncommitted(item: StockItem, event: StockUncommitted) -> StockItem:
    return replace(item, committed=item.committed - event.quantity)


def _reserved(item: StockItem, event: StockReserved) -> StockItem:
    return replace(
        item, reserved=item.reserved + event.quantity, reservations=item.reservations + 1
    )


def _released(item: StockItem, event: StockReleased) -> StockItem:
    return replace(item, reserved=item.reserved - event.quantity)


def _expected(item: StockItem, event: StockExpected) -> StockItem:
    return replace(item, incoming=item.incoming + event.quantity)


def _sent(item: StockItem, event: StockSent) -> StockItem:
    return replace(
        item, on_hand=item.on_hand - event.quantity, reserved=item.reserved - event.reserved
    )


def _left(item: StockItem, event: StockSold | StockShipped | StockCollected) -> StockItem:
    return replace(
        item, on_hand=item.on_hand - event.quantity, committed=item.committed - event.committed
    )


def _policy_set(item: StockItem, event: SafetyStockSet) -> StockItem:
    stamp = stamp_of(event)
    if item.safety_stamp is not None and stamp < item.safety_stamp:
        return item
    return replace(item, safety_stock=event.quantity, safety_stamp=stamp)


def _unchanged(item: StockItem, _event: ShortageFound | ShortageCleared) -> StockItem:
    return item


def _quantities(item: StockItem, event: AnyStockEvent) -> StockItem:
    on_hand, damaged, quality_control = item.on_hand, item.damaged, item.quality_control
    for state, delta in effects_of(event):
        if state == "on_hand":
            on_hand += delta
        elif state == "damaged":
            damaged += delta
        else:
            quality_control += delta
    return replace(item, on_hand=on_hand, damaged=damaged, quality_control=quality_control)


_MOVED: Final[dict[type, Callable[[StockItem, Any], StockItem]]] = {
    SafetyStockSet: _policy_set,
    ShortageCleared: _unchanged,
    ShortageFound: _unchanged,
    StockAdjusted: _quantities,
    StockArrived: _quantities,
    StockCollected: _left,
    StockCommitted: _committed,
    StockCountRevised: _quantities,
    StockCounted: _quantities,
    StockExpected: _expected,
    StockMoved: _quantities,
    StockReceived: _quantities,
    StockReleased: _released,
    StockReserved: _reserved,
    StockReturned: _quantities,
    StockSaleVoided: _quantities,
    StockSent: _sent,
    StockShipmentVoided: _quantities,
    StockShipped: _left,
    StockSold: _left,
    StockUncommitted: _uncommitted,
    StockWrittenOut: _quantities,
}


def _nothing(_event: AnyStockEvent) -> tuple[Delta, ...]:
    return ()


def _went(event: StockSold | StockShipped | StockCollected | StockSent) -> tuple[Delta, ...]:
    return (("on_hand", -event.quantity),)


def _came(event: StockReceived | StockAdjusted | StockReturned) -> tuple[Delta, ...]:
    return _entered(event.state, event.quantity)


def _came_back(event: StockSaleVoided | StockShipmentVoided) -> tuple[Delta, ...]:
    return (("on_hand", event.quantity),)


def _arrived(event: StockArrived) -> tuple[Delta, ...]:
    came: tuple[Delta, ...] = (("on_hand", event.quantity),)
    return (*came, ("damaged", event.damaged)) if event.damaged else came


def _written_out(event: StockWrittenOut) -> tuple[Delta, ...]:
    return _entered(event.state, -event.quantity)


def _counted(event: StockCounted) -> tuple[Delta, ...]:
    return ((event.state, event.variance),)


def _revised(event: StockCountRevised) -> tuple[Delta, ...]:
    return ((event.state, event.quantity),)


def _changed_state(event: StockMoved) -> tuple[Delta, ...]:
    return _part(event.from_state, -event.quantity) + _part(event.to_state, event.quantity)


_EFFECTS: Final[dict[type, Callable[[Any], tuple[Delta, ...]]]] = {
    SafetyStockSet: _nothing,
    ShortageCleared: _nothing,
    ShortageFound: _nothing,
    StockAdjusted: _came,
    StockArrived: _arrived,
    StockCollected: _went,
    StockCommitted: _nothing,
    StockCountRevised: _revised,
    StockCounted: _counted,
    StockExpected: _nothing,
    StockMoved: _changed_state,
    StockReceived: _came,
    StockReleased: _nothing,
    StockReserved: _nothing,
    StockReturned: _came,
    StockSaleVoided: _came_back,
    StockSent: _went,
    StockShipmentVoided: _came_back,
    StockShipped: _went,
    StockSold: _went,
    StockUncommitted: _nothing,
    StockWrittenOut: _written_out,
}


def _entered(state: StockState, quantity: int) -> tuple[Delta, ...]:
    """on_hand and the state move together; `available` is the rest of on_hand."""
    return (("on_hand", quantity), *_part(state, quantity))


def _part(state: StockState, quantity: int) -> tuple[Delta, ...]:
    return () if state == "available" else ((state, quantity),)
