"""`onebook explain`: the events behind a number, and how they sum to it."""

from typing import Annotated, Any

import typer

from api.commands import existing, shown
from api.commands.reading import reply
from api.commands.serving import connected
from api.commands.terminal import (
    AfterOption,
    AsOfOption,
    ClockOption,
    DataOption,
    JsonOption,
    LimitOption,
    out,
    print_json,
    say,
    table,
)
from api.paths import encoded

Body = dict[str, Any]
_BELONGS = (
    "order_id",
    "line_id",
    "supply_id",
    "transfer_id",
    "return_id",
    "shipment_id",
    "hold_owner",
)


def explain(  # noqa: PLR0913  (its options)
    *,
    sku: Annotated[str, typer.Argument(help="The sku.")],
    quantity: Annotated[
        str, typer.Option(help="on_hand, committed, available, shortage … as in an item.")
    ] = "on_hand",
    location: Annotated[str | None, typer.Option(help="At one location only.")] = None,
    as_of: AsOfOption = None,
    clock: ClockOption = None,
    after: AfterOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why a quantity is what it is: the events that sum to it, newest first.

    Example: onebook explain 85123A --quantity available --as-of 2026-03-20T10:03:00Z
    """
    wanted = {"quantity": quantity, "location": location, "as_of": as_of, "clock": clock}
    path = f"/v1/inventory/{encoded(sku)}/explain"
    with connected(existing.load(data=data)) as client:
        found = reply(client, path, {**wanted, "after": after, "limit": limit})
    print_json(found) if as_json else _explained(found)


def _explained(found: Body) -> None:
    where = "all locations" if found["location"] is None else found["location"]
    say(f"{found['quantity']} of {found['sku']} at {where}: {found['value']:,}{_sum(found)}")
    columns = ("position", "effective", "recorded", "location", "type", "change", "balance")
    numbers = ("position", "change", "balance")
    entries = table(None, *columns, "of", "request", "by", numbers=numbers)
    for entry in found["items"]:
        entries.add_row(
            str(entry["position"]),
            _time(entry["effective_at"]),
            _time(entry["recorded_at"]),
            entry["location"],
            entry["type"],
            f"{entry['change']:+,}",
            f"{entry['balance']:,}",
            " ".join(entry[name] for name in _BELONGS if entry[name]),
            f"{entry['channel']} {entry['request_id']}",
            entry["actor"] or "",
        )
    out.print(entries)
    shown.more(found)


def _sum(found: Body) -> str:
    """How the parts add up, where there are several."""
    parts = found["parts"]
    if len(parts) == 1:
        return ""
    signed = (f"{'+' if p['sign'] > 0 else '-'} {p['quantity']} {p['value']:,}" for p in parts)
    return f" = {' '.join(signed).removeprefix('+ ')}"


def _time(value: str) -> str:
    """To the second: two clocks are told apart."""
    return value[:19].replace("T", " ")
