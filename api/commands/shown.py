"""What the commands print for people: tables of what the API answers."""

from typing import Any

from rich.text import Text

from api.commands.terminal import out, say, table
from api.pages import money

Body = dict[str, Any]
MAX_IDS = 20
"""Of one person: so many are printed."""
_QUANTITIES = ("on_hand", "committed", "reserved", "available", "incoming", "shortage")
_STATES = ("damaged", "quality_control", "safety_stock")
_LINE = (
    "ordered",
    "cancelled",
    "expired",
    "backordered",
    "committed",
    "picked",
    "ready",
    "short",
    "shipped",
    "collected",
    "delivered",
    "returned",
)
_TO_SELL = ("available_to_sell", "available_to_order")
_EXPLAINED = ("available", "buffer", "cap", "incoming", "backordered", "shortage")
_TRANSFER = ("requested", "shipped", "accepted", "damaged", "missing", "in_transit", "lost")
_SUPPLY = ("expected", "received", "incoming")
_RETURN = ("authorised", "received", "restock", "quality_control", "damaged", "scrap")
_RETURN_GONE = ("return_to_vendor", "missing")


def events(page: Body) -> None:
    """A page of events, one a line."""
    shown = table(None, "position", "type", "stream", "data", numbers=("position",))
    for event in page["items"]:
        data = {k: v for k, v in event["data"].items() if k not in _EVERY_EVENT}
        fields = " ".join(f"{name}={_short(value)}" for name, value in data.items())
        row = (str(event["position"]), event["type"], event["stream"], Text(fields))
        shown.add_row(*row)
    out.print(shown)
    more(page)


def timeline(page: Body) -> None:
    """The events of one thing, one a line."""
    shown = table(None, "position", "took effect", "type", "request", "data", numbers=("position",))
    for event in page["items"]:
        data = {k: v for k, v in event["data"].items() if k not in _EVERY_EVENT}
        request = f"{event['data']['channel']} {event['data']['request_id']}"
        fields = " ".join(f"{name}={_short(value)}" for name, value in data.items())
        when = _time(event["effective_at"])
        shown.add_row(str(event["position"]), when, event["type"], request, Text(fields))
    out.print(shown)
    _more(page)


def product(found: Body) -> None:
    """One product, as it is described."""
    gtin = f", GTIN {found['gtin']}" if found["gtin"] else ""
    say(f"{found['sku']}: {found['title']}{gtin}")
    for name, value in found["attributes"].items():
        say(f"  {name}: {value}")
    for price in found["prices"]:
        where = price.get("channel") or "every channel"
        say(f"  {money(price['price_minor'], price['currency'])} at {where}")
    by = f"{found['described_by']} {found['described_in']}"
    say(f"described by {by}, {_time(found['effective_at'])}, position {found['position']}")


def inventory(found: Body) -> None:
    """Stock items: of one sku, or a page of them."""
    columns = (*_QUANTITIES, *_STATES)
    shown = table(None, "sku", "location", *columns, numbers=columns)
    for item in found["items"]:
        shown.add_row(item["sku"], item["location"], *(_number(item[name]) for name in columns))
    out.print(shown)
    more(found)


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
    more(page)


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
        quantities = (_number(line[name]) for name in columns)
        place = _places(found, line)
        shown.add_row(line["line_id"], line["sku"], line["how"] or "", place, *quantities)
    out.print(shown)
    for part in found["shipments"]:
        by = " ".join(filter(None, (part["carrier"], part["tracking_number"])))
        say(
            f"shipment {part['shipment_id']}: line {part['line_id']}, {part['shipped']} from "
            f"{part['location']} {by}, {part['voided']} voided, {part['delivered']} delivered"
        )
    for chosen in found["sourcing"]:
        why = chosen["rule"] or chosen["cause"] or ""
        others = ", ".join(chosen["runner_up"] or ()) or "nobody"
        say(
            f"line {chosen['line_id']}: {chosen['what']}, {chosen['quantity']} from "
            f"{chosen['location']} ({why}; next: {others})"
        )


def _places(found: Body, line: Body) -> str:
    """Where a line is served from: as promised, as named, or where the sale was."""
    promised = ", ".join(each["location"] for each in line["allocations"])
    return promised or line["location"] or found["location"] or ""


def availability(page: Body) -> None:
    """What a channel may sell, a sku a row."""
    columns = (*_TO_SELL, *_EXPLAINED)
    shown = table(None, "sku", *columns, numbers=columns)
    for item in page["items"]:
        shown.add_row(item["sku"], *(_number(item[name]) for name in columns))
    out.print(shown)
    _more(page)


def availability_of(found: Body) -> None:
    """What a channel may sell of one sku, with the parts that explain it."""
    availability({"items": [found], "next": None})
    places = table(None, "location", "available", "shortage", numbers=("available", "shortage"))
    for there in found["locations"]:
        places.add_row(there["location"], _number(there["available"]), _number(there["shortage"]))
    out.print(places)
    for coming in found["coming"]:
        say(
            f"{coming['quantity']} to come to {coming['location']}, due {coming['due'] or '?'}, "
            f"by {coming['by']} {coming['source_id']}"
        )


