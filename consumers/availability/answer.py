"""What a channel may sell and order of a sku, from what is known of it, by the domain's formula."""

from collections.abc import Iterator, Mapping
from datetime import date

from ledger.domain.entries import ChannelPolicy
from ledger.domain.sourcing.channels import to_order, to_sell
from projections.selling.availability import Availability, AvailableAt, Coming
from projections.selling.availability_parts import Place, SkuParts


def answer(  # noqa: PLR0913, PLR0917 - all that it follows from
    sku: str,
    parts: SkuParts,
    channel: str,
    policy: ChannelPolicy | None,
    places: Mapping[str, Place],
    day: date | None,
) -> Availability:
    """The same that the views say; `day`: count what is due by then, None: all that is to come."""
    served = None if policy is None else policy.locations

    def serves(location: str) -> bool:
        if served is not None and location not in served:
            return False
        place = places.get(location)
        return place is None or place.active

    there = tuple(
        AvailableAt(location, item.available, item.shortage)
        for location, item in sorted(parts.stock.items())
        if serves(location)
    )
    coming = sorted(
        (each for each in _coming(parts, sku) if serves(each.location) and _by(each, day)),
        key=lambda each: (each.due is None, each.due or date.min, each.by, each.source_id),
    )
    available = sum(site.available for site in there if site.available > 0)
    shortage = sum(site.shortage for site in there)
    incoming = sum(each.quantity for each in coming)
    waiting = sum(line.backordered for line in parts.lines.values())
    buffer = parts.buffers.get(channel)
    sellable = to_sell(available, buffer)
    return Availability(
        channel=channel,
        sku=sku,
        available_to_sell=sellable,
        available_to_order=to_order(sellable, incoming, waiting, shortage),
        available=available,
        buffer=0 if buffer is None else buffer.quantity,
        cap=None if buffer is None else buffer.cap,
        incoming=incoming,
        backordered=waiting,
        shortage=shortage,
        locations=there,
        coming=tuple(coming),
    )


def _by(coming: Coming, day: date | None) -> bool:
    return day is None or (coming.due is not None and coming.due <= day)


def _coming(parts: SkuParts, sku: str) -> Iterator[Coming]:
    """What is to come and is counted on."""
    for (supply_id, _), line in parts.supplies.items():
        if line.incoming and not line.overdue and line.sku == sku:
            yield Coming(line.due, line.location, line.incoming, "supply", supply_id)
    for (transfer_id, _), on_its_way in parts.transfers.items():
        way = parts.ways[transfer_id]
        if on_its_way.in_transit and not way.overdue:
            quantity = on_its_way.in_transit
            yield Coming(way.due, way.to_location, quantity, "transfer", transfer_id)
