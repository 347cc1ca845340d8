"""The head of a ledger: what a decision was made on."""

import msgspec


class Head(msgspec.Struct, frozen=True):
    """The last position of a ledger, and the hash of the block that holds it.

    `position` is 0 for an empty ledger. `hash` is empty where a ledger has no blocks (PostgreSQL).
    """

    position: int
    hash: str
