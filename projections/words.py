"""Words that the views add to those of the domain."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

Moment = datetime
"""UTC."""

Position = Annotated[int, Meta(description="Position of its event in the ledger.")]
OccurredAt = Annotated[datetime, Meta(description="When it happened, by the channel's clock.")]
RecordedAt = Annotated[datetime, Meta(description="When the ledger took it in, by its own clock.")]
EffectiveAt = Annotated[
    datetime, Meta(description="When it took effect: the earlier of occurred_at and recorded_at.")
]
Sender = Annotated[str, Meta(description="The channel that sent it.")]
SellingChannel = Annotated[str, Meta(description="The channel that sold it.")]
TotalMinor = Annotated[
    int,
    Meta(
        description="Sum of unit price times quantity over the priced lines, services included, "
        "in minor units of `currency`; null where no line has a price.",
        extra={"sql": "numeric"},
    ),
]
ListedOrderId = Annotated[
    str,
    Meta(description="The order's id; of a recorded sale `sale:{channel}:{request_id}`."),
]
ListedOrderKind = Annotated[
    Literal["order", "sale"],
    Meta(description="order: placed as a claim; sale: recorded after the goods had left."),
]
