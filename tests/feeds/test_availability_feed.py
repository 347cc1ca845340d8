"""The topic of availability says what the views say, and what it says last is so."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, LiteralString

import psycopg
import pytest
from asks import buffered, place, received, served_by, sold
from feeds import Fed, publishing, run_until
from given import Shop
from kafka import KafkaProducer
from processes import wait_until
from psycopg.rows import dict_row
from remade_topic import remake
from whole_days import whole_days

from consumers.feeds import availability as feed_of_availability
from consumers.feeds import shelves
from consumers.feeds.availability import AvailabilityFeed
from consumers.feeds.publisher import FeedStopped, Publisher
from consumers.feeds.shelves import Shelves
from consumers.kafka.source import KafkaSource
from consumers.projector import Projector
from ledger.domain.events import ChannelDescribed, LocationDescribed
from ledger.domain.words import part
from ledger.kafka.recorder import ReadOnlyRecorder
from projections import views
from projections.selling.availability import AvailabilityItem

LONG_S = 60.0


@pytest.fixture(scope="session")
def whole() -> Shop:
    """Days of the whole domain, in which channels and locations are described again and again."""
    shop = whole_days(700, seed=3)
    kinds = {type(event) for event in shop.books.events}
    assert {ChannelDescribed, LocationDescribed} <= kinds
    return shop


@pytest.fixture
def day() -> Shop:
    """A web shop that is served by one store, which has ten mugs."""
    return Shop().when(served_by("web", "STORE"), received("MUG", "STORE", 10))


class Network:
    """A network in Kafka with its views in PostgreSQL."""

    def __init__(self, fed: Fed, url: str) -> None:
        self.fed, self.url = fed, url
        self.recorder = ReadOnlyRecorder(fed.log, fed.network)

    def tell(self, shop: Shop, until: int | None = None, *, project: bool = True) -> None:
        self.fed.tell(shop, until)
        if project:
            self.project()

    def project(self) -> None:
        projector = Projector(self.recorder, self.url, self.fed.network)
        projector.catch_up()
        projector.stop()

    def publisher(self, author: str = "one", **options: Any) -> Publisher:
        source = KafkaSource(ReadOnlyRecorder(self.fed.log, self.fed.network))
        feed = AvailabilityFeed(Shelves(source, self.url, self.fed.network), self.fed.network)
        return Publisher(feed, self.fed.feed_topic("availability", author), **options)

    def publish_all(self, author: str = "one") -> None:
        """As a process that is started, publishes what there is, and ends."""
        one = self.publisher(author, clock=Hours())
        run_until(one, one.caught_up.is_set)
        one.close()

    def rows(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as conn:
            views.configure(conn)
            return conn.execute(statement).fetchall()

    def write(self, *statements: LiteralString) -> None:
        """At once."""
        with psycopg.connect(self.url) as conn:
            for statement in statements:
                conn.execute(statement)

    def of_channels(self) -> dict[str, dict[str, Any]]:
        """What the SQL view says of each described channel and sku."""
        rows = self.rows("SELECT * FROM channel_availability")
        fields = AvailabilityItem.__struct_fields__
        return {
            f"{row['channel']}/{part(row['sku'])}": {name: row[name] for name in fields}
            for row in rows
        }

    def of_locations(self) -> dict[str, dict[str, Any]]:
        """What the view of the stock says of each active location and sku."""
        rows = self.rows(
            "SELECT location, sku, available, shortage FROM inventory "
            "LEFT JOIN locations USING (network, location) WHERE coalesce(active, true)"
        )
        return {f"@{part(row['location'])}/{part(row['sku'])}": row for row in rows}

    def close(self) -> None:
        self.recorder.close()


class Hours:
    """A clock that says an hour later each time: whoever stands by takes over at once."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 3600.0
        return self.now


@pytest.fixture
def net(fed: Fed, database_url: str) -> Iterator[Network]:
    made = Network(fed, database_url)
    yield made
    made.close()


