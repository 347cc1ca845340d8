"""What the commands print for people: tables of what the API answers."""

from typing import Any

from rich.text import Text

from api.commands.terminal import out, say, table
from api.pages import money

Body = dict[str, Any]
_QUANTITIES = ("on_hand", "committed", "available", "shortage")
_STATES = ("damaged", "quality_control", "safety_stock")
_LINE = ("ordered", "cancelled", "committed", "ready", "short", "shipped", "collected", "returned")


def events(page: Body) -> None:
    """A page of events, one a line."""
    shown = table(None, "position", "type", "stream", "data", numbers=("position",))
    for event in page["items"]:
        data = {k: v for k, v in event["data"].items() if k not in _EVERY_EVENT}
        fields = " ".join(f"{name}={_short(value)}" for name, value in data.items())
        row = (str(event["position"]), event["type"], event["stream"], Text(fields))
        shown.add_row(*row)
    out.print(shown)
    _more(page, "after")


def inventory(items: list[Body]) -> None:
    """Stock items."""
    columns = (*_QUANTITIES, *_STATES)
    shown = table(None, "sku", "location", *columns, numbers=columns)
    for item in items:
        shown.add_row(item["sku"], item["location"], *(_number(item[name]) for name in columns))
    out.print(shown)


def movements(sku: str, page: Body) -> None:
    """A stock card, newest first."""
    columns = ("position", "occurred", "location", "type", "quantity", "on_hand", "request")
    shown = table(f"Stock card of {sku}", *columns, numbers=("position", "quantity", "on_hand"))
    for row in page["items"]:
        shown.add_row(
            str(row["position"]),
            _time(row["occurred_at"]),
            row["location"],
            row["type"],
            f"{row['quantity']:+,}",
            _number(row["on_hand"]),
            f"{row['channel']} {row['request_id']}",
        )
    out.print(shown)
    _more(page, "newest first")


def order(found: Body) -> None:
    """One order with its lines."""
    total = money(found["total_minor"], found["currency"])
    customer = found["customer_id"] or "guest"
    say(
        f"{found['kind']} {found['order_id']}: {found['state']}, customer {customer}, {total}, "
        f"{_time(found['occurred_at'])}"
    )
    columns = [name for name in _LINE if any(line[name] for line in found["lines"])]
    shown = table(None, "line", "sku", "how", "location", *columns, numbers=tuple(columns))
    for line in found["lines"]:
        place = line["location"] or found["location"] or ""
        quantities = (_number(line[name]) for name in columns)
        shown.add_row(line["line_id"], line["sku"], line["how"] or "", place, *quantities)
    out.print(shown)


def customer(found: Body) -> None:
    """One customer with what they bought."""
    say(
        f"customer {found['customer_id']}: {found['sales']} sales, {found['orders']} orders, "
        f"{found['returns']} returns"
    )
    shown = table(None, "when", "what", "channel", "id", "state", "total", numbers=("total",))
    for row in found["history"]["items"]:
        shown.add_row(
            _time(row["occurred_at"]),
            row["kind"],
            row["selling_channel"],
            row["order_id"] or row["request_id"],
            row["state"] or "",
            money(row["total_minor"], row["currency"]),
        )
    out.print(shown)
    _more(found["history"], "newest first")


_EVERY_EVENT = ("channel", "request_id", "occurred_at", "recorded_at")


def _more(page: Body, how: str) -> None:
    if page["next"] is not None:
        hint = f"--after {page['next']}" if how == "after" else "a higher --limit"
        say(f"There is more: {hint}")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _number(value: int) -> str:
    return f"{value:,}"


def _time(value: str) -> str:
    return value[:16].replace("T", " ")
