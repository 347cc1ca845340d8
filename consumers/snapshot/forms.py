"""How the entries of a state stand in the store: msgpack.

A value that is a struct stands as the array of its fields: the names are the code's, and a store
that other code has written is never read (`format_id`).
"""

import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, get_type_hints

import msgspec

import ledger
from ledger.domain.entries import (
    About,
    AuthorisedLine,
    AuthorisedReturn,
    Backorder,
    Buffer,
    ChannelPolicy,
    DeadlineKey,
    ExceptionRef,
    Hold,
    ItemKey,
    LineKey,
    LocationPolicy,
    Reservation,
    Shipment,
    Source,
    Supply,
    SupplyLineState,
    Transfer,
    TransferLineState,
    Waiting,
)
from ledger.domain.orders.lines import Line, Order
from ledger.domain.stock.counts import Anchor, CountedKey
from ledger.domain.stock.item import StockItem

MAX_KEY_BYTES: Final = 480
"""The store takes 511; a longer key stands as its hash, and itself beside its value."""
_LENGTH_BYTES: Final = 4
_HASHED: Final = b"\0"  # no key begins so: msgpack says a text or an array of several
_CODE: Final = (
    "ledger/codec.py",
    "ledger/fingerprint.py",
    "ledger/domain/**/*.py",
    "consumers/snapshot/request_index.py",
    "consumers/snapshot/*.py",
)

K = TypeVar("K")
V = TypeVar("V")


class Form(Generic[K, V]):
    """How the entries of one mapping are written and read."""

    def __init__(self, key_type: Any, value_type: Any) -> None:
        self._key = msgspec.msgpack.Decoder(key_type)
        self._text = key_type is str
        self._plain, self._value = _value_form(value_type)
        self._encode = msgspec.msgpack.Encoder().encode

    def raw(self, key: K) -> bytes:
        """The key as it stands in the store."""
        raw = self._encode(key)
        return raw if len(raw) <= MAX_KEY_BYTES else hashed(raw)

    def row(self, key: K, value: V) -> tuple[bytes, bytes]:
        """Key and value as they stand in the store."""
        raw = self._encode(key)
        payload = self._encode(self._plain(value))
        if len(raw) <= MAX_KEY_BYTES:
            return raw, payload
        return hashed(raw), len(raw).to_bytes(_LENGTH_BYTES, "big") + raw + payload

    def value(self, raw: bytes, payload: bytes) -> V:
        """The value of a row."""
        if raw[:1] == _HASHED:
            payload = payload[_LENGTH_BYTES + _length(payload) :]
        value: V = self._value(payload)
        return value

    def key(self, raw: bytes, payload: bytes) -> K:
        """The key of a row, as the state has it."""
        if raw[:1] == _HASHED:
            raw = payload[_LENGTH_BYTES : _LENGTH_BYTES + _length(payload)]
        key: K = self._key.decode(raw)
        return key


def hashed(raw: bytes) -> bytes:
    """What stands for a key too long for the store."""
    return _HASHED + blake2b(raw, digest_size=32).digest()


@cache
def format_id() -> str:
    """Names the code that folds and reads a state; a snapshot of any other is not to be used.

    Not only its structs: a state folded by other rules reads well and is wrong all the same.
    """
    root = Path(ledger.__file__).parents[1]
    code = sha256(f"{sys.byteorder} {msgspec.__version__}".encode())
    for pattern in _CODE:
        for file in sorted(root.glob(pattern)):
            text = file.read_bytes()
            name = file.relative_to(root).as_posix()
            code.update(f"\0{name} {len(text)}\0".encode() + text)
    return code.hexdigest()


def _length(payload: bytes) -> int:
    return int.from_bytes(payload[:_LENGTH_BYTES], "big")


def _value_form(value_type: Any) -> tuple[Callable[[Any], Any], Callable[[bytes], Any]]:
    """How to make a value plain, and how to read it again."""
    if not (isinstance(value_type, type) and issubclass(value_type, msgspec.Struct)):
        return (lambda value: value), msgspec.msgpack.Decoder(value_type).decode
    types = get_type_hints(value_type)
    fields = tuple(types[name] for name in value_type.__struct_fields__)
    decode = msgspec.msgpack.Decoder(tuple[fields]).decode  # type: ignore[valid-type] # made here
    return msgspec.structs.astuple, lambda payload: value_type(*decode(payload))


_NUMBERED: Final = tuple[str, str, int]
"""(location, sku, number of a promise or reservation there, or of a page of them)."""

FORMS: Final[dict[str, Form[Any, Any]]] = {
    "anchors": Form(CountedKey, tuple[Anchor, ...]),
    "backordered": Form(str, int),
    "backorders": Form(str, tuple[Backorder, ...]),
    "buffers": Form(tuple[str, str], Buffer),
    "channels": Form(str, ChannelPolicy),
    "deadlines": Form(DeadlineKey, bool),
    "exceptions": Form(tuple[str, About], ExceptionRef),
    "holds": Form(tuple[str, str], Hold),
    "incoming": Form(str, tuple[Source, ...]),
    "lines": Form(LineKey, Line),
    "location_counts": Form(str, tuple[Anchor, ...]),
    "locations": Form(str, LocationPolicy),
    "numbers": Form(str, int),
    "orders": Form(str, Order),
    "owners": Form(str, tuple[str, ...]),
    "parcels": Form(tuple[str, date], int),
    "payments": Form(str, str),
    "products": Form(str, bool),
    "promises": Form(_NUMBERED, LineKey),
    "promises_over": Form(_NUMBERED, int),
    "reservations": Form(_NUMBERED, Reservation),
    "reservations_over": Form(_NUMBERED, int),
    "return_lines": Form(tuple[str, str], AuthorisedLine),
    "returns": Form(str, AuthorisedReturn),
    "shipments": Form(tuple[str, str, str], Shipment),
    "stock": Form(ItemKey, StockItem),
    "stocked": Form(str, tuple[str, ...]),
    "supplies": Form(str, Supply),
    "supply_lines": Form(tuple[str, str], SupplyLineState),
    "transfer_lines": Form(tuple[str, str], TransferLineState),
    "transfers": Form(str, Transfer),
    "versions": Form(str, int),
    "waiting": Form(str, tuple[Waiting, ...]),
}
"""By the name of the state's mapping."""
