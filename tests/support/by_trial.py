"""Which events an order can take, by trying: slow, and without knowing any rule."""

from collections import defaultdict

from ledger.domain.events import (
    PaymentRecorded,
    SaleRecorded,
    SaleVoided,
)
from ledger.domain.words import sale_id
from projections.orders.fulfilment import Fulfilment
from projections.orders.order_fold import Orders
from projections.orders.order_lines import ALLOCATIONS, ORDER_LINES
from projections.projection import FoldFailed, split


def by_trial(events):
    """Which events count, and in which order, by trying: no fold fails, no quantity is below 0."""
    counted, waiting = defaultdict(list), defaultdict(list)
    taken = []
    for item in events:
        key = order_of(item[1])
        if key is None:
            taken.append(item)
            continue
        waiting[key].append(item)
        while (
            fit := next((i for i in waiting[key] if fits([*counted[key], i])), None)
        ) is not None:
            waiting[key].remove(fit)
            counted[key].append(fit)
            taken.append(fit)
    return taken


def order_of(event):
    """The order whose lines it is about."""
    if isinstance(event, SaleRecorded):
        return sale_id(event.channel, event.request_id)
    if isinstance(event, SaleVoided):
        return sale_id(event.sale_channel, event.sale_request_id)
    if type(event) not in Orders().folds and type(event) not in Fulfilment().folds:
        return None
    return None if isinstance(event, PaymentRecorded) else event.order_id


def fits(events):
    made = [Orders(limit=None), Fulfilment(limit=None)]
    try:
        for view, own in zip(made, split(made, events), strict=True):
            view.ask(own)
            view.fold(own)
    except FoldFailed:
        return False
    orders = made[0]
    for table, rows in ((ORDER_LINES, orders.lines), (ALLOCATIONS, orders.details[0])):
        for row in rows.in_order():
            said = dict(zip(table.names, row, strict=True))
            if any(isinstance(n, int) and n < 0 for n in said.values()):
                return False
            if said["short"] > said["committed"]:
                return False
    return True
