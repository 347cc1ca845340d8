r"""Bytes to one request, exactly: what the JSON decoder lets through is caught here.

The decoder is strict about JSON, types and unknown fields, but keeps the last of duplicate keys.
To look at every key in Python would double the door's cost, so a cheap exact test decides where
that is needed. A dropped duplicate takes a comma with it, and a comma within a string stands in
the bytes as itself, unless written `\u002c`. So without that, a request encoded again has as many
commas as were sent, or less: a duplicate was dropped, or a field at its default is left out. Which
of them, the document itself tells, decoded and encoded again without a type.
"""

import json
from typing import Any, Final

import msgspec

from ledger.domain.requests import AnyRequest
from ledger.door.faults import Malformed, clipped, explained, request_id_of, shown

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Of one request, as sent."""

_DECODER: Final[msgspec.json.Decoder[AnyRequest]] = msgspec.json.Decoder(AnyRequest)
_ARRAY: Final[msgspec.json.Decoder[list[AnyRequest]]] = msgspec.json.Decoder(list[AnyRequest])
_encode: Final = msgspec.json.Encoder().encode


def decode_all(raw: bytes) -> list[AnyRequest] | None:
    """The requests of a JSON array, as `decode` gives each, in a fraction of the time.

    None if they must be decoded one by one: for what is wrong with one of them, or their size.
    """
    if len(raw) > MAX_REQUEST_BYTES:
        return None
    try:
        requests = _ARRAY.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None if _may_repeat_a_key(raw, requests) else requests


def decode(raw: bytes) -> AnyRequest:
    """The request these bytes say; its values are not checked yet. Raises Malformed."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise Malformed(
            f"{len(raw):,} bytes; a request has at most {MAX_REQUEST_BYTES:,}: send several"
        )
    try:
        request = _DECODER.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise explained(raw, error) from None
    if _may_repeat_a_key(raw, request):
        refuse_repeated_keys(raw)
    return request


def _may_repeat_a_key(raw: bytes, request: AnyRequest | list[AnyRequest]) -> bool:
    """Never false for a request that does; of an array: for one in which some request does.

    No request of an array can make up for what another lost: none has more commas than were sent.
    """
    if b"\\u002" in raw:
        return True
    commas = raw.count(b",")
    if commas == _encode(request).count(b","):
        return False
    return commas != _encode(msgspec.json.decode(raw)).count(b",")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, duplicates included."""


def refuse_repeated_keys(raw: bytes) -> None:
    """Raise Malformed for the first key that stands twice, if one does."""
    try:
        _walk(json.loads(raw.decode(), object_pairs_hook=_Pairs), "")
    except Malformed as fault:
        fault.request_id = None if fault.path == "request_id" else request_id_of(raw)
        raise


def _walk(value: object, path: str) -> None:
    if isinstance(value, _Pairs):
        _walk_object(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, f"{path}[{index}]")


def _walk_object(pairs: _Pairs, path: str) -> None:
    seen: set[str] = set()
    for key, value in pairs:
        at = f"{path}.{clipped(key)}" if path else clipped(key)
        if key in seen:
            raise Malformed(f"the key {shown(key)} stands twice in one object; keep one", at)
        seen.add(key)
        _walk(value, at)
