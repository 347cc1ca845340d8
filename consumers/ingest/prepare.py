"""From a surveyed file to requests: descriptions, opening counts, and one request an invoice."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from consumers.ingest.faults import FileFault
from consumers.ingest.table import reading
from ledger.codec import encode
from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    AnyRequest,
    CountLine,
    CountStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    RecordReturn,
    RecordSale,
    ReturnLine,
    SaleLine,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumers.ingest.mapping import Mapping
    from consumers.ingest.survey import Invoice, Survey
    from consumers.ingest.table import OnProgress, Row

OPENING_SKUS = 500
"""Skus of one opening count."""
OPENING_REFERENCE = "synthetic opening"

SoldLineType = TypeVar("SoldLineType", SaleLine, ReturnLine)


class Prepared(NamedTuple):
    """A request and the channel that sends it."""

    channel: str
    request: AnyRequest


def descriptions(mapping: Mapping, survey: Survey) -> Iterator[Prepared]:
    """What the locations, channels and products are called; nothing for a file without rows.

    The request ids are made from the contents, so the same description is the same request,
    whichever file it comes from.
    """
    if survey.earliest is None:
        return
    since = survey.earliest
    for place in {rule.location: rule for rule in mapping.locations}.values():
        location = DescribeLocation(
            request_id="",
            occurred_at=since,
            location=place.location,
            kind=place.kind,
            time_zone=place.time_zone,
            ships=place.ships,
            pickup=place.pickup,
        )
        yield _described(mapping, "location", place.location, location)
    for rule in {rule.channel: rule for rule in mapping.channels}.values():
        channel = DescribeChannel(
            request_id="", occurred_at=since, channel=rule.channel, kind=rule.kind
        )
        yield _described(mapping, "channel", rule.channel, channel)
    for sku, (occurred_at, _, title) in sorted(survey.tally.titles.items()):
        product = DescribeProduct(request_id="", occurred_at=occurred_at, sku=sku, title=title)
        yield _described(mapping, "product", sku, product)


def _described(mapping: Mapping, what: str, name: str, request: AnyRequest) -> Prepared:
    contents = sha256(encode(request)).hexdigest()[:32]
    request_id = f"{what}:{name[:64]}:{contents}"
    return Prepared(mapping.sender, msgspec.structs.replace(request, request_id=request_id))


def openings(mapping: Mapping, survey: Survey) -> Iterator[Prepared]:
    """Counts of what must have been there at the start, one second before the earliest row."""
    if survey.earliest is None:
        return
    counted_at = survey.earliest - timedelta(seconds=1)
    number = 0
    for location, items in groupby(sorted(survey.tally.balances), key=lambda item: item[0]):
        skus = (sku for _, sku in items)
        while some := list(islice(skus, OPENING_SKUS)):
            number += 1
            yield Prepared(
                mapping.sender,
                CountStock(
                    request_id=opening_id(survey, number),
                    occurred_at=counted_at,
                    reference=OPENING_REFERENCE,
                    location=location,
                    scope="named",
                    lines=tuple(
                        CountLine(sku=sku, quantity=survey.tally.balances[location, sku].opening)
                        for sku in some
                    ),
                ),
            )


def opening_id(survey: Survey, number: int) -> str:
    """The request_id of one opening count: the same for the same file and mapping."""
    return f"opening:{survey.digest}:{number}"


def requests(
    mapping: Mapping, survey: Survey, on_progress: OnProgress | None = None
) -> Iterator[Prepared]:
    """Read the file once more: each invoice's request as soon as its last row is read.

    Raises FileFault if the file is not what was surveyed.
    """
    build = _builder(mapping)
    held: dict[str, list[Row]] = {}
    with reading(survey.file, mapping, "importing", on_progress) as read:
        for record in read.records:
            number = read.table.invoice(record)
            invoice = survey.invoices.get(number) if number else None
            if invoice is None:
                continue
            row = read.table.row(record)
            rows = held.setdefault(row.invoice, [])
            rows.append(row)
            if len(rows) == invoice.rows:
                yield Prepared(invoice.decided.channel, build(invoice, held.pop(row.invoice)))
        if held or read.source.digest.hexdigest() != survey.content:
            raise FileFault(f"{survey.file}: changed while it was imported; import it again")


def _builder(mapping: Mapping) -> Callable[[Invoice, list[Row]], AnyRequest]:
    currency = mapping.price.currency if mapping.price else None
    default_reason = mapping.adjustment.default_reason

    def build(invoice: Invoice, rows: list[Row]) -> AnyRequest:
        match invoice.decided.kind:
            case "sale":
                return _sale(invoice, rows, currency)
            case "return":
                return _return(invoice, rows, currency)
            case "adjustment":
                reason = next((row.reason for row in rows if row.reason), default_reason)
                return _adjustment(invoice, rows, reason)

    return build


def _sale(invoice: Invoice, rows: list[Row], currency: str | None) -> RecordSale:
    return RecordSale(
        request_id=rows[0].invoice,
        occurred_at=invoice.occurred_at,
        location=invoice.place,
        customer_id=invoice.customer_id,
        currency=currency,
        lines=_lines(SaleLine, rows, invoice.decided.sign),
    )


def _return(invoice: Invoice, rows: list[Row], currency: str | None) -> RecordReturn:
    return RecordReturn(
        request_id=rows[0].invoice,
        occurred_at=invoice.occurred_at,
        location=invoice.place,
        customer_id=invoice.customer_id,
        currency=currency,
        lines=_lines(ReturnLine, rows, invoice.decided.sign),
    )


def _lines(line: type[SoldLineType], rows: list[Row], sign: int) -> tuple[SoldLineType, ...]:
    """A line a row, numbered in their order."""
    return tuple(
        line(
            line_id=str(number),
            sku=row.sku,
            quantity=row.quantity * sign,
            kind="service" if row.service else "goods",
            unit_price_minor=row.price_minor,
        )
        for number, row in enumerate(rows, 1)
    )


def _adjustment(invoice: Invoice, rows: list[Row], reason: str) -> AdjustStock:
    sign = invoice.decided.sign
    return AdjustStock(
        request_id=rows[0].invoice,
        occurred_at=invoice.occurred_at,
        location=invoice.place,
        reason=reason,
        lines=tuple(
            AdjustLine(line_id=str(number), sku=row.sku, quantity=row.quantity * sign)
            for number, row in enumerate(rows, 1)
        ),
    )
