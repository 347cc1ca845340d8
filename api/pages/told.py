"""What the pages say in words: distances, why a location serves a line, what became of an order."""

from collections.abc import Iterator
from typing import Final

from api.paths import decoded, encoded
from projections.orders.fulfilment import SourcingItem
from projections.orders.order_reads import AllocatedLine, Order
from projections.stock.movements import Movement

_RULES: Final = {
    "only": "the only way to serve it",
    "held": "where it was held for the order",
    "fewest_parcels": "fewest parcels",
    "nearest": "nearest",
    "handling_cost": "the lowest handling cost",
    "most_available": "has the most available",
    "location_id": "first by its id, all else being equal",
}
_PAGES: Final = {"transfer": "transfers", "supply": "supplies", "return": "returns"}


def distance(metres: int) -> str:
    """A distance as people say it: 800 m, 3.4 km, 121 km."""
    if metres < 1_000:
        return f"{metres} m"
    return f"{metres / 1_000:.1f} km" if metres < 10_000 else f"{metres / 1_000:,.0f} km"


def served(chosen: SourcingItem) -> str:
    """Why a line is served from a location, or is not: a sentence."""
    match chosen.what:
        case "sourced":
            return f"{chosen.quantity} from {chosen.location}: {_why(chosen)}. {_next(chosen)}"
        case "reassigned":
            return f"{chosen.quantity} from {chosen.location}: somebody reassigned it."
        case "declined":
            cause = (chosen.cause or "").replace("_", " ")
            return f"{chosen.location} declined {chosen.quantity}: {cause}."


def _why(chosen: SourcingItem) -> str:
    rule = _RULES[chosen.rule or "only"]
    return rule if chosen.distance_m is None else f"{rule}, {distance(chosen.distance_m)}"


def _next(chosen: SourcingItem) -> str:
    if chosen.runner_up is None:
        return "Nobody else could have."
    metres, several = chosen.runner_up_distance_m, len(chosen.runner_up) > 1
    how_far = "" if metres is None else f", {distance(metres)}{' in all' if several else ''}"
    return f"{' and '.join(chosen.runner_up)} would have been next{how_far}."


def stands(order: Order) -> Iterator[tuple[str, bool]]:
    """What of an order waits or went wrong: a sentence each, and whether it needs somebody."""
    for line in order.lines:
        for sentence, wrong in _line_stands(line):
            yield f"Line {line.line_id}, {line.sku}: {sentence}", wrong


def _line_stands(line: AllocatedLine) -> Iterator[tuple[str, bool]]:
    for there in line.allocations:
        if there.short:
            of = f"{there.short:,} of {there.committed:,} promised at {there.location}"
            yield f"{of} are short: the shelf cannot keep them.", True
    if line.backordered:
        day = f"promised for {line.promise}" if line.promise else "without a promised day"
        yield f"{line.backordered:,} wait for stock to come, {day}.", False
    if line.ready:
        until = f", until {line.ready_until:%Y-%m-%d %H:%M}" if line.ready_until else ""
        yield f"{line.ready:,} ready for the customer{until}.", False
    if line.expired:
        yield f"{line.expired:,} not collected in time, and available again.", False
    if line.excess:
        yield f"{line.excess:,} left beyond what was ordered.", True
    if line.over_returned:
        yield f"{line.over_returned:,} came back beyond what left.", True


def places(line: AllocatedLine, default: str | None) -> str:
    """Where a line is served from, or was; with how much, if from several."""
    parts = [(there.location, there.committed + there.left) for there in line.allocations]
    serving = [(location, quantity) for location, quantity in parts if quantity]
    if len(serving) > 1:
        return ", ".join(f"{location} {quantity:,}" for location, quantity in serving)
    return serving[0][0] if serving else line.location or default or ""


def page_of(subject: str) -> str | None:
    """The page of what a stream is of; None for streams without one."""
    kind, _, rest = subject.partition("/")
    return f"/{_PAGES[kind]}/{encoded(decoded(rest))}" if kind in _PAGES else None


def in_any_of(name: str, lines: tuple[AllocatedLine, ...]) -> bool:
    """Whether a quantity says anything about any of these lines."""
    return name == "ordered" or any(getattr(line, name) for line in lines)


def parts_moved(row: Movement) -> str:
    """What a movement did to the parts of on_hand that cannot be sold: `damaged +1`."""
    changes = {"damaged": row.damaged, "quality control": row.quality_control}
    said = ", ".join(f"{name} {change:+,}" for name, change in changes.items() if change)
    return said.replace("-", "\N{MINUS SIGN}")
