"""What holds of goods that come, go and come back, after every request: beside `invariants`."""

from collections import Counter
from collections.abc import Iterable

from ledger.domain.events import AnyEvent, StockArrived, StockSent
from ledger.domain.state import State


def incoming_agrees(state: State) -> None:
    """What an item expects is what supplies and transfers bring; what is awaited has its day."""
    incoming: Counter[tuple[str, str]] = Counter()
    brings: Counter[tuple[str, tuple[str, str, str]]] = Counter()
    for key, supply in state.supply_lines.items():
        assert supply.received >= 0, (key, supply)
        coming = 0 if supply.cancelled else max(0, supply.expected - supply.received)
        incoming[(supply.location, supply.sku)] += coming
        brings[(supply.sku, ("supply", *key))] += coming > 0
        if coming and supply.due_until is not None and not supply.overdue:
            assert (supply.due_until, "supply", *key) in state.deadlines, (key, supply)
    for key, transfer in state.transfer_lines.items():
        destination = state.transfers[key[0]].to_location
        incoming[(destination, transfer.sku)] += transfer.in_transit
        brings[(transfer.sku, ("transfer", *key))] += transfer.in_transit > 0
    for item_key, item in state.stock.items():
        assert item.incoming == incoming.pop(item_key, 0), (item_key, item)
    assert not any(incoming.values()), f"comes to nobody: {incoming}"
    brought = Counter((sku, source) for sku, known in state.incoming.items() for source in known)
    assert brought == +brings, (brought, brings)
    waits = {key[2:] for key in state.deadlines if key[1] == "supply"}
    assert waits <= {key for key, line in state.supply_lines.items() if line.incoming}, waits


def transfers_are_whole(state: State, events: Iterable[AnyEvent]) -> None:
    """Rule 10: what left and did not arrive is on its way or lost, and ends at exactly zero."""
    away: Counter[tuple[str, str]] = Counter()
    for event in events:
        if isinstance(event, StockSent):
            away[(event.transfer_id, event.line_id)] += event.quantity
        elif isinstance(event, StockArrived):
            away[(event.transfer_id, event.line_id)] -= event.quantity
    for key, line in state.transfer_lines.items():
        transfer = state.transfers[key[0]]
        arrived = line.accepted + line.damaged
        on_its_way = max(0, line.shipped - arrived - line.missing)
        assert line.in_transit == (0 if transfer.closed else on_its_way), (key, line)
        assert line.lost == line.shipped - arrived - line.in_transit, (key, line)
        assert away.pop(key, 0) == line.in_transit + line.lost, (key, line)
        assert 0 <= line.reserved <= line.requested, (key, line)
        if transfer.closed or transfer.cancelled:
            assert line.reserved == 0, (key, line)
    assert not any(away.values()), f"moved by no transfer: {away}"


def returns_agree(state: State) -> None:
    """What may still come back of a line is what its returns leave open."""
    may: Counter[tuple[str, str]] = Counter()
    for (return_id, line_id), authorised in state.return_lines.items():
        assert min(authorised.open, authorised.received) >= 0, (return_id, authorised)
        may[(state.returns[return_id].order_id, line_id)] += authorised.open
    for key, line in state.lines.items():
        assert line.authorised == may.pop(key, 0), (key, line)
    assert not may, f"may come back, from nowhere: {may}"
