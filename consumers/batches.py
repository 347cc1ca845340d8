"""Events as the ledger's recorder gives them, decoded once for whoever folds them."""

from collections.abc import Sequence
from typing import Final

from eventsourcing.persistence import Notification

from ledger.codec import decode
from projections.projection import Batch, FoldFailed

MAX_BATCH_EVENTS: Final = 5_000


def decoded(before: int, found: Sequence[Notification]) -> Batch:
    """The events that follow position `before`.

    Raises FoldFailed where bytes cannot be read, and where positions do not follow.
    """
    batch = []
    for position, stored in enumerate(found, start=before + 1):
        if stored.id != position:
            raise FoldFailed(f"the ledger has no event at position {position}, but at {stored.id}")
        try:
            batch.append((position, decode(stored.topic, stored.state)))
        except Exception as fault:
            raise FoldFailed(
                f"the event at position {position} ({stored.topic} of {stored.originator_id}) "
                f"cannot be read: {fault}"
            ) from fault
    return batch
