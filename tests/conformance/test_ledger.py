"""What Onebook asks of a ledger beyond the library's cases; the same for every adapter."""

from threading import Barrier, Thread

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from ledger.head import Head


def sold(stream: str, version: int = 1, state: bytes = b'{"quantity":1}') -> StoredEvent:
    return StoredEvent(f"stock/store-7/{stream}", version, "stock_sold.v1", state)


def positions(recorder) -> list[int]:
    return [event.id for event in recorder.select_notifications(start=1, limit=10_000)]


def test_an_empty_ledger_has_its_head_at_zero(create_recorder):
    assert create_recorder().head().position == 0


def test_the_head_is_the_last_position_for_every_reader(create_recorder):
    create_recorder().insert_events([sold("mug"), sold("cup")])
    assert create_recorder().head().position == 2


def test_what_was_decided_on_the_head_is_written_behind_it(create_recorder):
    recorder = create_recorder()
    assert recorder.insert_events([sold("mug"), sold("cup")], decided_on=recorder.head()) == [1, 2]
    assert recorder.insert_events([sold("mug", 2)], decided_on=recorder.head()) == [3]


def test_a_decision_on_an_older_head_writes_nothing_at_all(create_recorder):
    recorder = create_recorder()
    empty = recorder.head()
    recorder.insert_events([sold("mug")])
    with pytest.raises(IntegrityError, match="decided on"):
        recorder.insert_events([sold("cup")], decided_on=empty, trackings=[Tracking("till", 5)])
    assert positions(recorder) == [1]
    assert recorder.select_events("stock/store-7/cup") == []
    assert recorder.max_tracking_id("till") is None


def test_a_decision_on_a_head_yet_to_come_writes_nothing(create_recorder):
    recorder = create_recorder()
    with pytest.raises(IntegrityError, match="decided on"):
        recorder.insert_events([sold("mug")], decided_on=Head(7, recorder.head().hash))
    assert positions(recorder) == []


def test_a_decision_on_another_ledgers_head_writes_nothing(create_recorder):
    recorder = create_recorder()
    recorder.insert_events([sold("mug")])
    with pytest.raises(IntegrityError, match="decided on"):
        recorder.insert_events([sold("cup")], decided_on=Head(1, "c0ffee"))
    assert positions(recorder) == [1]


def test_an_empty_decision_on_an_older_head_is_told_so(create_recorder):
    recorder = create_recorder()
    empty = recorder.head()
    recorder.insert_events([sold("mug")])
    with pytest.raises(IntegrityError, match="decided on"):
        recorder.insert_events([], decided_on=empty)


def test_of_two_writers_with_the_same_head_exactly_one_wins_each_time(create_recorder):
    writers = [create_recorder(), create_recorder()]
    for race in range(20):
        assert sorted(race_on_the_same_head(writers, race)) == ["lost", "won"]
        assert positions(writers[0]) == list(range(1, 2 * race + 3))


