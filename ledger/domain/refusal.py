"""Why a claim is refused: a value, not an exception."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ledger.domain.events import RefusedLine
from ledger.domain.words import Reason


class Refusal(Struct, frozen=True, gc=False):
    """The first reason that holds, and every line that it hits, with the numbers."""

    reason: Reason
    details: tuple[RefusedLine, ...]


Hits = dict[Reason, list[RefusedLine]]
"""What stands against a claim, by reason."""


def first_of(hits: Mapping[Reason, Iterable[RefusedLine]]) -> Refusal | None:
    """The first reason that holds wins."""
    for reason in Reason:
        if hits.get(reason):
            return Refusal(reason, tuple(hits[reason]))
    return None
