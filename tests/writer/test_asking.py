"""Requests decided by a writer elsewhere: asked, published, and answered by what the ledger says."""

import pytest
from asked_world import SHORT, World, accepted, refused, request
from simulated_ledger import TOPIC

from consumers.writing import asking
from consumers.writing.answers import Answer, DecisionFailed, Mismatch, WriterBusy, WriterStopped
from ledger.domain.words import Reason
from ledger.kafka.admin import TopicsDenied


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_request_is_published_to_its_callers_channel_and_answered_by_the_ledger(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A"), request("B")])
    asker.step()
    assert [(channel, names) for channel, names, _ in world.topic.published] == [
        ("web", ["A", "B"])
    ]
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert not answers.done()
    world.decide(refused(request("B")))
    asker.step(1.0)
    assert answers.result(0) == [
        Answer("A", "accepted", 1, 3),
        Answer("B", "refused", 4, 1, Reason.OUT_OF_STOCK, (SHORT,)),
    ]
    assert asker.position == 4


def test_a_request_is_kept_once_its_topic_has_it_and_not_before(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.step()
    assert not answers.kept
    world.topic.published[0][2].set_result(None)
    assert answers.kept
    assert not answers.done()


def test_a_batch_is_kept_once_its_topic_has_what_of_it_was_not_answered_before(world):
    asker = world.begin()
    world.decide(accepted(request("A")))
    world.decide(accepted(request("B")))
    asker.step(1.0)
    world.view.shows = 3
    asker.step(0.1)
    answers = asker.submit("web", [request("A"), request("B"), request("C")])
    asker.step()
    assert not answers.kept
    world.topic.published[0][2].set_result(None)
    assert answers.kept


def test_a_repeat_that_no_view_shows_yet_gets_the_first_answer_from_memory(world):
    asker = world.begin()
    world.decide(refused(request("A")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert answers.result(0) == [said]
    assert world.topic.names == []


def test_a_repeat_from_before_this_process_gets_the_first_answer_from_the_view(world):
    world.decide(refused(request("A")))
    world.view.shows = 1
    asker = world.begin(blocks=1)
    answers = asker.submit("web", [request("A")])
    asker.step()
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert answers.result(0) == [said]
    assert world.topic.names == []


@pytest.mark.parametrize("shows", [0, 3])
def test_an_id_that_was_used_for_something_else_is_a_mismatch(world, shows):
    world.decide(accepted(request("A")))
    world.view.shows = shows
    asker = world.begin()
    answers = asker.submit("web", [request("A", customer="another")])
    asker.step()
    assert answers.result(0) == [Mismatch("A", 1)]
    assert world.topic.names == []


def test_a_channels_ids_are_its_own(world):
    world.decide(accepted(request("A")))
    asker = world.begin()
    answers = asker.submit("till", [request("A")])
    asker.step(0.1)
    assert not answers.done()
    assert world.topic.published[0][:2] == ("till", ["A"])


def test_answers_that_the_view_shows_leave_memory_and_are_found_there(world):
    asker = world.begin()
    world.decide(accepted(request("A")))
    asker.step(1.0)
    world.view.shows = 3
    asker.step(0.1)
    answers = asker.submit("web", [request("A")])
    assert not answers.done()
    asker.step()
    assert answers.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    assert world.view.asked == [["A"]]


def test_a_repeat_that_memory_had_to_drop_is_answered_as_soon_as_the_view_shows_it():
    world = World(max_remembered=1)
    asker = world.begin()
    world.decide(accepted(request("A")))
    world.decide(accepted(request("B")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    asker.step()
    assert world.topic.names == ["A"], "nobody here knows it: the writer decides each request once"
    assert not answers.done()
    world.view.shows = 6
    world.kafka.run_for(asking.LOOK_AGAIN_S)
    asker.step()
    assert answers.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    again = asker.submit("web", [request("A")])
    asker.step()
    assert again.result(0) == answers.result(0)
    assert world.topic.names == ["A"], "it was published once"


def test_views_that_are_being_rebuilt_answer_nothing_wrong(world):
    """An id that was used before is no new request, and other content is told as such."""
    world.decide(accepted(request("A")))
    world.view.shows = 3
    asker = world.begin(blocks=1)
    world.view.shows = 0
    answers = asker.submit("web", [request("A")])
    other = asker.submit("web", [request("A", customer="another")])
    asker.step()
    world.topic.published[0][2].set_result(None)
    assert not answers.done()
    assert answers.kept
    for _ in range(3):
        world.kafka.run_for(asking.LOOK_AGAIN_S)
        asker.step()
        assert not answers.done()
    world.view.shows = 3
    world.kafka.run_for(asking.LOOK_AGAIN_S)
    asker.step()
    assert answers.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    assert other.result(0) == [Mismatch("A", 1)]


def test_who_asks_while_it_is_decided_elsewhere_is_told_that_it_is_a_repeat(world):
    asker = world.begin()
    first = asker.submit("web", [request("A")])
    world.decide(accepted(request("A")))
    asker._follow(1.0)
    assert first.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    asker.step()
    assert world.topic.names == []


def test_two_who_wait_for_one_request_get_one_answer_and_the_second_is_a_repeat(world):
    asker = world.begin()
    first, second = (asker.submit("web", [request("A")]) for _ in range(2))
    asker.step()
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert first.result(0) == [Answer("A", "accepted", 1, 3)]
    assert second.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]


def test_one_query_asks_for_everybody_who_waits(world):
    asker = world.begin()
    for name in "ABC":
        asker.submit("web", [request(name)])
    asker.step()
    assert world.view.asked == [["A", "B", "C"]]


def test_a_topic_that_takes_nothing_is_told_to_who_asks(world):
    asker = world.begin()
    failed = asker.submit("web", [request("A")])
    asker.step()
    world.topic.published[0][2].set_exception(ConnectionError("no broker"))
    with pytest.raises(WriterBusy):
        failed.result(0)
    world.topic.fault = TopicsDenied("let one who may run `onebook topics create --channel web`")
    denied = asker.submit("web", [request("B")])
    asker.step()
    with pytest.raises(WriterBusy, match="topics create --channel web"):
        denied.result(0)
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert asker.submit("web", [request("A")]).result(0)[0].position == 1, "it landed after all"


def test_with_the_database_away_new_requests_are_decided_as_ever(world):
    asker = world.begin()
    world.view.fault = ConnectionError("no database")
    answers = asker.submit("web", [request("A")])
    asker.step()
    assert world.topic.names == ["A"]
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert answers.result(0) == [Answer("A", "accepted", 1, 3)]


def test_with_the_database_away_a_repeat_gets_the_first_answer_from_memory(world):
    asker = world.begin()
    world.view.fault = ConnectionError("no database")
    world.decide(refused(request("A")))
    asker.step(1.0)
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert asker.submit("web", [request("A")]).result(0) == [said]
    assert asker.submit("web", [request("A", customer="b")]).result(0) == [Mismatch("A", 1)]
    assert world.topic.names == []


def test_with_the_database_away_a_repeat_of_what_the_view_shows_is_answered_if_it_is_recent():
    world = World(always_remembered=2)
    asker = world.begin()
    for name in "ABC":
        world.decide(accepted(request(name)))
    asker.step(1.0)
    world.view.shows = 9
    asker.step(0.1)
    world.view.fault = ConnectionError("no database")
    recent = asker.submit("web", [request("B"), request("C")])
    assert [answer.position for answer in recent.result(0)] == [4, 7]
    older = asker.submit("web", [request("A")])
    asker.step()
    assert not older.done()
    assert world.topic.names == ["A"]


def test_with_the_database_away_an_old_repeat_is_kept_and_answered_when_it_is_back(world):
    """The writer decides nothing anew, so the ledger says nothing: the view has the answer."""
    world.decide(refused(request("A")))
    world.view.shows = 1
    asker = world.begin(blocks=1)
    world.view.fault = ConnectionError("no database")
    answers = asker.submit("web", [request("A")])
    asker.step()
    world.topic.published[0][2].set_result(None)
    for _ in range(3):
        world.kafka.run_for(asking.LOOK_AGAIN_S)
        asker.step()
    assert answers.kept
    assert not answers.done()
    world.view.fault = None
    world.kafka.run_for(asking.LOOK_AGAIN_S)
    asker.step()
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert answers.result(0) == [said]
    assert world.topic.names == ["A"], "it was published once"


def test_with_the_database_away_an_old_id_with_other_content_is_never_taken_for_its_answer(world):
    world.decide(accepted(request("A")))
    world.view.shows = 3
    asker = world.begin(blocks=1)
    world.view.fault = ConnectionError("no database")
    repeat = asker.submit("web", [request("A")])
    other = asker.submit("web", [request("A", customer="another")])
    asker.step()
    world.refuse_input(request("A", customer="a third one"), "idempotency_mismatch")
    asker.step(1.0)
    assert not other.done(), "what was refused is what somebody else sent"
    world.refuse_input(request("A", customer="another"), "idempotency_mismatch")
    asker.step(1.0)
    assert other.result(0) == [Mismatch("A", None)]
    assert not repeat.done()


def test_what_the_writer_cannot_decide_is_told_to_who_asked(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A"), request("B")])
    asker.step()
    world.decide(accepted(request("B")))
    world.refuse_input(request("A"), "undecidable")
    asker.step(1.0)
    assert answers.result(0) == [DecisionFailed("A"), Answer("B", "accepted", 1, 3)]


def test_what_the_view_shows_before_the_ledger_was_read_on_is_nobodys_repeat():
    world = World(max_remembered=1)
    asker = world.begin()
    world.view.fault = ConnectionError("no database")
    world.decide(accepted(request("old")))
    world.decide(accepted(request("other")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    asker.step()
    world.decide(accepted(request("A")))
    world.view.fault, world.view.shows = None, 9
    world.kafka.run_for(asking.LOOK_AGAIN_S)
    asker._look_up(asker._taken_to_look_up())
    assert not answers.done()
    asker.step(1.0)
    assert answers.result(0) == [Answer("A", "accepted", 7, 3)], "no repeat of anything"


def test_the_view_is_asked_no_more_for_who_gave_up():
    world = World(max_remembered=1)
    asker = world.begin()
    world.view.fault = ConnectionError("no database")
    world.decide(accepted(request("X")))
    world.decide(accepted(request("Y")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    asker.step()
    answers.cancel()
    asked = len(world.view.asked)
    for _ in range(3):
        world.kafka.run_for(asking.LOOK_AGAIN_S)
        asker.step()
    assert len(world.view.asked) == asked


def test_brokers_that_are_away_for_a_while_lose_no_answer(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.step()
    world.kafka.go_away_for(20.0)
    for _ in range(10):
        world.kafka.run_for(1.0)
        asker.step()
    assert asker.stalled
    world.kafka.run_for(20.0)
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert answers.result(0) == [Answer("A", "accepted", 1, 3)]
    assert not asker.stalled


def test_a_ledger_that_lost_blocks_ends_it_and_everybody_learns(world):
    world.decide(accepted(request("A")))
    world.decide(accepted(request("B")))
    asker = world.begin()
    waits = asker.submit("web", [request("C")])
    world.kafka.lose_from(TOPIC, 1)
    for _ in range(10):
        world.kafka.run_for(1.0)
        asker.step()
    with pytest.raises(WriterStopped):
        waits.result(0)
    assert asker.fault is not None
    with pytest.raises(WriterStopped):
        asker.submit("web", [request("D")])


def test_no_more_wait_than_there_is_room_for(world, monkeypatch):
    monkeypatch.setattr(asking, "MAX_AWAITED", 3)
    asker = world.begin()
    asker.submit("web", [request("A"), request("B")])
    given_up = asker.submit("web", [request("C")])
    with pytest.raises(WriterBusy):
        asker.submit("web", [request("D")])
    given_up.cancel()
    world.kafka.run_for(asking.SWEEP_EVERY_S + 1)
    asker.step()
    assert not asker.submit("web", [request("D")]).done()


def test_who_still_waits_at_the_end_is_told(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.stop()
    with pytest.raises(WriterStopped):
        answers.result(0)


def test_no_requests_are_answered_at_once(world):
    assert world.begin().submit("web", []).result(0) == []
