"""Rule 13: of two words on a customer the later counts, whichever arrives first."""

from datetime import timedelta

from books import START, Books
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.requests import (
    ClaimGuestOrders,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    UnmergeCustomers,
    WithdrawConsent,
)
from projections.customers.customer_links import CustomerLinks
from projections.projection import split

LATER = START + timedelta(days=1)
MINUTES = 3
"""How far what happened lies apart: much happens at the same instant."""

people = st.sampled_from(("c-1", "c-2", "c-3"))
purposes = st.sampled_from(("newsletter", "profiling"))
orders = st.lists(st.sampled_from(("A", "B", "sale:till:s-1")), min_size=1, unique=True).map(tuple)
words = st.one_of(
    st.tuples(st.just(UnmergeCustomers), st.fixed_dictionaries({"customer_id": people})),
    st.tuples(
        st.just(MergeCustomers), st.fixed_dictionaries({"customer_id": people, "into": people})
    ).filter(lambda said: said[1]["customer_id"] != said[1]["into"]),
    st.tuples(
        st.just(LinkIdentity),
        st.fixed_dictionaries(
            {"customer_id": people, "scheme": st.just("card"), "identity": purposes}
        ),
    ),
    st.tuples(
        st.sampled_from((GiveConsent, WithdrawConsent)),
        st.fixed_dictionaries({"customer_id": people, "purpose": purposes}),
    ),
    st.tuples(
        st.just(ClaimGuestOrders),
        st.fixed_dictionaries({"customer_id": people, "order_ids": orders}),
    ),
)
said = st.tuples(words, st.sampled_from(("crm", "web")), st.integers(0, MINUTES))


def links(arrivals, batch):
    """What the view holds after these have arrived, folded so many events at a time."""
    books = Books()
    for second, (number, ((request_type, fields), channel, minute)) in enumerate(arrivals):
        occurred_at = START + timedelta(minutes=minute)
        request = request_type(request_id=f"r-{number}", occurred_at=occurred_at, **fields)
        books.take(channel, request, LATER + timedelta(seconds=second))
    view = CustomerLinks(limit=None)
    [own] = split([view], list(enumerate(books.events, 1)))
    for first in range(0, len(own), batch):
        view.ask(own[first : first + batch])
        view.fold(own[first : first + batch])
        view.settle()
    # A row's last column is the position, which is that of the arrival.
    return {rows.table.name: [row[:-1] for row in rows.in_order()] for rows in view.kept}


@settings(max_examples=300)
@given(
    st.lists(said, min_size=2, max_size=12), st.randoms(use_true_random=False), st.integers(1, 4)
)
def test_words_on_customers_in_any_order_and_batching_end_with_the_same_links(
    words_said, chance, batch
):
    arrivals = list(enumerate(words_said))
    shuffled = chance.sample(arrivals, len(arrivals))
    assert links(shuffled, batch) == links(arrivals, 100)


@given(st.lists(said, min_size=1, max_size=12))
def test_the_word_that_counts_on_a_merge_is_the_latest_by_time_then_channel_then_request(
    words_said,
):
    latest = {}
    for number, ((request_type, fields), channel, minute) in enumerate(words_said):
        if request_type in {MergeCustomers, UnmergeCustomers}:
            stamp = (minute, channel, f"r-{number}")
            before = latest.get(fields["customer_id"])
            if before is None or stamp > before[0]:
                latest[fields["customer_id"]] = (stamp, fields.get("into"))
    kept = links(list(enumerate(words_said)), 100)["customer_merges"]
    assert {row[0]: row[1] for row in kept} == {name: into for name, (_, into) in latest.items()}
