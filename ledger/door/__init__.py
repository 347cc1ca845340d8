"""The door: bytes from channels become requests here, or a `Malformed` that says what to mend.

Strict beyond the types: duplicate keys, control characters, floats, ids with stray spaces, amounts
without a currency and the like end here, so that the domain meets only requests it can decide.
"""

from ledger.door.faults import Malformed
from ledger.door.quotes import MAX_QUOTED_LINES, read_quote
from ledger.door.reading import (
    MAX_BATCH_REQUESTS,
    channel_id,
    read_batch,
    read_ndjson,
    read_request,
)
from ledger.door.wire import MAX_REQUEST_BYTES

__all__ = [
    "MAX_BATCH_REQUESTS",
    "MAX_QUOTED_LINES",
    "MAX_REQUEST_BYTES",
    "Malformed",
    "channel_id",
    "read_batch",
    "read_ndjson",
    "read_quote",
    "read_request",
]
