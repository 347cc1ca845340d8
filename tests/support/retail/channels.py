"""What a channel may sell, and who may serve a line: said anew, as in docs/concepts.md."""

from ledger.domain.decider import State
from retail.accounts import Accounts


def may_serve(state: State, key: tuple[str, str], location: str) -> bool:
    """Whether a place may serve a line that waits."""
    line = state.lines[key]
    policy = state.locations[location]
    channel = state.channels.get(state.orders[key[0]].selling_channel)
    served = None if channel is None else channel.locations
    if not policy.active or location in line.declined:
        return False
    if served is not None and location not in served:
        return False
    if line.location is not None and line.location != location:
        return False
    return policy.pickup if line.how == "pickup" else policy.ships


def may_sell(state: State, accounts: Accounts, channel: str, sku: str) -> int:
    """What is available at the locations that serve it, less its buffer, at most its cap."""
    known = state.channels.get(channel)
    served = None if known is None else known.locations
    there = sum(
        max(0, item.available)
        for (location, other), item in accounts.items.items()
        if other == sku
        and location in state.locations
        and state.locations[location].active
        and (served is None or location in served)
    )
    buffer = state.buffers.get((channel, sku))
    if buffer is None:
        return there
    to_sell = max(0, there - buffer.quantity)
    return to_sell if buffer.cap is None else min(to_sell, buffer.cap)
