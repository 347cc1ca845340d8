"""What the writer itself asks for, when a deadline has passed (channel `onebook`)."""

from typing import Literal

from ledger.domain.requests.base import Request

DeadlineKind = Literal["backorder", "hold", "pickup", "supply", "transfer"]


class DeadlinePassed(Request, frozen=True, kw_only=True, tag="deadline_passed"):
    """A deadline has passed: occurred_at is the deadline. No door lets one in."""

    kind: DeadlineKind
    id: str
    line_id: str