def last_values(records: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """What compaction leaves: the last value of each key, without those that ended."""
    last = {record.key.decode(): record.value for record in records}
    return {key: json.loads(value) for key, value in last.items() if value is not None}


def without_position(values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        key: {name: said for name, said in value.items() if name != "position"}
        for key, value in values.items()
    }


def agrees(net: Network) -> bool:
    told = without_position(last_values(net.fed.records("availability")))
    return told == net.of_channels() | net.of_locations()


def assert_agrees(net: Network) -> None:
    told = without_position(last_values(net.fed.records("availability")))
    assert {k: v for k, v in told.items() if not k.startswith("@")} == net.of_channels()
    assert {k: v for k, v in told.items() if k.startswith("@")} == net.of_locations()


def assert_no_value_goes_back(records: Sequence[Any]) -> None:
    positions: dict[bytes, list[int]] = {}
    for record in records:
        if record.value is not None:
            positions.setdefault(record.key, []).append(json.loads(record.value)["position"])
    assert all(before <= after for each in positions.values() for before, after in pairwise(each))


def test_the_topic_says_of_every_channel_location_and_sku_what_the_views_say(
    net: Network, whole: Shop
):
    net.tell(whole)
    net.publish_all()
    assert len(net.of_channels()) >= 4
    assert len(net.of_locations()) >= 4
    assert_agrees(net)


def test_what_changes_is_published_and_what_does_not_is_not(net: Network, whole: Shop):
    net.tell(whole, until=len(whole.books.events) // 2)
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    first = len(net.fed.records("availability"))
    for until in range(first, len(whole.books.events), len(whole.books.events) // 12):
        net.tell(whole, max(until, len(net.fed.written)))
        run_until(one, lambda: agrees(net))
    net.tell(whole)
    run_until(one, lambda: agrees(net))
    one.close()
    records = net.fed.records("availability")
    assert_no_value_goes_back(records)
    for before, after in pairwise_by_key(records):
        assert before != after


def test_what_a_rebuild_mends_is_published(net: Network, day: Shop, monkeypatch):
    monkeypatch.setattr(shelves, "LOOK_EVERY_S", 0.0)
    net.tell(day)
    net.write("UPDATE inventory SET on_hand = 99, available = 99")  # somebody did
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    told = last_values(net.fed.records("availability"))["web/MUG"]
    assert told["available_to_sell"] == 99
    net.write(
        "UPDATE inventory SET on_hand = 10, available = 10",
        "UPDATE projections SET generation = generation + 1 WHERE view = 'inventory'",
    )  # as a rebuild does
    run_until(one, lambda: agrees(net))
    one.close()
    assert_agrees(net)


def pairwise_by_key(records: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """What was said of a key, and what was said of it next, but for the position."""
    last: dict[bytes, Any] = {}
    for record in records:
        value = None if record.value is None else {**json.loads(record.value), "position": 0}
        if record.key in last:
            yield last[record.key], value
        last[record.key] = value


def test_one_that_is_started_again_publishes_only_what_differs(net: Network, whole: Shop):
    half = len(whole.books.events) // 2
    net.tell(whole, until=half)
    net.publish_all()
    before = net.fed.records("availability")
    net.publish_all("two")
    assert len(net.fed.records("availability")) == len(before)
    net.tell(whole)
    net.publish_all("three")
    records = net.fed.records("availability")
    assert len(records) > len(before)
    for said, after in pairwise_by_key(records):
        assert said != after
    assert_no_value_goes_back(records)
    assert_agrees(net)


def test_sales_are_told_before_any_view_knows_of_them(net: Network, day: Shop):
    net.tell(day)
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    net.tell(day.when(sold("MUG", "STORE", 2), received("TEA/POT", "STORE", 5)), project=False)
    run_until(one, lambda: told(net, "web/MUG") == 8)
    assert told(net, "web/TEA%2FPOT") == 5
    one.close()
    net.project()
    assert_agrees(net)


def test_a_topic_that_shows_more_than_the_views_do_never_goes_back(
    net: Network, day: Shop, monkeypatch: pytest.MonkeyPatch
):
    net.tell(day)
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    for left in range(9, 1, -1):
        net.tell(day.when(sold("MUG", "STORE", 1)), project=False)
        run_until(one, lambda left=left: told(net, "web/MUG") == left)
    one.close()
    monkeypatch.setattr(shelves, "READ_EVENTS", 1)
    monkeypatch.setattr(feed_of_availability, "MAX_BATCHES", 1)
    two = net.publisher(
        "two", clock=Hours()
    )  # begins where the views are, and reads block by block
    for _ in range(16):
        two.step()
    two.close()
    assert told(net, "web/MUG") == 2
    net.project()
    assert_agrees(net)
    assert_no_value_goes_back(net.fed.records("availability"))


def told(net: Network, key: str) -> int | None:
    """What a channel may sell, as the topic says now."""
    value = last_values(net.fed.records("availability")).get(key)
    return None if value is None else int(value["available_to_sell"])


def test_after_kill_9_the_topic_is_true_again(net: Network, whole: Shop):
    events = len(whole.books.events)
    net.tell(whole, until=events // 4)
    settings = {"ONEBOOK_DATABASE_URL": net.url}
    for quarter in (2, 3):
        with publishing(net.fed, "availability", **settings) as process:
            net.tell(whole, until=events * quarter // 4)
            wait_until(lambda: bool(net.fed.records("availability")), LONG_S)
            process.kill()
    net.tell(whole)
    with publishing(net.fed, "availability", **settings) as last:
        wait_until(lambda: agrees(net), LONG_S)
        last.ready()
        assert last.stop() == 0
    assert_no_value_goes_back(net.fed.records("availability"))


def test_a_key_without_a_value_ends_with_a_tombstone(net: Network, whole: Shop):
    net.tell(whole)
    strange = {
        b"nobody/MUG": b'{"channel":"nobody"}',
        b"no key at all": b"{}",
        b"@GONE/MUG": b'{"location":"GONE","sku":"MUG","available":1,"shortage":0,"position":1}',
    }
    append(net, strange)
    net.publish_all()
    records = net.fed.records("availability")
    assert {record.key for record in records if record.value is None} >= strange.keys()
    assert_agrees(net)


def test_a_location_that_is_shut_ends_with_a_tombstone(net: Network, day: Shop):
    net.tell(day)
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    assert "@STORE/MUG" in last_values(net.fed.records("availability"))
    net.tell(day.when(place("STORE", active=False)))
    run_until(one, lambda: told(net, "web/MUG") == 0)
    run_until(one, lambda: agrees(net))
    assert "@STORE/MUG" not in last_values(net.fed.records("availability"))
    net.tell(day.when(place("STORE", active=True)))
    run_until(one, lambda: told(net, "web/MUG") == 10)
    run_until(one, lambda: agrees(net))
    one.close()


def test_a_new_channel_is_told_of_everything_and_a_buffer_of_its_sku(net: Network, day: Shop):
    net.tell(day)
    one = net.publisher()
    run_until(one, one.caught_up.is_set)
    net.tell(day.when(served_by("kiosk", "STORE")))
    run_until(one, lambda: told(net, "kiosk/MUG") == 10)
    net.tell(day.when(buffered("kiosk", "MUG", 3)))
    run_until(one, lambda: told(net, "kiosk/MUG") == 7)
    assert told(net, "web/MUG") == 10
    one.close()
    assert_agrees(net)


def test_what_an_old_publisher_says_too_late_is_put_right(net: Network, whole: Shop):
    net.tell(whole, until=len(whole.books.events) // 2)
    net.publish_all()
    stale = {
        record.key: record.value
        for record in net.fed.records("availability")
        if record.value is not None
    }
    net.tell(whole)
    net.publish_all("two")
    append(net, stale)
    assert not agrees(net)
    net.publish_all("three")
    assert_agrees(net)


def test_of_two_publishers_one_stands_by_and_takes_over(net: Network, whole: Shop):
    net.tell(whole, until=len(whole.books.events) // 2)
    one, two = net.publisher("one"), net.publisher("two", clock=Hours())
    run_until(one, one.caught_up.is_set)
    run_until(two, two.caught_up.is_set)
    assert (one.leads, two.leads) == (True, False)
    one.close()
    net.tell(whole)
    run_until(two, lambda: two.leads)
    run_until(two, lambda: agrees(net))
    two.close()
    assert_no_value_goes_back(net.fed.records("availability"))


def test_a_group_that_ends_within_a_sku_is_gone_on_with(
    net: Network, whole: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed_of_availability, "MAX_GROUP_RECORDS", 1)
    monkeypatch.setattr(feed_of_availability, "SKUS_AT_ONCE", 2)
    net.tell(whole)
    net.publish_all()
    assert_agrees(net)


def test_availability_of_another_ledger_is_not_published_over_it(net: Network, whole: Shop):
    net.tell(whole)
    net.publish_all()
    last = max(v["position"] for v in last_values(net.fed.records("availability")).values())
    remake(net.fed.settings, net.fed.log, lambda block: block.last <= last // 2)
    with psycopg.connect(net.url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
    net.project()
    with pytest.raises(FeedStopped, match=f"shows position {last}, and the ledger ends at"):
        net.publish_all("two")


def append(net: Network, values: dict[bytes, bytes]) -> None:
    producer = KafkaProducer(**net.fed.settings.client_options())
    for key, value in values.items():
        producer.send(net.fed.topic("availability"), value, key=key)
    producer.flush()
    producer.close()
