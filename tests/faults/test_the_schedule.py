"""What happens to a cluster is decided by a seed, and never takes the majority of the brokers."""

from itertools import islice

import msgspec
import pytest
from chaos.diary import Answered, Diaries, Sent
from chaos.evidence import Evidence
from chaos.faults import ACTIVE, FIRST, FULL_DISK, MORE, Fault, schedule
from chaos.injector import Happened
from chaos.measures import longest_pause, quantile, takeovers
from chaos.shop import MANY, Shop
from small_story import Story

from ledger.domain.requests import kind_of
from ledger.door import read_batch


def dealt(seed: int, count: int = 300, *, full_disk: bool = True):
    return list(islice(schedule(seed, full_disk=full_disk), count))


def test_the_same_seed_breaks_the_same():
    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_at_most_one_broker_is_hit_at_a_time():
    for seed in range(20):
        for episode in dealt(seed):
            assert sum(fault.hits_a_broker for fault in episode.faults) <= 1


def test_a_takeover_that_is_measured_is_disturbed_by_nothing_else():
    for episode in dealt(3):
        kills = [f for f in episode.faults if (f.kind, f.target) == ("kill", ACTIVE)]
        assert not kills or len(episode.faults) == 1


def test_every_fault_happens():
    happened = {str(fault) for episode in dealt(4) for fault in episode.faults}
    assert happened == {str(fault) for fault in (*FIRST, *MORE, FULL_DISK)}
    without = {str(f) for episode in dealt(4, full_disk=False) for f in episode.faults}
    assert happened - without == {str(FULL_DISK)}


@pytest.mark.parametrize(
    ("fault", "hits"),
    [
        (Fault("kill", "leader"), True),
        (Fault("pause", "broker"), True),
        (Fault("cut", "broker", "leader"), True),
        (FULL_DISK, True),
        (Fault("cut", "api", "leader"), False),
        (Fault("kill", ACTIVE), False),
    ],
    ids=str,
)
def test_which_faults_hit_a_broker(fault, hits):
    assert fault.hits_a_broker == hits


def test_the_same_seed_asks_the_same_and_all_of_it_can_be_read():
    one, other = (Shop(5, "web", "b0") for _ in range(2))
    asked = [one.next() for _ in range(500)]
    again = [other.next() for _ in range(500)]
    for request in (*asked, *again):
        del request["occurred_at"]
    assert asked == again
    assert len({request["request_id"] for request in asked}) == 500


def test_what_the_clients_ask_is_no_rubbish():
    shop = Shop(6, "web", "b1")
    found = read_batch(msgspec.json.encode(shop.stocking() + [shop.next() for _ in range(500)]))
    kinds = {kind_of(request) for request in found}
    assert {"place_order", "ship_lines", "cancel_order", "record_return", "count_stock"} <= kinds
    assert len(MANY) == 400


def test_the_longest_pause_is_between_first_answers():
    diaries = Diaries()
    for at, name in [(1, "a"), (2, "b"), (3, "a"), (9, "c"), (10, "d")]:
        diaries.add(Sent(0.0, "web", name, "http"))
        diaries.add(Answered(at, "web", name, "http", "accepted", at, 1, None, []))
    diaries.add(Sent(11.0, "web", "e", "http"))
    fault = Happened("kill leader", "kill", "broker-1", "", 4.0, 6.0, "w1-a")
    earlier = Happened("kill api", "kill", "api-1", "", 0.5, 1.5, "w1-a")
    pause = longest_pause(diaries, [earlier, fault])
    assert (pause.seconds, pause.began_s, pause.during) == (7.0, 1.0, ["kill broker-1"])


def test_a_takeover_ends_with_an_answer_from_another_writer():
    story = Story().tell()
    names = [block["events"][0]["stream"] for block in story.blocks]
    at = names.index("request/web/w-3")
    for block in story.blocks[at:]:
        block["writer"] = "w2-b"
    evidence: Evidence = story.evidence()
    answered = {entry.request_id: entry.at for entry in story.diaries.answered}
    began = answered["w-1"] + 0.5
    kill = Happened(f"kill {ACTIVE}", "kill", "w1", "", began, began + 3, "w1-a")
    assert takeovers(evidence, [kill]) == [answered["w-3"] - began]


def test_of_thirty_takeovers_the_slowest_is_the_99th_percentile():
    assert quantile([float(n) for n in range(1, 31)], 0.99) == 30.0
    assert quantile([float(n) for n in range(1, 31)], 0.5) == 15.0
    assert quantile([], 0.5) == 0.0
