"""Sending to a network's other topics: requests of callers, and dead letters."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import msgspec

from consumers.writing.inputs import DeadLetter
from ledger.domain.requests import AnyRequest
from ledger.kafka.client import KafkaAppender
from ledger.kafka.log import Appended
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings
from ledger.kafka.topics import dead_letters_topic, ensure_requests_topic, requests_topic

MAX_PUBLISHED_BYTES: Final = 8 << 20
"""Of one record; more requests go into several."""
MAX_LETTER_BYTES: Final = MAX_RECORD_BYTES - (1 << 20)
"""Of a dead letter; what is cut off still stands in the topic that it came from."""
_encode: Final = msgspec.json.Encoder().encode


class KafkaPublisher:
    """Publishes requests to their channel's topic; one that is missing is made, if that is allowed.

    Its own thread does so, so that nobody else waits for a broker.
    """

    def __init__(self, settings: KafkaSettings, network: str) -> None:
        self._settings, self._network = settings, network
        self._appenders: dict[str, KafkaAppender] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="publisher")

    def publish(self, channel: str, requests: Sequence[AnyRequest]) -> Future[None]:
        """Publish; the future is done when all in-sync replicas have them.

        It raises LogUnavailable if that is not known, TopicsDenied if there is no such topic and
        this user may not make it.
        """
        kept: Future[None] = Future()
        self._thread.submit(self._send, channel, requests, kept)
        return kept

    def close(self) -> None:
        """Send what was published, then end."""
        self._thread.shutdown()
        for appender in self._appenders.values():
            appender.close()

    def _send(self, channel: str, requests: Sequence[AnyRequest], kept: Future[None]) -> None:
        try:
            appender = self._appender(channel)
            sent = [appender.send(value) for value in _records(requests)]
        except Exception as fault:  # noqa: BLE001 - told to who published
            kept.set_exception(fault)
            return
        _when_all_are_kept(sent, kept)

    def _appender(self, channel: str) -> KafkaAppender:
        appender = self._appenders.get(channel)
        if appender is None:
            ensure_requests_topic(self._settings, self._network, channel)
            topic = requests_topic(self._network, channel)
            appender = self._appenders[channel] = KafkaAppender(self._settings, topic, None)
        return appender


class KafkaDeadLetters:
    """Keeps refused input, as it came, with where it came from in the record's headers."""

    def __init__(self, settings: KafkaSettings, network: str) -> None:
        self._settings, self._network = settings, network
        self._appender: KafkaAppender | None = None

    def send(self, letter: DeadLetter) -> Future[Appended]:
        """Keep it; the future is done when all in-sync replicas have it. Raises LogUnavailable."""
        if self._appender is None:
            topic = dead_letters_topic(self._network)
            self._appender = KafkaAppender(self._settings, topic, None)
        return self._appender.send(letter.raw[:MAX_LETTER_BYTES], headers_of(letter))

    def close(self) -> None:
        """Wait for what is under way, then end."""
        if self._appender is not None:
            self._appender.close()


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """A dead letter's headers: onebook-topic, -offset, -index, -sha256, -reason and -bytes."""
    said: dict[str, Any] = {
        "topic": letter.topic,
        "offset": letter.offset,
        "index": letter.index,
        "sha256": letter.sha256,
        "reason": letter.reason,
        "bytes": len(letter.raw),
    }
    return [(f"onebook-{name}", str(value).encode()) for name, value in said.items()]


def _records(requests: Sequence[AnyRequest]) -> list[bytes]:
    """The requests as records' values: one alone as it is, several as arrays of bounded size."""
    encoded = [_encode(request) for request in requests]
    if len(encoded) == 1:
        return encoded
    records: list[bytes] = []
    first, size = 0, 0
    for index, one in enumerate(encoded):
        if size and size + len(one) > MAX_PUBLISHED_BYTES:
            records.append(_array(encoded[first:index]))
            first, size = index, 0
        size += len(one)
    return [*records, _array(encoded[first:])]


def _array(encoded: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(encoded) + b"]"


def _when_all_are_kept(sent: Sequence[Future[Appended]], kept: Future[None]) -> None:
    left = len(sent)

    def landed(done: Future[Appended]) -> None:
        nonlocal left
        left -= 1
        fault = done.exception()
        if kept.done():
            return
        if fault is not None:
            kept.set_exception(fault)
        elif left == 0:
            kept.set_result(None)

    for one in sent:
        one.add_done_callback(landed)
