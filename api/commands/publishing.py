"""`onebook publish`: the feeds of a network, for whoever reads Kafka, in a process of its own."""

import gc
import logging
import socket
import sys
import threading
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final
from uuid import uuid4

import typer

from api import settings as configured
from api.commands.terminal import (
    Failure,
    JsonOption,
    NetworkOption,
    log_to_stderr,
    out,
    print_json,
    stopped_by_signals,
)
from api.settings import PREFIX, Settings
from consumers.feeds.availability import AvailabilityFeed
from consumers.feeds.events import EventsFeed
from consumers.feeds.publisher import MAX_PAUSE_S, Publisher
from consumers.feeds.publisher import Feed as AnyFeed
from consumers.feeds.shelves import Shelves
from consumers.feeds.topic import FeedTopic
from consumers.kafka.source import KafkaSource
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from ledger.kafka.client import KafkaLog
from ledger.kafka.log import LogUnavailable
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topic_settings import Feed
from ledger.kafka.topics import FEEDS, feed_topic, ledger_topic, refuse_if_dangerous
from ledger.log import get_logger

LOOK_EVERY_S: Final = 0.5
MAX_HOST: Final = 40


class FeedName(StrEnum):
    """What can be published, as the command line says it."""

    EVENTS = "events"
    AVAILABILITY = "availability"


FeedsArgument = Annotated[
    list[FeedName] | None,
    typer.Argument(help="Which to publish; without one, all.", show_default=False),
]
DevOption = Annotated[
    bool, typer.Option("--dev", help="Begin on topics with one copy (or ONEBOOK_KAFKA_DEV).")
]

log = get_logger(__name__)


def publish(
    feeds: FeedsArgument = None,
    *,
    network: NetworkOption = None,
    dev: DevOption = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a network's events, and what its channels may sell, to topics that others read.

    Goes on where the topics end, or stands by while another publishes; docs/integration.md says
    what is in them. `availability` reads the views (ONEBOOK_DATABASE_URL) once, then the ledger.

    Example: onebook publish events
    """
    log_to_stderr(logging.INFO)
    settings = configured.load(network=network, kafka_dev=dev or None)
    kafka = settings.kafka
    if kafka is None:
        raise Failure(
            f"{PREFIX}KAFKA_BOOTSTRAP is not set: set it to HOST:PORT of a broker; without Kafka "
            "there is nowhere to publish: GET /v1/events/stream tells the same over HTTP"
        )
    chosen = tuple(feed for feed in FEEDS if not feeds or feed in feeds)
    stopping = stopped_by_signals()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    author = f"{socket.gethostname()[:MAX_HOST]}-{uuid4().hex[:12]}"
    publishers = [
        Publisher(_feed(each, settings, kafka), _topic(each, settings, kafka, author))
        for each in chosen
    ]
    _refuse_if_dangerous(settings, kafka, chosen, stopping)
    for publisher in publishers:
        publisher.start()
    try:
        _follow(publishers, author, stopping, as_json=as_json)
    finally:
        for publisher in publishers:
            publisher.stop()


def _feed(feed: Feed, settings: Settings, kafka: KafkaSettings) -> AnyFeed:
    """What is published. Raises Failure if a setting is missing that it needs."""
    ledger = KafkaLog(kafka, ledger_topic(settings.network))
    if feed == "events":
        return EventsFeed(ledger, settings.network)
    if settings.database_url is None:
        raise Failure(
            f"{PREFIX}DATABASE_URL is not set: availability is begun from the views, so set it to "
            "their PostgreSQL, or run `onebook publish events`"
        )
    source = KafkaSource(ReadOnlyRecorder(ledger, settings.network))
    shelves = Shelves(source, settings.database_url.get_secret_value(), settings.network)
    return AvailabilityFeed(shelves, settings.network)


def _topic(feed: Feed, settings: Settings, kafka: KafkaSettings, author: str) -> FeedTopic:
    return FeedTopic(kafka, feed_topic(settings.network, feed), author)


def _follow(
    publishers: Sequence[Publisher], author: str, stopping: threading.Event, *, as_json: bool
) -> None:
    """Say when all is published, or somebody else does it; then wait. Raises what stops one."""
    told = False
    while not stopping.wait(LOOK_EVERY_S):
        for publisher in publishers:
            publisher.check()
        if not told and all(publisher.caught_up.is_set() for publisher in publishers):
            told = True
            _tell([publisher.topic for publisher in publishers], author, as_json=as_json)


def _tell(topics: Sequence[str], author: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"publisher": author, "topics": topics})
        sys.stdout.flush()
    else:
        out.print(f"Publisher [bold]{author}[/] follows the ledger to {' and '.join(topics)}")


def _refuse_if_dangerous(
    settings: Settings, kafka: KafkaSettings, feeds: Sequence[Feed], stopping: threading.Event
) -> None:
    """Look at the topics, as soon as a broker answers. Raises TopicsDangerous."""
    while not stopping.is_set():
        try:
            refuse_if_dangerous(kafka, settings.network, dev=settings.kafka_dev, feeds=feeds)
        except LogUnavailable as away:
            log.warning("publisher_waits", error=str(away))
            stopping.wait(MAX_PAUSE_S)
        else:
            return
