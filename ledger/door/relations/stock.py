"""What is said about stock makes sense: moves change something, counts are clear."""

from ledger.domain.requests import (
    AdjustStock,
    CountStock,
    InspectReturn,
    MoveStock,
    ReceiveTransfer,
    RequestTransfer,
)
from ledger.door.faults import Malformed, shown
from ledger.door.relations.lines import has_some, name_twin


def states_change(request: MoveStock) -> None:
    """A move has two different states."""
    for index, line in enumerate(request.lines):
        if line.from_state == line.to_state:
            raise Malformed(
                f"from and to are both {line.to_state}; a move changes the state",
                f"lines[{index}].to",
            )


def dispositions_change(request: InspectReturn) -> None:
    """An inspection has two different dispositions."""
    for index, line in enumerate(request.lines):
        if line.from_disposition == line.to:
            raise Malformed(
                f"from and to are both {line.to}; an inspection decides something else "
                "(from is quality_control when it is left out)",
                f"lines[{index}].to",
            )


def sent_elsewhere(request: RequestTransfer) -> None:
    """A transfer has two different ends."""
    if request.from_location == request.to_location:
        raise Malformed(
            f"from and to are both {shown(request.to_location)}; a transfer goes to another "
            "location (use move_stock for a change of state within one)",
            "to",
        )


def something_arrived(request: ReceiveTransfer) -> None:
    """Each line of a receipt says something."""
    for index, line in enumerate(request.lines):
        if line.accepted + line.damaged + line.missing == 0:
            raise Malformed(
                "nothing is accepted, damaged or missing; send at least one of them above 0, or "
                "leave the line out",
                f"lines[{index}].accepted",
            )


def says_why(request: AdjustStock) -> None:
    """An adjustment has a reason."""
    if request.reason is None:
        raise Malformed(
            "`reason` is missing; say why stock is adjusted (shrinkage, found, damage, …)",
            "reason",
        )


def counts_are_clear(request: CountStock) -> None:
    """Named counts name something; nothing is counted twice, nor a part without its whole."""
    if request.scope == "named":
        has_some("lines")(request)
    name_twin((f"{line.sku} ({line.state})" for line in request.lines), "lines", "sku")
    if request.scope == "location":
        whole = {line.sku for line in request.lines if line.state == "on_hand"}
        for index, line in enumerate(request.lines):
            if line.sku not in whole:
                raise Malformed(
                    f"{line.state} of {shown(line.sku)} is counted, but not its on_hand, which a "
                    "count of the whole location would take as 0; add an on_hand line",
                    f"lines[{index}].sku",
                )
