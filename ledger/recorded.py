"""One event as a ledger keeps it, whatever keeps the ledger."""

from typing import NamedTuple


class Recorded(NamedTuple):
    """`version` of its `stream`; `topic` is its type and version, `state` its bytes."""

    stream: str
    version: int
    topic: str
    state: bytes
