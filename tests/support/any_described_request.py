"""What may be said about products, locations, channels, payments and customers."""

from any_parts import (
    CUSTOMERS,
    Kind,
    Kinds,
    channels,
    customers,
    delivered,
    distinct,
    locations,
    orders,
    said,
    sale_ids,
    skus,
    some_line_ids,
)
from hypothesis import strategies as st

from ledger.domain.requests import (
    BufferLine,
    ClaimGuestOrders,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    RecordContact,
    RecordPayment,
    RegisterCustomer,
    SafetyLine,
    SetChannelBuffer,
    SetSafetyStock,
    UnmergeCustomers,
    WithdrawConsent,
)

safety_lines = distinct(
    skus, st.integers(0, 2), part=SafetyLine, names=("sku", "quantity"), unique=1
)
buffer_lines = distinct(
    delivered,
    st.integers(0, 2),
    st.none() | st.integers(0, 9),
    part=BufferLine,
    names=("sku", "quantity", "cap"),
    unique=1,
)
OPEN = dict.fromkeys(("active", "ships", "pickup"), st.just(True))  # noqa: FBT003
FREE = {name: st.sampled_from((True, True, True, True, False)) for name in OPEN}
SERVED = st.lists(locations, unique=True).map(tuple)
PLACED = st.sampled_from((
    {},
    {"latitude_udeg": 52_520_008, "longitude_udeg": 13_404_954},
    {"latitude_udeg": 48_137_154, "longitude_udeg": 11_576_124},
))  # fmt: skip
COSTS = st.none() | st.integers(0, 3)


def _location(**may: st.SearchStrategy[bool]) -> Kind:
    fields = st.fixed_dictionaries({
        "location": locations, "kind": st.just("store"), "time_zone": st.sampled_from(("UTC", "Europe/Berlin")),
        "handling_cost_minor": COSTS, **may,
    })  # fmt: skip
    return Kind(
        DescribeLocation, st.tuples(fields, PLACED).map(lambda told: {**told[0], **told[1]})
    )


def _payment(states: tuple[str, ...], lines: st.SearchStrategy[tuple[str, ...]]) -> Kind:
    return said(
        RecordPayment,
        order_id=orders,
        payment_id=st.sampled_from(("p1", "p2")),
        state=st.sampled_from(states),
        amount_minor=st.integers(0, 5),
        currency=st.just("EUR"),
        lines=lines,
    )


OTHER_FACTS: Kinds = (
    said(DescribeProduct, sku=skus, title=st.sampled_from(("one", "two"))),
    said(SetSafetyStock, location=locations, lines=safety_lines),
    said(SetChannelBuffer, channel=channels, lines=buffer_lines),
    _payment(("authorised", "captured", "failed"), st.just(())),
    _payment(("captured", "refunded"), some_line_ids),
    said(DescribeChannel, channel=channels, kind=st.just("web")),
)
OPENING: Kinds = (*OTHER_FACTS, _location(**OPEN))
CLOSING: Kinds = (
    *OTHER_FACTS,
    _location(**FREE, daily_capacity=st.none() | st.integers(0, 3)),
    said(DescribeChannel, channel=channels, kind=st.just("web"), locations=SERVED),
)
"""Descriptions that may close a location, or take it from a channel."""

two_customers = st.permutations(CUSTOMERS).map(lambda two: {"customer_id": two[0], "into": two[1]})
_about = st.fixed_dictionaries(
    {"customer_id": st.none() | customers, "order_id": st.none() | orders | sale_ids}
).filter(lambda about: any(about.values()))
_contacts = st.sampled_from(("whatsapp", "social", "phone", "store"))
contacts = st.tuples(_about, _contacts).map(lambda told: {**told[0], "means": told[1]})
purposes = st.just("newsletter")
CUSTOMER_FACTS: Kinds = (
    said(RegisterCustomer, customer_id=customers),
    said(LinkIdentity, customer_id=customers, scheme=st.just("loyalty"), identity=st.sampled_from(("7", "8"))),
    Kind(MergeCustomers, two_customers),
    Kind(MergeCustomers, two_customers),
    said(UnmergeCustomers, customer_id=customers),
    said(ClaimGuestOrders, customer_id=customers, order_ids=st.lists(orders | sale_ids, min_size=1, max_size=2, unique=True).map(tuple)),
    Kind(RecordContact, contacts),
    said(GiveConsent, customer_id=customers, purpose=purposes),
    said(WithdrawConsent, customer_id=customers, purpose=purposes),
)  # fmt: skip
