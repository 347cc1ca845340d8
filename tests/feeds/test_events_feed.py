"""Every event of the ledger comes once and in order to who reads the topic of events."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from feeds import Fed, exactly_once, publishing, run_until, wait_for
from given import Shop
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from processes import wait_until
from remade_topic import make_anew, values_of

from consumers.feeds import events as feed_of_events
from consumers.feeds.events import EventsFeed
from consumers.feeds.publisher import FeedStopped, Publisher
from ledger.kafka.chain import LedgerTruncated
from ledger.kafka.client import KafkaGroupAppender
from ledger.kafka.log import LogUnavailable
from ledger.recorded import Recorded


def publisher(fed: Fed, author: str = "one", **options) -> Publisher:
    return Publisher(EventsFeed(fed.log, fed.network), fed.feed_topic("events", author), **options)


def publish_all(fed: Fed, author: str = "one") -> None:
    """As a process that is started, publishes what there is, and ends."""
    one = publisher(fed, author, clock=Hours())
    run_until(one, one.caught_up.is_set)
    run_until(one, lambda: len(exactly_once(fed.records("events"))) >= len(fed.written))
    one.close()


class Hours:
    """A clock that says an hour later each time: whoever stands by takes over at once."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 3600.0
        return self.now


def cloud_event(record):
    """The record as the CloudEvents project's own reader reads it."""
    message = KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value)
    return from_kafka(message, JSONFormat())


def published(fed: Fed) -> list[tuple[str, int, str, object]]:
    """What a reader has: stream, version, type and data of each event, in its order."""
    read = [cloud_event(record) for record in exactly_once(fed.records("events"))]
    return [
        (
            event.get_subject(),
            event.get_extension("onebookversion"),
            event.get_type().removeprefix("onebook."),
            event.get_data(),
        )
        for event in read
    ]


def written(fed: Fed) -> list[tuple[str, int, str, object]]:
    return [(one.stream, one.version, one.topic, json.loads(one.state)) for one in fed.written]


def repeats(fed: Fed) -> int:
    records = fed.records("events")
    return len(records) - len(exactly_once(records))


def test_every_event_is_a_cloud_event_in_the_order_of_the_ledger(fed: Fed, days: Shop):
    fed.tell(days)
    publish_all(fed)
    assert published(fed) == written(fed)
    assert repeats(fed) == 0


def test_a_cloud_event_says_who_asked_when_and_where_it_stands(fed: Fed, days: Shop):
    fed.tell(days, until=60)
    publish_all(fed)
    for position, record in enumerate(fed.records("events"), 1):
        event, stored = cloud_event(record), fed.written[position - 1]
        data = json.loads(stored.state)
        assert dict(record.headers)["content-type"] == (
            b"application/cloudevents+json; charset=UTF-8"
        )
        assert (event.get_id(), event.get_specversion()) == (str(position), "1.0")
        assert event.get_source() == f"/onebook/{fed.network}"
        assert event.get_datacontenttype() == "application/json"
        assert event.get_time() == datetime.fromisoformat(data["recorded_at"])
        assert record.timestamp == int(event.get_time().timestamp() * 1000)
        assert record.key.decode() == event.get_subject() == stored.stream
        assert event.get_extension("onebookposition") == str(position)
        assert event.get_extension("onebookchannel") == data["channel"]
        assert event.get_extension("onebookrequestid") == data["request_id"]
        assert datetime.fromisoformat(event.get_extension("occurredat")) == datetime.fromisoformat(
            data["occurred_at"]
        )


@pytest.mark.parametrize(
    "state", [b"\xff\x00", b"[1, 2]", b"null", b'{"channel": 3}', b"  {}", b'{"a":"\xff"}', b""]
)
def test_what_other_applications_write_is_published_byte_for_byte(fed: Fed, state: bytes):
    fed.write([Recorded("any", 1, "thing_happened.v1", state)])
    publish_all(fed)
    [record] = fed.records("events")
    event = cloud_event(record)
    if event.get_datacontenttype() == "application/json":
        assert json.loads(state) == event.get_data()
    else:
        assert (event.get_data() or b"") == state
    assert event.get_time().tzinfo is not None
    assert event.get_time() <= datetime.now(UTC)


@pytest.mark.parametrize("size", [1, 700, 300_000, 2_000_000])
def test_events_of_any_size_are_published_in_groups_that_fit(fed: Fed, size: int):
    said = json.dumps({"said": "x" * size}).encode()
    count = 1_500 if size < 1_000 else 7
    fed.write([Recorded("any", n, "thing_happened.v1", said) for n in range(1, count + 1)])
    publish_all(fed)
    assert [len(data["said"]) for *_, data in published(fed)] == [size] * count
    assert repeats(fed) == 0


def test_a_publisher_that_is_started_again_goes_on_where_the_topic_ends(fed: Fed, days: Shop):
    for until in (1, 13, 25, 26, 200, None):  # within blocks and at their ends
        fed.tell(days, until)
        publish_all(fed, f"until {until}")
    assert published(fed) == written(fed)
    assert repeats(fed) == 0


def test_one_that_stopped_within_a_block_goes_on_within_it(
    fed: Fed, days: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed_of_events, "MAX_GROUP_RECORDS", 7)
    fed.tell(days, until=50)
    first = publisher(fed)
    run_until(first, lambda: len(fed.records("events")) >= 14)
    first.close()
    assert len(fed.records("events")) % 25
    publish_all(fed, "two")
    assert published(fed) == written(fed)
    assert repeats(fed) == 0


