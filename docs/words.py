"""The words of the generated reference that stand in no struct."""

from typing import Final

REQUESTS_INTRODUCTION: Final = """\
What a channel sends to `POST /v1/requests`: one of these objects, a JSON array of them, or one a
line (NDJSON). A **fact** happened already and is always recorded, also when it contradicts the
books. A **claim** asks for something and may be refused.

What is not in these tables is refused as malformed (422), and nothing of it is recorded: unknown
fields, duplicate keys, floats, control characters, times without an offset. A field that may be
left out may also be `null`. One request has at most 10,000 lines and 4 MiB. Ids have 1 to 128
printable characters without a space at either end, and are not `.` or `..`, which no address can
name; other texts have 1 to 1,000 characters. Amounts are whole numbers of the currency's minor
unit. A `currency` stands once, beside `lines`, and is required when a line has a price, a tax or a
cost; lines added to an order are in the order's own. A day is written `2026-03-08`, of the years
1900 to 9998, and is over at midnight of the place it is said of.

Each example below is valid as it stands: a test sends it through the door."""

EVENTS_INTRODUCTION: Final = """\
What the ledger keeps: immutable, in one order, each at its position. The events of one request
stand together: first `request_accepted` or `request_refused`, then its effects. Input over Kafka
that cannot be read as a request leaves `input_refused`.

An event's bytes are the JSON of its fields in the order below, without those at their default. A
published version never changes: a new meaning is a new version. A part of a stream's name has `%`
and `/` percent-encoded. Unless an event has an `effective_at`, a movement is effective at the
earlier of `occurred_at` and `recorded_at`.

What the writer does when a deadline has passed is a request of its own channel `onebook`: its
`request_accepted` has the kind `deadline_passed`, its request_id is `{kind}:{id}:{line}:{deadline}`
and its `occurred_at` the deadline. No sender may use that channel, nor send such a request."""

