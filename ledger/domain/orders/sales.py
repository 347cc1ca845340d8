"""Facts about sales and returns: recorded always, joined to what they belong to."""

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About, ItemKey, LineKey
from ledger.domain.events import (
    CollectionVoided,
    LineCollected,
    LineReturned,
    ReturnRecorded,
    SaleRecorded,
    SaleVoided,
    StockReturned,
    StockSaleVoided,
    StockSold,
)
from ledger.domain.events.orders import order_stream
from ledger.domain.holds import use_holds
from ledger.domain.orders.allocating import come_back, leave
from ledger.domain.orders.lines import Line
from ledger.domain.requests import (
    LineQuantity,
    RecordReturn,
    RecordSale,
    ReturnLine,
    SaleLine,
    VoidSale,
)
from ledger.domain.words import sale_id


def record_sale(draft: Draft, request: RecordSale) -> None:
    """The goods left with the customer; what they fulfil is collected."""
    sold = SaleRecorded(
        *draft.header,
        request.location,
        request.channel or draft.arrival.channel,
        request.lines,
        request.customer_id,
        request.currency,
        request.tender,
        request.reference,
    )
    goods = [line for line in request.lines if line.kind == "goods"]
    for line in goods:
        draft.names(request.location, line.sku)
    draft.emit(sold)
    if request.hold_owner is not None:
        use_holds(draft, request.hold_owner, _sold(request.location, goods))
    own_id = sale_id(draft.arrival.channel, request.request_id)
    early: dict[str, list[SaleLine]] = {}
    for line in goods:
        key = _order_line(line)
        if key is not None and key not in draft.state.lines:
            early.setdefault(key[0], []).append(line)
            key = None
        _sell(draft, request.location, line, key, own_id)
    for order_id, lines in early.items():
        _wait_for_order(draft, replace(request, lines=tuple(lines)), order_id)


def _sold(location: str, goods: Iterable[SaleLine]) -> dict[ItemKey, int]:
    sold: Counter[ItemKey] = Counter()
    for line in goods:
        sold[(location, line.sku)] += line.quantity
    return sold


def _wait_for_order(
    draft: Draft, fact: RecordSale | RecordReturn | VoidSale, order_id: str
) -> None:
    draft.wait(fact, order_stream(order_id), order_id=order_id)


def _order_line(line: SaleLine) -> LineKey | None:
    return None if line.fulfils is None else (line.fulfils.order_id, line.fulfils.line_id)


def _sell(draft: Draft, location: str, line: SaleLine, key: LineKey | None, own_id: str) -> None:
    item = (location, line.sku)
    if key is None:
        draft.stock(StockSold(*draft.header, *item, line.line_id, line.quantity))
        return
    committed = leave(draft, key, item, line.quantity)
    draft.stock(StockSold(*draft.header, *item, line.line_id, line.quantity, committed, *key))
    draft.emit(LineCollected(*draft.header, *key, line.quantity, location, own_id))
    draft.touch_line(key)


def join_fulfilment(draft: Draft, request: RecordSale) -> None:
    """A sale that came before the order it fulfils: what of it was not voided is collected."""
    assert draft.joining is not None, request
    own_id = sale_id(draft.joining.channel, request.request_id)
    for line in request.lines:
        key = _order_line(line)
        sold = draft.state.lines[(own_id, line.line_id)].collected
        if key is None or sold == 0:
            continue
        if key not in draft.state.lines:
            _wait_for_order(draft, replace(request, lines=(line,)), key[0])
            continue
        leave(draft, key, None, sold)
        draft.emit(LineCollected(*draft.header, *key, sold, request.location, own_id))
        draft.touch_line(key)


def void_sale(draft: Draft, request: VoidSale) -> None:
    """The sale, or lines of it, never happened: its goods are back, at the sale's own time."""
    own_id = sale_id(request.sale.channel, request.sale.request_id)
    sale = draft.state.orders.get(own_id)
    if sale is None:
        _wait_for_order(draft, request, own_id)
        return
    cuts = _voidable(draft, own_id, request)
    if not cuts:
        return
    sale_key = (request.sale.channel, request.sale.request_id)
    draft.emit(SaleVoided(*draft.header, *sale_key, cuts))
    assert sale.location is not None, own_id
    assert sale.effective_at is not None, own_id
    for cut in cuts:
        line = draft.state.lines[(own_id, cut.line_id)]
        if line.goods:
            voided = StockSaleVoided(
                *draft.header,
                sale.location,
                line.sku,
                *sale_key,
                line_id=cut.line_id,
                quantity=cut.quantity,
                effective_at=sale.effective_at,
            )
            draft.stock(voided)
            _unfulfil(draft, line, cut.quantity, own_id, sale.location)
            draft.touch_line((own_id, cut.line_id))