def test_after_kill_9_at_any_moment_every_event_is_there_once(fed: Fed, days: Shop):
    seen = set()
    for until in (100, 300, 600, 900):
        with publishing(fed, "events") as process:
            fed.tell(days, until)
            wait_for(fed, "events", until - 50)
            process.kill()
        seen.add(len(fed.records("events")))
        fed.tell(days, until + 30)
    with publishing(fed, "events") as last:
        fed.tell(days)
        wait_for(fed, "events", len(fed.written))
        last.ready()
        assert last.stop() == 0
    assert len(seen) == 4
    assert published(fed) == written(fed)
    assert repeats(fed) == 0


def test_one_that_was_paused_while_another_took_over_repeats_at_most_what_it_had_in_hand(
    fed: Fed, days: Shop
):
    with publishing(fed, "events") as first:
        fed.tell(days, until=40)
        wait_for(fed, "events", 40)
        first.pause()
        fed.tell(days, until=200)
        with publishing(fed, "events"):
            wait_for(fed, "events", 200)
            first.resume()
            fed.tell(days)
            wait_until(lambda: len(exactly_once(fed.records("events"))) == len(fed.written), 60.0)
    assert published(fed) == written(fed)
    assert repeats(fed) <= feed_of_events.MAX_GROUP_RECORDS


def test_of_two_that_publish_at_once_one_stands_by(fed: Fed, days: Shop):
    one, two = publisher(fed, "one"), publisher(fed, "two")
    for each in (one, two):
        each.step()
    assert one.leads and two.leads  # nobody has published yet
    fed.tell(days, until=30)
    run_until(one, lambda: len(fed.records("events")) == 30)
    run_until(two, lambda: not two.leads)
    fed.tell(days, until=60)
    run_until(one, lambda: len(exactly_once(fed.records("events"))) == 60)
    assert (one.leads, two.leads) == (True, False)
    assert published(fed) == written(fed)
    for each in (one, two):
        each.close()


def test_two_that_publish_at_once_repeat_no_more_than_a_group_each(
    fed: Fed, days: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed_of_events, "MAX_GROUP_RECORDS", 10)
    one, two = publisher(fed, "one"), publisher(fed, "two")
    for each in (one, two):
        each.step()
    fed.tell(days, until=300)
    for _ in range(100):
        if len(exactly_once(fed.records("events"))) == 300:
            break
        one.step()
        two.step()
    assert published(fed) == written(fed)
    assert repeats(fed) == 10
    for each in (one, two):
        each.close()


def test_a_standby_publishes_nothing_while_the_leader_does(fed: Fed, days: Shop):
    fed.tell(days, until=30)
    one, two = publisher(fed, "one"), publisher(fed, "two", clock=lambda: 0.0)
    run_until(one, one.caught_up.is_set)
    fed.tell(days, until=60)
    for _ in range(3):
        two.step()
    assert not two.leads
    assert len(fed.records("events")) == 30
    one.close()
    two.close()


def test_what_a_broker_takes_too_late_is_a_repeat_and_no_gap(fed: Fed, days: Shop):
    fed.tell(days, until=50)
    publish_all(fed)
    late = fed.records("events")[9:31]
    producer = KafkaProducer(**fed.settings.client_options())
    for record in late:
        producer.send(
            fed.topic("events"), record.value, key=record.key, headers=list(record.headers)
        )
    producer.flush()
    producer.close()
    fed.tell(days)
    publish_all(fed, "two")
    assert published(fed) == written(fed)
    assert repeats(fed) == len(late)


def test_an_append_whose_outcome_is_unknown_is_looked_for_before_anything_follows(
    fed: Fed, days: Shop, monkeypatch: pytest.MonkeyPatch
):
    appended, calls = KafkaGroupAppender.append, []

    def landed_untold(self, group):
        calls.append(appended(self, group))
        if len(calls) in (1, 3):
            raise LogUnavailable("nobody answers")
        return calls[-1]

    monkeypatch.setattr(KafkaGroupAppender, "append", landed_untold)
    monkeypatch.setattr(feed_of_events, "MAX_GROUP_RECORDS", 20)
    fed.tell(days)
    one = publisher(fed)
    one.start()
    wait_until(lambda: len(fed.records("events")) >= len(fed.written), 60.0)
    one.stop()
    one.check()
    assert len(calls) > 3
    assert published(fed) == written(fed)
    assert repeats(fed) == 0


def test_events_of_another_ledger_are_never_added(
    fed: Fed, days: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed_of_events, "MAX_GROUP_RECORDS", 7)
    fed.tell(days, until=60)
    one = publisher(fed)
    run_until(one, lambda: len(fed.records("events")) == 56)  # within the last block
    one.close()
    blocks = values_of(fed.log)
    make_anew(fed.settings, fed.log, [value.replace(b"till-1", b"till-2") for value in blocks])
    with pytest.raises(LedgerTruncated, match=r"position 56 .*which is not there"):
        publish_all(fed, "two")
    make_anew(fed.settings, fed.log, blocks[:-1])
    with pytest.raises(LedgerTruncated, match=r"lost blocks.*onebook topics create"):
        publish_all(fed, "three")
    assert len(fed.records("events")) == 56


def test_a_topic_whose_records_are_all_gone_is_not_begun_again(fed: Fed, days: Shop):
    fed.tell(days, until=30)
    publish_all(fed)
    admin = KafkaAdminClient(**fed.settings.client_options())
    admin.delete_records({TopicPartition(fed.topic("events"), 0): 30})
    admin.close()
    with pytest.raises(FeedStopped, match=r"none is left .*delete the topic"):
        publish_all(fed, "two")
