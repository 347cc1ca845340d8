r"""Bytes to one request, exactly: what the JSON decoder lets through is caught here.

The decoder keeps the last of duplicate keys and lets DEL, C1 and escaped control characters pass.
To walk through every request in Python would triple its cost, so cheap exact tests decide who
needs it:

- A dropped duplicate takes a comma with it. A comma within a string stands in the bytes as itself,
  unless written `\u002c`. So without that, a request encoded again has as many commas as were
  sent, or less: a duplicate was dropped, or a field at its default is left out. Which of them, the
  document itself tells, encoded again without a type.
- The decoder refuses raw C0 in strings itself. What remains needs a DEL, a byte beyond ASCII or an
  escape.
"""

import json
import re
from typing import Any, Final

import msgspec

from ledger.domain.requests import AnyRequest
from ledger.door.faults import Malformed, clipped, explained, request_id_of, shown

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Of one request, as sent."""

_DECODER: Final[msgspec.json.Decoder[AnyRequest]] = msgspec.json.Decoder(AnyRequest)
_encode: Final = msgspec.json.Encoder().encode
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BEYOND_C0: Final = re.compile(r"[\x7f-\x9f]")
_ESCAPED_CONTROL: Final = re.compile(rb"\\(?:[bfnrt]|u00(?:[01]|7[fF]|[89]))")


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
    if _may_repeat_a_key(raw, request) or _may_hold_a_control(raw):
        _look_closely(raw)
    return request


def _may_repeat_a_key(raw: bytes, request: AnyRequest) -> bool:
    """Never false for a request that does."""
    if b"\\u002" in raw:
        return True
    commas = raw.count(b",")
    if commas == _encode(request).count(b","):
        return False
    return commas != _encode(msgspec.json.decode(raw)).count(b",")


def _may_hold_a_control(raw: bytes) -> bool:
    """Never false for a request that does."""
    if b"\\" in raw and _ESCAPED_CONTROL.search(raw):
        return True
    if raw.isascii():
        return b"\x7f" in raw
    return _CONTROL_BEYOND_C0.search(raw.decode()) is not None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, duplicates included."""


def _look_closely(raw: bytes) -> None:
    """Slow, and only for what is suspicious: raises Malformed if there is a fault, and where."""
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
    elif isinstance(value, str) and _CONTROL.search(value):
        raise Malformed(f"{shown(value)} holds a control character; remove it", path)


def _walk_object(pairs: _Pairs, path: str) -> None:
    seen: set[str] = set()
    for key, value in pairs:
        at = f"{path}.{clipped(key)}" if path else clipped(key)
        if key in seen:
            raise Malformed(f"the key {shown(key)} stands twice in one object; keep one", at)
        seen.add(key)
        _walk(key, path)
        _walk(value, at)
