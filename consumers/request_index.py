"""Which requests were answered where: a bounded entry each, whatever the ids look like."""

import struct
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from ledger.domain.events import RequestAccepted, RequestRefused

HASH_BYTES: Final = 16
FINGERPRINT_BYTES: Final = 8
_ENTRY: Final = struct.Struct(f"<qi{FINGERPRINT_BYTES}s")
_REFUSED: Final = -1

Key = bytes
"""A hash of channel and request_id."""


class Known(Struct, frozen=True, gc=False):
    """Where a request was answered; `effects` is None if it was refused."""

    position: int
    effects: int | None
    fingerprint: bytes

    def same(self, fingerprint: str) -> bool:
        """Whether a request of this fingerprint has the content that was answered."""
        return self.fingerprint == _short(fingerprint)


def key_of(channel: str, request_id: str) -> Key:
    """The key of a request. A channel id has no slash, so the two cannot run together."""
    return blake2b(f"{channel}/{request_id}".encode(), digest_size=HASH_BYTES).digest()


class RequestIndex:
    """Request key to where it was answered: 36 bytes an entry beside the dict's own."""

    def __init__(self) -> None:
        self._entries: dict[Key, bytes] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: Key, event: RequestAccepted | RequestRefused, position: int) -> None:
        """Note the request of that key, whose own event stands at this position."""
        effects = _REFUSED if isinstance(event, RequestRefused) else event.effects
        entry = _ENTRY.pack(position, effects, _short(event.fingerprint))
        self._entries[key] = entry

    def get(self, key: Key) -> Known | None:
        """Where the request was answered, if it was."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        position, effects, fingerprint = _ENTRY.unpack(entry)
        return Known(position, None if effects == _REFUSED else effects, fingerprint)


def _short(fingerprint: str) -> bytes:
    return bytes.fromhex(fingerprint[: 2 * FINGERPRINT_BYTES])
