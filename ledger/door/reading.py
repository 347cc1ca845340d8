"""One request, a JSON array of them, or one a line: from bytes to checked structs."""

import io
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC
from functools import cache
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from ledger.domain.requests import AnyRequest
from ledger.door.faults import Malformed, explained, request_id_of, shown
from ledger.door.fields import check_fields
from ledger.door.relations import check_relations
from ledger.door.rules import CHANNEL, plan_of
from ledger.door.wire import decode, decode_all

MAX_BATCH_REQUESTS: Final = 50_000
"""Of one array or NDJSON body; more are sent in several."""

_decode_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_request(raw: bytes) -> AnyRequest:
    """The request these bytes say, its times in UTC. Raises Malformed."""
    request = decode(raw)
    try:
        return _checked(request)
    except Malformed as fault:
        fault.request_id = request_id_of(raw)
        raise


def read_batch(raw: bytes) -> list[AnyRequest | Malformed]:
    """The requests of a JSON array, in order; a malformed one stands as its fault.

    Raises Malformed if the whole is not a JSON array or has more than MAX_BATCH_REQUESTS.
    """
    if _has_more_items(raw, MAX_BATCH_REQUESTS):
        raise _too_many()
    if (requests := decode_all(raw)) is not None:
        with suppress(Malformed):  # found again below, where it is told which request it is
            return [_checked(request) for request in requests]
    try:
        items = _decode_items(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise explained(raw, error) from None
    return _read_all((f"[{index}]", ".", bytes(item)) for index, item in enumerate(items))


def read_ndjson(raw: bytes) -> list[AnyRequest | Malformed]:
    """The requests of a body with one a line, in order; blank lines are skipped.

    A malformed one stands as its fault, its path beginning with the line number, from 1. Raises
    Malformed for more than MAX_BATCH_REQUESTS.
    """
    filled = (line for line in io.BytesIO(raw) if line.strip())
    if next(islice(filled, MAX_BATCH_REQUESTS, None), None) is not None:
        raise _too_many()
    lines = enumerate(io.BytesIO(raw), 1)
    return _read_all((f"line {number}", ": ", line) for number, line in lines if line.strip())


def channel_id(text: str) -> str:
    """The sending channel's id. Raises Malformed if it is none, or the reserved one."""
    if not CHANNEL.holds(text):
        raise Malformed(f"the channel is {shown(text)}; send {CHANNEL.asks}", "channel")
    return text


def _checked(request: AnyRequest) -> AnyRequest:
    check_fields(request)
    check_relations(request)
    return _in_utc(request)


def _read_all(items: Iterable[tuple[str, str, bytes]]) -> list[AnyRequest | Malformed]:
    found: list[AnyRequest | Malformed] = []
    for path, joint, item in items:
        try:
            found.append(read_request(item))
        except Malformed as fault:
            found.append(fault.within(path, joint))
    return found


def _has_more_items(raw: bytes, limit: int) -> bool:
    """Whether a JSON array has more items than this, found without making any beyond it.

    A list is decoded whole before its length is known, at fifty bytes and more an item, though an
    item may be two bytes as sent. A struct stops the decoder at the first item it has no field for.
    """
    if raw.count(b",") < limit or not raw.lstrip().startswith(b"["):
        return False
    try:
        msgspec.json.decode(raw, type=_row_of(limit))
    except msgspec.ValidationError:
        return True
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False  # no JSON: whoever decodes the items says where
    return False


@cache
def _row_of(length: int) -> type[msgspec.Struct]:
    """A struct that reads an array of at most so many items, of any kind."""
    items = [(f"item_{index}", msgspec.Raw, None) for index in range(length)]
    return msgspec.defstruct("Row", items, array_like=True, forbid_unknown_fields=True, gc=False)


def _too_many() -> Malformed:
    return Malformed(f"more than {MAX_BATCH_REQUESTS:,} requests; send them in several")


def _in_utc(request: AnyRequest) -> AnyRequest:
    local = {
        name: time.astimezone(UTC)
        for name in plan_of(type(request)).times
        if (time := getattr(request, name)) is not None and time.tzinfo is not UTC
    }
    return replace(request, **local) if local else request