def race_on_the_same_head(writers, race: int) -> list[str]:
    head, start, outcomes = writers[0].head(), Barrier(len(writers)), []

    def write(name: int) -> None:
        events = [sold(f"mug-{name}-{race}"), sold(f"cup-{name}-{race}")]
        start.wait()
        try:
            writers[name].insert_events(events, decided_on=head)
            outcomes.append("won")
        except IntegrityError:
            outcomes.append("lost")

    threads = [Thread(target=write, args=(name,)) for name in range(len(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_many_writers_at_once_leave_no_gap_and_no_double(create_recorder):
    writers, rounds = [create_recorder() for _ in range(4)], 25

    def write(name: int) -> None:
        for n in range(rounds):
            writers[name].insert_events([sold(f"mug-{name}-{n}"), sold(f"cup-{name}-{n}")])

    threads = [Thread(target=write, args=(name,)) for name in range(len(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert positions(writers[0]) == list(range(1, len(writers) * rounds * 2 + 1))


def test_failed_inserts_leave_no_gap(create_recorder):
    recorder = create_recorder()
    recorder.insert_events([sold("mug")])
    for attempt in range(5):
        with pytest.raises(IntegrityError):
            recorder.insert_events([sold("cup", attempt + 1), sold("mug")])
    assert recorder.insert_events([sold("cup"), sold("hat")]) == [2, 3]
    assert positions(recorder) == [1, 2, 3]


def test_events_come_back_in_the_order_they_were_given(create_recorder):
    recorder = create_recorder()
    events = [sold(f"sku-{n * 7919 % 500}", state=str(n).encode()) for n in range(500)]
    recorder.insert_events(events)
    read = recorder.select_notifications(start=1, limit=500)
    assert [(event.originator_id, event.state) for event in read] == [
        (event.originator_id, event.state) for event in events
    ]


@pytest.mark.parametrize("state", [b"", b"\x00\xff\x27\\x", '{"é":"\u2028"}'.encode()])
def test_state_bytes_come_back_verbatim(create_recorder, state):
    recorder = create_recorder()
    recorder.insert_events([sold("100%/é 'mug'", state=state)])
    [read] = recorder.select_notifications(start=1, limit=1)
    assert (read.originator_id, read.state) == ("stock/store-7/100%/é 'mug'", state)
    assert recorder.select_events(read.originator_id) == [sold("100%/é 'mug'", state=state)]


def test_a_range_is_read_with_its_ends_topics_and_limit(create_recorder):
    recorder = create_recorder()
    topics = ["a.v1", "b.v1", "c.v1", "a.v1", "b.v1", "c.v1"]
    recorder.insert_events([StoredEvent(f"s/{n}", 1, t, b"{}") for n, t in enumerate(topics)])

    def read(start, limit=10, **kwargs):
        return [event.id for event in recorder.select_notifications(start, limit, **kwargs)]

    assert read(None) == [1, 2, 3, 4, 5, 6]
    assert read(3, stop=5) == [3, 4, 5]
    assert read(3, stop=5, inclusive_of_start=False) == [4, 5]
    assert read(2, topics=["a.v1", "c.v1"]) == [3, 4, 6]
    assert read(2, topics=("b.v1",), stop=4) == [2]
    assert read(None, limit=2, topics=["c.v1"], stop=5) == [3]
    assert read(4, limit=2) == [4, 5]
    assert read(5, stop=4) == []
    assert read(7) == []


def test_several_inputs_are_tracked_with_the_events(create_recorder):
    recorder = create_recorder()
    tracked = [Tracking("till", 5), Tracking("web", 9)]
    recorder.insert_events([sold("mug")], trackings=tracked, tracking=Tracking("erp", 2))
    reader = create_recorder()
    assert [reader.max_tracking_id(name) for name in ("till", "web", "erp")] == [5, 9, 2]


def test_consumed_input_without_events_is_tracked_alone(create_recorder):
    recorder = create_recorder()
    recorder.insert_events([sold("mug")])
    moved = recorder.insert_events(
        [], decided_on=recorder.head(), trackings=[Tracking("till", 5), Tracking("web", 9)]
    )
    assert list(moved) == []
    assert [recorder.max_tracking_id(name) for name in ("till", "web")] == [5, 9]
    assert recorder.insert_events([sold("cup")], decided_on=Head(1, recorder.head().hash)) == [2]


@pytest.mark.parametrize("behind", [5, 4])
def test_one_input_that_does_not_move_on_stops_events_and_all_inputs(create_recorder, behind):
    recorder = create_recorder()
    recorder.insert_events([], trackings=[Tracking("till", 5), Tracking("web", 9)])
    with pytest.raises(IntegrityError, match="till"):
        recorder.insert_events(
            [sold("mug")], trackings=[Tracking("web", 10), Tracking("till", behind)]
        )
    assert positions(recorder) == []
    assert [recorder.max_tracking_id(name) for name in ("till", "web")] == [5, 9]


def test_an_event_that_is_refused_moves_no_input(create_recorder):
    recorder = create_recorder()
    recorder.insert_events([sold("mug")], trackings=[Tracking("till", 5)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([sold("mug")], trackings=[Tracking("till", 6)])
    assert recorder.max_tracking_id("till") == 5


def test_one_input_cannot_be_tracked_twice_in_one_insert(create_recorder):
    recorder = create_recorder()
    with pytest.raises(IntegrityError, match="till"):
        recorder.insert_events([sold("mug")], trackings=[Tracking("till", 5), Tracking("till", 6)])
    assert positions(recorder) == []
    assert recorder.max_tracking_id("till") is None


def test_a_misspelt_condition_is_an_error_and_not_ignored(create_recorder):
    recorder = create_recorder()
    with pytest.raises(TypeError, match="decided_upon"):
        recorder.insert_events([sold("mug")], decided_upon=recorder.head())
    assert positions(recorder) == []


def test_appends_are_written_in_the_order_they_were_handed_over(create_recorder):
    recorder = create_recorder()
    futures = [recorder.append([sold(f"mug-{n}"), sold(f"cup-{n}")]) for n in range(50)]
    written = [position for future in futures for position in future.result(timeout=30)]
    assert written == list(range(1, 101))
    read = recorder.select_notifications(start=1, limit=100)
    assert [event.originator_id for event in read][::2] == [
        f"stock/store-7/mug-{n}" for n in range(50)
    ]


def test_an_append_behind_a_failed_one_fails_too_if_it_was_decided_on_it(create_recorder):
    recorder, rival = create_recorder(), create_recorder()
    head = recorder.head()
    rival.insert_events([sold("mug")])
    first = recorder.append([sold("cup")], decided_on=head)
    second = recorder.append([sold("hat")], decided_on=Head(head.position + 1, "ours"))
    assert isinstance(first.exception(timeout=30), IntegrityError)
    assert isinstance(second.exception(timeout=30), IntegrityError)
    assert positions(recorder) == [1]


@pytest.mark.timeout(30)  # it would wait for ever
def test_a_subscriber_hears_of_each_append(create_recorder):
    recorder, reader = create_recorder(), create_recorder()
    heard = []
    with reader.subscribe(gt=0) as subscription:
        for n in range(3):
            recorder.append([sold(f"mug-{n}")]).result(timeout=30)
            heard.append(next(subscription).id)
    assert heard == [1, 2, 3]
