"""Whether lines may be served at all: what stands against them before stock is looked at."""

from collections.abc import Iterable

from ledger.domain.events import RefusedLine
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import OrderLine
from ledger.domain.sourcing.channels import ChannelView, view_of
from ledger.domain.state import State
from ledger.domain.words import Reason


def servable(state: State, view: ChannelView, goods: Iterable[OrderLine]) -> bool:
    """Whether nothing but stock can stand against lines that name their locations."""
    sites, products = view.sites, state.products
    for line in goods:
        site = sites.get(line.location or "")
        if site is None or line.sku not in products:
            return False
        if (line.how == "ship" and not site.ships) or (line.how == "pickup" and not site.pickup):
            return False
    return True


def why_not(state: State, channel: str, goods: Iterable[OrderLine]) -> Refusal | None:
    """The first reason that stands against the lines, and all that it hits."""
    hits: Hits = {}
    for line in goods:
        detail = RefusedLine(line_id=line.line_id, sku=line.sku, location=line.location)
        for reason in _reasons(state, channel, line):
            hits.setdefault(reason, []).append(detail)
    return first_of(hits)


def _reasons(state: State, channel: str, line: OrderLine) -> Iterable[Reason]:
    if line.sku not in state.products:
        yield Reason.UNKNOWN_SKU
    sites = view_of(state, channel).sites
    if line.location is None:
        if line.how in {"pickup", "carry_out"}:
            yield Reason.LOCATION_REQUIRED
        elif not view_of(state, channel).shipping:
            yield Reason.NOT_SERVED
        return
    policy = state.locations.get(line.location)
    if policy is None:
        yield Reason.UNKNOWN_LOCATION
        return
    if not policy.active:
        yield Reason.LOCATION_INACTIVE
    hands_over = {"ship": policy.ships, "pickup": policy.pickup}.get(line.how or "", True)
    if not hands_over or (policy.active and line.location not in sites):
        yield Reason.NOT_SERVED