EVENT_WORDS: Final = {
    "channel": "Who sent the request.",
    "request_id": "The request this event is a consequence of.",
    "occurred_at": "When it happened, by the channel's clock, in UTC.",
    "recorded_at": "When it was recorded, by the writer's clock, in UTC; never goes back.",
    "RequestAccepted.kind": "The request's type.",
    "RequestRefused.kind": "The request's type.",
    "order_id": "The order; of a recorded sale its id among the orders, `sale:…`.",
    "line_id": "The line of the request, or of the order.",
    "quantity": "How many of the sku's stock unit.",
    "LocationDescribed.kind": "What the place is.",
    "ChannelDescribed.kind": "What the channel is.",
    "StockCounted.state": "What was counted: all that is there, or one unsellable part of it.",
    "StockCountRevised.state": "What the count had counted.",
    "PaymentRecorded.state": "What became of the payment.",
    "PaymentRecorded.lines": "The lines paid for; absent: all.",
    "fingerprint": "SHA-256 of the request: by it a repeat is told from other content.",
    "effects": "How many events follow that are consequences of this request.",
    "RequestRefused.reason": "Why: the first reason that holds.",
    "details": "Every line that the refusal hits, with the numbers.",
    "StockAdjusted.quantity": "Signed: what on_hand changed by.",
    "counted": "What was there.",
    "expected": "What the books said at the count's effective time.",
    "variance": "counted - expected; after a revision: what it is from now on.",
    "count_channel": "Who sent the count.",
    "count_request_id": "The count's request.",
    "counted_at": "The count's effective time.",
    "StockCountRevised.quantity": "Signed: what the counted quantity changes by.",
    "committed": "How much of a promise at this location the goods took along.",
    "sale_channel": "Who sent the sale.",
    "sale_request_id": "The sale's request.",
    "effective_at": "When the movement counts as having happened, if not as usual.",
    "StockReturned.order_id": "The order, or `sale:{channel}:{request_id}`, if one was named.",
    "ReturnRecorded.order_id": "The order, or `sale:{channel}:{request_id}`, if one was named.",
    "order_line_id": "The line of that order.",
    "held_for": "What it is held for: an owner's cart, or a transfer.",
    "holder": "The owner, or the transfer's id.",
    "StockReleased.cause": "Why it is no longer held; short: the shelf could not keep it.",
    "by": "Whether a supply brings it, or a transfer.",
    "source_id": "The supply's id, or the transfer's.",
    "StockExpected.line_id": "The line of that supply or transfer.",
    "StockExpected.quantity": "Signed: what is on its way here changed by so much.",
    "StockSent.reserved": "How much of it the transfer had reserved here.",
    "StockArrived.quantity": "What came, damaged or not.",
    "StockArrived.damaged": "How much of it is damaged.",
    "StockWrittenOut.quantity": "How much leaves the books; below zero: it came back after all.",
    "StockWrittenOut.cause": "Why it leaves the books.",
    "StockUncommitted.cause": "Why the promise ended.",
    "StockUncommitted.picked": "How much of it was picked: the location puts it back.",
    "SafetyStockSet.quantity": "What is held back from now on.",
    "ShortageFound.quantity": "How much more the shelf cannot keep.",
    "ShortageFound.lines": "Whom it hits.",
    "ShortageFound.reservations": "Which holds and transfers it hits.",
    "ShortageCleared.quantity": "How much more the shelf can keep again.",
    "ShortageCleared.lines": "Who is served again.",
    "LocationCounted.named": "How many count lines the request had.",
    "described": "The channel that is described.",
    "ChannelBufferSet.quantity": "How much of the sku it leaves to other channels from now on.",
    "ContactRecorded.order_id": "The order it was about; a sale as `sale:{channel}:{request_id}`.",
    "ReturnAuthorised.order_id": "The order, or `sale:{channel}:{request_id}`.",
    "selling_channel": "The channel that sold, which may be another than the sender.",
    "SaleVoided.lines": "What of the sale was still there to be voided.",
    "OrderChanged.added": "The new lines.",
    "OrderPlaced.allow_split": "What named no location may be served from several.",
    "OrderLineSourced.location": "The location that was chosen.",
    "rule": "Which rule decided; only: it was the only one; held: it was held there.",
    "distance_m": "Its distance from the destination in whole metres, where both are known.",
    "day": "The location's local day on which this parcel counts; absent: it was counted before.",
    "RunnerUp.locations": "The one location, or the several.",
    "OrderLineReassigned.location": "The location that serves it from now on.",
    "promise": "The day on which it was promised; absent: none could be named.",
    "promised_until": "When that day is over where it is due.",
    "backordered": "How much of it was waiting for stock.",
    "OrderLineCancelled.cause": "Asked for, or not there when the order allowed a part.",
    "LineCollected.sale_id": "The sale that fulfilled the line, if one did.",
    "CollectionVoided.sale_id": "The sale that never happened.",
    "CollectionVoided.location": "Where it was sold.",
    "PickupExpired.until": "When it was no longer kept.",
    "HoldPlaced.location": "The location it named; absent: the writer chose.",
    "HoldReleased.cause": "Why it is no longer held; short: the shelf could not keep it.",
    "due_until": "When that day is over, at the location it is due at.",
    "supply_id": "The supply.",
    "StockReceived.supply_id": "The supply it came from.",
    "SupplyReceived.location": "Where it was received, expected there or not.",
    "SupplyRescheduled.line_ids": "The lines that come on that day.",
    "SupplyCancelled.line_ids": "The lines that will not come.",
    "TransferRequested.from": "The location it leaves.",
    "TransferRequested.to": "The location it goes to.",
    "TransferReceived.accepted": "Fit for sale.",
    "TransferReceived.damaged": "Damaged on the way.",
    "TransferReceived.missing": "Sent, said the papers, and not there.",
    "short": "How much of the line the shelf cannot keep from now on; 0 when it can again.",
    "LineReturned.named": "Whether the return named this line; else it was found by its sku.",
    "number": "The exception's number within its request.",
    "InputRefused.topic": "The topic of the input.",
    "offset": "The record's offset in that topic.",
    "index": "The item's place in a record that is an array, from 0; -1 for the whole record.",
    "sha256": "SHA-256 of its bytes, by which the dead letter is found.",
    "InputRefused.reason": "What is wrong with it.",
    "InputRefused.detail": "What is wrong, in words that its sender can act on.",
    "ExceptionRaised.kind": "What people must look at.",
    "ExceptionResolved.kind": "What people no longer need to look at.",
    "detail": "What is wrong, in words.",
    "ExceptionRaised.state": "The part of on_hand that is hit.",
    "ExceptionResolved.state": "The part of on_hand that was hit.",
    "ExceptionRaised.quantity": "How much is hit.",
    "subject": "What it is about, as a stream, where that is no order, location or sku.",
    "fact": "The request that waits to be joined.",
    "fact_channel": "Who sent the fact, if it had waited before.",
    "raised_channel": "Whose request raised the exception.",
    "raised_request_id": "The request that raised it.",
    "RefusedLine.transfer_id": "The transfer asked about, or the one that has the id already.",
    "RefusedLine.return_id": "The return that has the id already.",
    "StockShipmentVoided.quantity": "How many; below zero: another parcel of it never left.",
    "RefusedLine.line_id": "The line that is hit; absent: the request as a whole.",
    "asked": "The quantity asked for, over all lines of this sku and location.",
    "available": "What is there to be had.",
    "ShortLine.quantity": "How much of the line is hit.",
    "ShortReservation.quantity": "How much of it is hit.",
}
"""By field, or `Type.field` where a name means more than what the requests say of it."""
