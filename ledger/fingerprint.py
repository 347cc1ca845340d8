"""By what two requests with one id are known to be the same, or not."""

from hashlib import sha256
from typing import Final

import msgspec

from ledger.domain.requests import Request

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def fingerprint(request: Request) -> str:
    """SHA-256, in hex, of what a request says: fields at their default left out, maps sorted.

    A later optional field therefore changes the fingerprint of no earlier request.
    """
    return sha256(_encode(request)).hexdigest()
