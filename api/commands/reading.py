"""`onebook events | inventory | order | …`: the views and the ledger, read over HTTP."""

from typing import Annotated, Any

import httpx
import typer

from api.commands import existing, shown
from api.commands.serving import connected
from api.commands.terminal import (
    AfterOption,
    AsOfOption,
    ClockOption,
    DataOption,
    Failure,
    JsonOption,
    LimitOption,
    print_json,
)
from api.paths import encoded
from api.settings import Settings

EventsOption = Annotated[bool, typer.Option("--events", help="The events behind it, oldest first.")]


def events(  # noqa: PLR0913  (its options)
    *,
    stream: Annotated[str | None, typer.Option(help="One stream: order/web-5001.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="One type.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Events after this position.")] = 0,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the ledger holds, event by event.

    Example: onebook events --type order_placed --limit 5
    """
    with connected(existing.load(data=data)) as client:
        page = _events(client, {"stream": stream, "type": event_type}, after, limit)
    print_json(page) if as_json else shown.events(page)


def _events(client: httpx.Client, wanted: dict[str, Any], after: int, limit: int) -> Any:
    """A page of so many events, though one call may look through a part of the ledger only."""
    found: list[Any] = []
    while True:
        query = {**wanted, "after": after, "limit": limit - len(found)}
        page = reply(client, "/v1/events", query)
        found += page["items"]
        if len(found) == limit or page["next"] is None:
            return {"items": found, "next": page["next"]}
        after = int(page["next"])


def inventory(  # noqa: PLR0913  (its options)
    *,
    sku: Annotated[str | None, typer.Argument(help="One sku; without it, the first ones.")] = None,
    location: Annotated[str | None, typer.Option(help="At one location only.")] = None,
    movements: Annotated[
        bool, typer.Option("--movements", help="The stock card: every change with its balance.")
    ] = False,
    as_of: AsOfOption = None,
    clock: ClockOption = None,
    after: AfterOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what there is, and what of it can be sold; or was, as of then.

    Example: onebook inventory 85123A --as-of 2026-03-20T10:03:00Z --clock occurred
    """
    if movements and sku is None:
        raise Failure("--movements is about one sku: onebook inventory SKU --movements")
    if movements and (as_of or clock):
        raise Failure("--movements is not as of then: onebook explain SKU --as-of says why")
    if after is not None and sku is not None and not movements and location is None:
        raise Failure("--after goes on with a list; of one sku all locations are shown")
    then, paged = {"as_of": as_of, "clock": clock}, {"after": after, "limit": limit}
    if movements and sku is not None:
        path = f"/v1/inventory/{encoded(sku)}/movements"
        page = _get(data, path, {"location": location, **paged})
        print_json(page) if as_json else shown.movements(sku, page)
    elif sku is None or location is not None:
        page = _get(data, "/v1/inventory", {"sku": sku, "location": location, **paged, **then})
        print_json(page) if as_json else shown.inventory(page)
    else:
        item = _get(data, f"/v1/inventory/{encoded(sku)}", then)
        print_json(item) if as_json else shown.inventory(item)


def order(  # noqa: PLR0913  (its options)
    *,
    order_id: Annotated[str, typer.Argument(help="An order, or a sale: sale:CHANNEL:REQUEST_ID.")],
    timeline: EventsOption = False,
    as_of: AsOfOption = None,
    clock: ClockOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one order: its label, and every quantity behind it; or what they were, as of then.

    Example: onebook order web-5001 --as-of 2026-03-20T10:03:00Z
    """
    path = f"/v1/orders/{encoded(order_id)}"
    then = {"as_of": as_of, "clock": clock}
    if timeline:
        _timeline(data, path, {**then, "limit": limit}, as_json=as_json)
        return
    found = _get(data, path, then)
    print_json(found) if as_json else shown.order(found)


def customer(  # noqa: PLR0913  (its options)
    *,
    customer_id: Annotated[str, typer.Argument(help="A customer's id.")],
    timeline: EventsOption = False,
    as_of: AsOfOption = None,
    clock: ClockOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one customer, under all their ids, and what they bought and brought back; or had then.

    Example: onebook customer 17850 --as-of 1200
    """
    path = f"/v1/customers/{encoded(customer_id)}"
    then = {"as_of": as_of, "clock": clock}
    if timeline:
        _timeline(data, path, {**then, "limit": limit}, as_json=as_json)
        return
    with connected(existing.load(data=data)) as client:
        found = reply(client, path, then)
        history = reply(client, f"{path}/history", {**then, "limit": limit})
    both = {**found, "history": history}
    print_json(both) if as_json else shown.customer(both)


def product(  # noqa: PLR0913  (its options)
    *,
    sku: Annotated[str, typer.Argument(help="The sku.")],
    timeline: EventsOption = False,
    as_of: AsOfOption = None,
    clock: ClockOption = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a product is described; or was, as of then.

    Example: onebook product 85123A --events
    """
    path = f"/v1/products/{encoded(sku)}"
    then = {"as_of": as_of, "clock": clock}
    if timeline:
        _timeline(data, path, {**then, "limit": limit}, as_json=as_json)
        return
    found = _get(data, path, then)
    print_json(found) if as_json else shown.product(found)


def _timeline(data: Any, path: str, wanted: dict[str, Any], *, as_json: bool) -> None:
    """The events of one thing, oldest first."""
    page = _get(data, f"{path}/events", wanted)
    print_json(page) if as_json else shown.timeline(page)


def availability(  # noqa: PLR0913  (its options)
    *,
    channel: Annotated[str, typer.Argument(help="The channel that wants to sell.")],
    sku: Annotated[str | None, typer.Argument(help="One sku; without it, the first ones.")] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Count what is due by this day."),
    ] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a channel may sell now, and may promise with what is to come.

    Example: onebook availability web 85123A --date 2026-03-20
    """
    path = f"/v1/availability/{encoded(channel)}"
    if sku is None:
        page = _get(data, path, {"date": day, "limit": limit})
        print_json(page) if as_json else shown.availability(page)
    else:
        found = _get(data, f"{path}/{encoded(sku)}", {"date": day})
        print_json(found) if as_json else shown.availability_of(found)


def exceptions(  # noqa: PLR0913  (its options)
    *,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    kind: Annotated[str | None, typer.Option(help="One kind: paid_short, unlinked, …")] = None,
    location: Annotated[str | None, typer.Option(help="At one location only.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what people must look at: paid but short first, then the dearest.

    Example: onebook exceptions --kind paid_short
    """
    wanted = {"state": state, "kind": kind, "location": location, "limit": limit}
    page = _get(data, "/v1/exceptions", wanted)
    print_json(page) if as_json else shown.exceptions(page)


def transfer(
    *,
    transfer_id: Annotated[
        str | None, typer.Argument(help="One transfer; without it, the latest ones.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="Of a list: in this state only.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show transfers: what is on its way, what arrived and what was lost.

    Example: onebook transfer tr-1
    """
    if transfer_id is None:
        page = _get(data, "/v1/transfers", {"state": state, "limit": limit})
        print_json(page) if as_json else shown.transfers(page)
    else:
        found = _get(data, f"/v1/transfers/{encoded(transfer_id)}")
        print_json(found) if as_json else shown.transfer(found)


def supply(
    *,
    supply_id: Annotated[
        str | None, typer.Argument(help="One supply; without it, the latest ones.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="Of a list: in this state only.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is expected from outside, when, and what of it came.

    Example: onebook supply --state overdue
    """
    if supply_id is None:
        page = _get(data, "/v1/supplies", {"state": state, "limit": limit})
        print_json(page) if as_json else shown.supplies(page)
    else:
        found = _get(data, f"/v1/supplies/{encoded(supply_id)}")
        print_json(found) if as_json else shown.supply(found)


def hold(
    *,
    owner: Annotated[str | None, typer.Argument(help="One owner: a cart, a session.")] = None,
    state: Annotated[str | None, typer.Option(help="held, released or expired.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is held, for whom, where and until when.

    Example: onebook hold cart-1
    """
    page = _get(data, "/v1/holds", {"owner": owner, "state": state, "limit": limit})
    print_json(page) if as_json else shown.holds(page)


def authorised_return(
    *,
    return_id: Annotated[str, typer.Argument(help="An authorised return.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one authorised return: what may come back, what did, and what was done with it.

    Example: onebook return r-1
    """
    found = _get(data, f"/v1/returns/{encoded(return_id)}")
    print_json(found) if as_json else shown.authorised_return(found)


def _get(data: Any, path: str, parameters: dict[str, Any] | None = None) -> Any:
    settings: Settings = existing.load(data=data)
    with connected(settings) as client:
        return reply(client, path, parameters)


def reply(client: httpx.Client, path: str, parameters: dict[str, Any] | None = None) -> Any:
    """The JSON at an address. Raises Failure with what the problem says, or that nobody answers."""
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    try:
        answer = client.get(path, params=given)
    except httpx.HTTPError as error:
        raise Failure(f"{client.base_url} does not answer: {error}") from error
    body = answer.json()
    if answer.status_code != 200:
        raise Failure(f"{body['title']}: {body['detail']}")
    return body
