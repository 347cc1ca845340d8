"""The pages' words for why a location serves a line."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from api.pages.told import distance, page_of, served
from ledger.domain.events import SourcingRule
from projections.orders.fulfilment import SourcingItem


def chosen(what: Any = "sourced", **more: Any) -> SourcingItem:
    said: dict[str, Any] = dict.fromkeys(
        ("rule", "distance_m", "runner_up", "runner_up_distance_m", "cause")
    )
    place: dict[str, Any] = {
        "position": 1,
        "order_id": "w-1",
        "line_id": "1",
        "location": "dc",
        "quantity": 2,
    }
    return SourcingItem(what=what, recorded_at=datetime.now(UTC), **place | said | more)


@pytest.mark.parametrize(
    ("metres", "said"), [(0, "0 m"), (999, "999 m"), (3_405, "3.4 km"), (1_234_567, "1,235 km")]
)
def test_distances_are_said_as_people_say_them(metres: int, said: str) -> None:
    assert distance(metres) == said


@pytest.mark.parametrize("rule", get_args(SourcingRule))
def test_every_rule_has_words(rule: str) -> None:
    assert "_" not in served(chosen(rule=rule))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (chosen(rule="only"), "2 from dc: the only way to serve it. Nobody else could have."),
        (
            chosen(rule="fewest_parcels", distance_m=800, runner_up=("a", "b")),
            "2 from dc: fewest parcels, 800 m. a and b would have been next.",
        ),
        (chosen("reassigned"), "2 from dc: somebody reassigned it."),
        (chosen("declined", cause="not_found"), "dc declined 2: not found."),
    ],
)
def test_a_choice_explains_itself(choice: SourcingItem, said: str) -> None:
    assert served(choice) == said


def test_a_stream_leads_to_the_page_of_what_it_is_of() -> None:
    assert page_of("transfer/a%2Fb") == "/transfers/a%2Fb"
    assert page_of("supply/po 1") == "/supplies/po%201"
    assert page_of("stock/dc/MUG") is None