def _voidable(draft: Draft, own_id: str, request: VoidSale) -> tuple[LineQuantity, ...]:
    """What is still there to be voided of each line; what is asked beyond is an exception."""
    there = {
        i: draft.state.lines[(own_id, i)].collected for i in draft.state.orders[own_id].line_ids
    }
    if request.lines:
        wanted = {cut.line_id: cut.quantity or there.get(cut.line_id, 0) for cut in request.lines}
    else:
        wanted = there
    cuts = {line_id: min(n, there.get(line_id, 0)) for line_id, n in wanted.items()}
    beyond = sum(wanted.values()) - sum(cuts.values())
    if beyond > 0 or wanted.keys() - there.keys() or not any(cuts.values()):
        detail = f"asked to void more of {own_id!r} than was sold and not voided before"
        draft.exception("over_voided", detail, About(order_id=own_id), quantity=beyond)
    return tuple(LineQuantity(line_id=i, quantity=n) for i, n in cuts.items() if n > 0)


def _unfulfil(draft: Draft, line: Line, quantity: int, own_id: str, location: str) -> None:
    """A voided sale no longer fulfils its order line: what was promised is promised again."""
    key = line.fulfils
    if key is None or key not in draft.state.lines:
        return
    before = draft.state.lines[key]
    draft.emit(CollectionVoided(*draft.header, *key, quantity, own_id, location))
    come_back(draft, key, before, before.location or location)
    draft.touch_line(key)


def record_return(draft: Draft, request: RecordReturn) -> None:
    """Goods are stocked where they were handed in, in the state that their line says."""
    order_id = _origin(request)
    goods = [line for line in request.lines if line.kind == "goods"]
    for line in goods:
        draft.names(request.location, line.sku)
    returned = ReturnRecorded(
        *draft.header,
        request.location,
        request.channel or draft.arrival.channel,
        request.lines,
        order_id,
        request.customer_id,
        request.currency,
        request.tender,
        request.reference,
    )
    draft.emit(returned)
    for line in goods:
        entered = StockReturned(
            *draft.header,
            request.location,
            line.sku,
            line.line_id,
            line.quantity,
            line.state,
            order_id,
            line.lot,
            line.serial,
        )
        draft.stock(entered)
    if order_id is not None:
        link_return(draft, request)


def _origin(request: RecordReturn) -> str | None:
    if request.sale is not None:
        return sale_id(request.sale.channel, request.sale.request_id)
    return request.order_id


def link_return(draft: Draft, request: RecordReturn) -> None:
    """Count what came back on the lines it came from; what finds no line waits."""
    order_id = _origin(request)
    assert order_id is not None, request
    order = draft.state.orders.get(order_id)
    if order is None:
        _wait_for_order(draft, request, order_id)
        return
    by_sku: dict[str, list[LineKey]] = {}
    for line_id in order.line_ids:
        line = draft.state.lines[(order_id, line_id)]
        if line.goods:
            by_sku.setdefault(line.sku, []).append((order_id, line_id))
    goods = [line for line in request.lines if line.kind == "goods"]
    strays = [line for line in goods if not _line_returned(draft, line, order_id, by_sku)]
    if strays:
        _wait_for_order(draft, replace(request, lines=tuple(strays)), order_id)


def _line_returned(
    draft: Draft, line: ReturnLine, order_id: str, by_sku: dict[str, list[LineKey]]
) -> bool:
    if line.of_line_id is None:
        return _returned_by_sku(draft, line.quantity, by_sku.get(line.sku, []))
    key = (order_id, line.of_line_id)
    if key not in draft.state.lines:
        return False
    draft.emit(LineReturned(*draft.header, *key, line.quantity, named=True))
    draft.touch_line(key)
    return True


def _returned_by_sku(draft: Draft, quantity: int, keys: list[LineKey]) -> bool:
    """Fill the lines of this sku in their order, each up to its ordered quantity.

    What returns found by sku before is all that counts here, so the order of arrival does not.
    """
    for key in keys:
        line = draft.state.lines[key]
        room = min(quantity, max(0, line.ordered - line.found_by_sku))
        if key == keys[-1]:
            room = quantity
        if room > 0:
            draft.emit(LineReturned(*draft.header, *key, quantity=room))
            draft.touch_line(key)
            quantity -= room
    return bool(keys)