def exceptions(page: Body) -> None:
    """What people must look at."""
    shown = table(
        None, "kind", "about", "quantity", "worth", "since", "what", numbers=("quantity", "worth")
    )
    for item in page["items"]:
        about = [item[name] for name in ("order_id", "line_id", "location", "sku", "subject")]
        shown.add_row(
            item["kind"] if item["state"] == "open" else f"{item['kind']} (resolved)",
            " ".join(part for part in about if part),
            _number(item["quantity"]),
            money(item["amount_minor"], item["currency"]),
            f"{item['opened_position']} {_time(item['opened_at'])}",
            item["detail"],
        )
    out.print(shown)
    _more(page)


def transfers(page: Body) -> None:
    """Transfers, newest first."""
    shown = table(None, "transfer", "from", "to", "state", "due", *_TRANSFER, numbers=_TRANSFER)
    for item in page["items"]:
        ends = (item["transfer_id"], item["from_location"], item["to_location"])
        state = f"{item['state']}, overdue" if item["overdue"] else item["state"]
        quantities = (_number(item[name]) for name in _TRANSFER)
        shown.add_row(*ends, state, item["due"] or "", *quantities)
    out.print(shown)
    _more(page)


def transfer(found: Body) -> None:
    """One transfer with its lines."""
    transfers({"items": [found], "next": None})
    columns = ("requested", "reserved", *_TRANSFER[1:])
    _lines(found, columns)


def supplies(page: Body) -> None:
    """Supplies, newest first."""
    shown = table(None, "supply", "location", "state", "due", *_SUPPLY, numbers=_SUPPLY)
    for item in page["items"]:
        quantities = (_number(item[name]) for name in _SUPPLY)
        place = (item["supply_id"], item["location"], item["state"], item["due"] or "")
        shown.add_row(*place, *quantities)
    out.print(shown)
    _more(page)


def supply(found: Body) -> None:
    """One supply with its lines."""
    supplies({"items": [found], "next": None})
    _lines(found, _SUPPLY, "due")


def holds(page: Body) -> None:
    """Holds, by owner and line."""
    columns = ("placed", "held")
    shown = table(None, "owner", "line", "sku", "state", "until", *columns, "at", numbers=columns)
    for item in page["items"]:
        shown.add_row(
            item["owner"],
            item["line_id"],
            item["sku"],
            _ended(item["state"], item["cause"]),
            _time(item["expires_at"]),
            *(_number(item[name]) for name in columns),
            ", ".join(f"{part['location']} {part['quantity']}" for part in item["parts"]),
        )
    out.print(shown)
    _more(page)


def _ended(state: str, cause: str | None) -> str:
    """A state, and why, where that is not the same word."""
    return state if cause in {None, state} else f"{state}: {cause}"


def authorised_return(found: Body) -> None:
    """One authorised return with its lines."""
    say(f"return {found['return_id']} of {found['order_id']}: {found['state']}")
    _lines(found, (*_RETURN, *_RETURN_GONE))


def _lines(found: Body, columns: tuple[str, ...], *texts: str) -> None:
    shown = table(None, "line", "sku", *texts, *columns, numbers=columns)
    for line in found["lines"]:
        said = (str(line[name] or "") for name in texts)
        quantities = (_number(line[name]) for name in columns)
        shown.add_row(line["line_id"], line["sku"] or "", *said, *quantities)
    out.print(shown)


def customer(found: Body) -> None:
    """One customer, as the person that they are, with what they bought and said."""
    say(
        f"customer {found['customer_id']}: {found['sales']} sales, {found['orders']} orders, "
        f"{found['returns']} returns, {found['contacts']} contacts"
    )
    _one_person(found)
    shown = table(None, "when", "what", "channel", "id", "state", "total", numbers=("total",))
    for row in found["history"]["items"]:
        shown.add_row(
            _time(row["occurred_at"]),
            row["kind"].replace("_", " "),
            row["selling_channel"] or row["means"] or row["channel"],
            row["order_id"] or row["topic"] or row["request_id"],
            row["state"] or "",
            money(row["total_minor"], row["currency"]),
        )
    out.print(shown)
    _more(found["history"])


def _one_person(found: Body) -> None:
    """The ids that are one person, where there are several."""
    if found["merged_into"] is not None:
        say(f"merged into {found['merged_into']}")
    if found["id_count"] > 1:
        ids = ", ".join(found["ids"][:MAX_IDS])
        more = f" and {found['id_count'] - MAX_IDS} more" if found["id_count"] > MAX_IDS else ""
        say(f"one person under {found['id_count']} ids: {ids}{more}")


_EVERY_EVENT = ("channel", "request_id", "occurred_at", "recorded_at")


def more(page: Body) -> None:
    """Say what goes on behind a page, if anything does, where the command takes --after."""
    if page.get("next") is not None:
        say(f"There is more: --after {page['next']}")


def _more(page: Body) -> None:
    """The same where it does not."""
    if page["next"] is not None:
        say("There is more: a higher --limit")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _time(value: str) -> str:
    return value[:16].replace("T", " ")
