"""What may be said about stock, supply and transfers."""

from any_parts import (
    Kind,
    Kinds,
    chosen,
    chosen_with,
    days_due,
    delivered,
    distinct,
    lines_of,
    locations,
    new_transfers,
    numbered,
    quantities,
    said,
    skus,
    some_line_ids,
    states,
    supplies,
    transfers,
    two_ends,
)
from hypothesis import strategies as st

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    ArrivedLine,
    CancelSupply,
    CancelTransfer,
    CloseTransfer,
    CountLine,
    CountStock,
    ExpectSupply,
    LineQuantity,
    MoveLine,
    MoveStock,
    ReceiptLine,
    ReceiveStock,
    ReceiveTransfer,
    RequestTransfer,
    RescheduleSupply,
    ShipTransfer,
    SupplyLine,
    TransferLine,
)

count_lines = distinct(
    skus, st.sampled_from(("on_hand", "on_hand", "damaged", "quality_control")), st.integers(0, 5),
    part=CountLine, names=("sku", "state", "quantity"), unique=2,
)  # fmt: skip
whole_counts = distinct(
    skus, st.integers(0, 5), part=CountLine, names=("sku", "quantity"), unique=1, least=0
)
moves = st.permutations(("available", "damaged", "quality_control"))
move_lines = numbered(
    st.tuples(skus, quantities, moves).map(
        lambda m: (
            lambda line_id: MoveLine(
                line_id=line_id, sku=m[0], quantity=m[1], from_state=m[2][0], to_state=m[2][1]
            )
        )
    )
)
few = st.integers(0, 3)
arrived_lines = chosen_with(
    ArrivedLine,
    st.fixed_dictionaries({"accepted": few, "damaged": few, "missing": few}).filter(
        lambda told: any(told.values())
    ),
)

STOCK_FACTS: Kinds = (
    said(ReceiveStock, location=locations, lines=lines_of(ReceiptLine, sku=skus, quantity=st.integers(1, 9), state=states)),
    said(AdjustStock, location=locations, reason=st.just("found"), lines=lines_of(AdjustLine, sku=skus, quantity=st.integers(-4, 4).filter(bool), state=states)),
    said(MoveStock, location=locations, lines=move_lines),
    said(CountStock, location=locations, scope=st.just("named"), lines=count_lines),
    said(CountStock, location=locations, scope=st.just("location"), lines=whole_counts),
)  # fmt: skip
SUPPLY_FACTS: Kinds = (
    said(ExpectSupply, supply_id=supplies, location=locations, due=st.none() | days_due, lines=lines_of(SupplyLine, sku=delivered, quantity=st.integers(1, 9))),
    said(ReceiveStock, supply_id=supplies, location=locations, lines=lines_of(ReceiptLine, sku=delivered, quantity=st.integers(1, 9))),
    said(RescheduleSupply, supply_id=supplies, due=days_due, line_ids=some_line_ids),
    said(CancelSupply, supply_id=supplies, line_ids=some_line_ids),
)  # fmt: skip
"""Supplies are received by the lines they were expected by, often."""
TRANSFER_FACTS: Kinds = (
    said(ShipTransfer, transfer_id=transfers, lines=chosen(LineQuantity)),
    said(ShipTransfer, transfer_id=transfers, lines=chosen(LineQuantity)),
    said(ReceiveTransfer, transfer_id=transfers, lines=arrived_lines),
    said(ReceiveTransfer, transfer_id=transfers, lines=arrived_lines),
    said(CloseTransfer, transfer_id=transfers),
)


def transfer_request(
    transfer_ids: st.SearchStrategy[str] = new_transfers,
    ends: st.SearchStrategy[list[str]] = two_ends,
) -> Kind:
    """A transfer from one place to another."""

    def with_ends(drawn: tuple[list[str], dict[str, object]]) -> dict[str, object]:
        [source, destination], told = drawn
        return {"from_location": source, "to_location": destination, **told}

    lines = lines_of(TransferLine, sku=delivered, quantity=quantities)
    told = {"transfer_id": transfer_ids, "lines": lines, "due": st.none() | days_due}
    return Kind(RequestTransfer, st.tuples(ends, st.fixed_dictionaries(told)).map(with_ends))


TRANSFER_CLAIMS: Kinds = (
    transfer_request(),
    transfer_request(),
    said(CancelTransfer, transfer_id=transfers),
)
