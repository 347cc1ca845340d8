"""Pages of a list: where the next one begins is an opaque token."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

MAX_PAGE = 1_000
MAX_TOKEN_LENGTH = 4_000
FIRST_PAGE = 2**63 - 1
"""The position before which the newest items of a list stand."""

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """Items of a list, the token of what follows (None: nothing), and the view's position."""

    items: list[T]
    next: str | None
    position: int


class BadToken(ValueError):
    """What was given as `after` is not a token that a list has given."""


def token(*key: str | int) -> str:
    """The place after the item with this key, safe in a URL."""
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def key_of(given: str, *types: type) -> list[Any]:
    """The key in a token. Raises BadToken if it is not one with parts of these types."""
    key = _parts_of(given)
    if [type(part) for part in key] != list(types) or not all(map(_storable, key)):
        raise BadToken(f"after={given[:40]!r} is not a token of this list: use its own `next`")
    return key


def first_of(given: str) -> str:
    """The first part of the key in a token. Raises BadToken if it is no text."""
    match _parts_of(given):
        case [str(first), *_]:
            return first
    raise BadToken(f"after={given[:40]!r} is not a token of this list: use its own `next`")


def _parts_of(given: str) -> list[str | int]:
    try:
        raw = urlsafe_b64decode(given[:MAX_TOKEN_LENGTH].encode("ascii") + b"=" * (-len(given) % 4))
        return msgspec.json.decode(raw, type=list[str | int])
    except ValueError:
        raise BadToken(f"after={given[:40]!r} is not a token of a list: use its `next`") from None


def _storable(part: str | int) -> bool:
    return "\0" not in part if isinstance(part, str) else 0 <= part < 2**63
