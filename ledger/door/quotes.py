"""Questions for a quote: read as an order would be, by the same rules."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ledger.domain.requests import PlaceOrder
from ledger.domain.sourcing.quoting import AskQuote
from ledger.door.faults import Malformed, explained, shown
from ledger.door.reading import read_request
from ledger.door.wire import MAX_REQUEST_BYTES, refuse_repeated_keys

MAX_QUOTED_LINES: Final = 200
_FIELDS: Final = frozenset(AskQuote.__struct_fields__)
_COMMON: Final[dict[str, Any]] = {
    "type": "place_order",
    "request_id": "quote",
    "order_id": "quote",
    "occurred_at": datetime(2000, 1, 1, tzinfo=UTC),
}


def read_quote(raw: bytes) -> PlaceOrder:
    """The order that a quote is asked for. Raises Malformed.

    Its ids and its time are nobody's: they say nothing.
    """
    if len(raw) > MAX_REQUEST_BYTES:
        raise Malformed(f"{len(raw):,} bytes; a quote has at most {MAX_REQUEST_BYTES:,}")
    try:
        asked = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise explained(raw, error) from None
    if not isinstance(asked, dict):
        raise Malformed("a quote is asked for by one JSON object")
    refuse_repeated_keys(raw)
    unknown = next((name for name in asked if name not in _FIELDS), None)
    if unknown is not None:
        raise Malformed(f"a quote has no field {shown(unknown)}; it has {_listed()}", unknown[:60])
    request = _as_order(asked)
    if len(request.lines) > MAX_QUOTED_LINES:
        raise Malformed(f"a quote has at most {MAX_QUOTED_LINES} lines; ask for several", "lines")
    return request


def _as_order(asked: dict[str, Any]) -> PlaceOrder:
    try:
        request = read_request(msgspec.json.encode({**_COMMON, **asked}))
    except Malformed as fault:
        fault.request_id = None
        raise
    assert isinstance(request, PlaceOrder), request
    return request


def _listed() -> str:
    return ", ".join(AskQuote.__struct_fields__)
