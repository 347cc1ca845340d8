"""A topic that is published to, as its publisher sees it: read on, and appended to at its end."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from ledger.kafka.chain import LedgerTruncated
from ledger.kafka.client import KafkaGroupAppender, KafkaReader, Keyed
from ledger.kafka.log import LogUnavailable
from ledger.kafka.settings import KafkaSettings

COMPRESSION: Final = "lz4"
"""As of the ledger's blocks; docs/decisions/compression.md says why."""
PUBLISHER: Final = "onebook-publisher"
"""The header that names who published a record."""
MAX_AUTHOR_BYTES: Final = 100
_HEADER_BYTES: Final = len(PUBLISHER) + MAX_AUTHOR_BYTES + 8
POLL_S: Final = 0.5
MAX_EMPTY_POLLS: Final = 20
"""So many in a row, though the topic goes on: a broker is away."""


class Published(NamedTuple):
    """A record as it stands in the topic; `value` is None in a tombstone."""

    offset: int
    key: bytes
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def author(self) -> str:
        """Who published it; empty if the record does not say."""
        return self.headers.get(PUBLISHER, b"").decode(errors="replace")


Take = Callable[[Published], None]


class FeedTopic:
    """The end of the topic as `author` knows it. For one thread.

    Every method raises LogUnavailable; go on with `open` then, for nobody knows what landed.
    """

    def __init__(self, settings: KafkaSettings, topic: str, author: str) -> None:
        assert len(author.encode()) <= MAX_AUTHOR_BYTES, author
        self.topic, self.author = topic, author
        self.next_offset = 0
        """Behind the last record that was read, or that this process appended right behind it."""
        self._settings = settings
        self._reader: KafkaReader | None = None
        self._reader_at = -1
        self._appender: KafkaGroupAppender | None = None

    def open(self, tail: int | None, take: Take) -> None:
        """Read the last `tail` records that the topic holds, or all of them."""
        self.close()
        self._reader = KafkaReader(self._settings, self.topic)
        start, end = self._reader.start(), self._reader.end()
        self.next_offset = start if tail is None else max(start, end - tail)
        self._read_to(end, take)

    @property
    def has_held(self) -> bool:
        """Whether a record has ever been in the topic, though it may be gone. After `open`."""
        return self.next_offset > 0

    def read_on(self, take: Take) -> None:
        """Read what stands behind the last record, up to the topic's end now."""
        assert self._reader is not None, "open it first"
        end = self._reader.end()
        if end < self.next_offset:
            raise LogUnavailable(
                f"{self.topic} ends at offset {end}, and had records up to {self.next_offset}: it "
                "was made anew, or lost records; it is read again"
            )
        self._read_to(end, take)

    def wait(self, timeout_s: float, take: Take) -> None:
        """Wait so long for records behind the last one, and read them."""
        self._poll(timeout_s, take)

    def append(self, group: Sequence[Keyed]) -> list[Published] | None:
        """Append records wholly or not at all; None if they do not stand right behind the last.

        Then somebody else has published meanwhile: read on, and find them there.
        """
        if self._appender is None:
            self._appender = KafkaGroupAppender(self._settings, self.topic, COMPRESSION)
        named = [_named(one, self.author) for one in group]
        offsets = self._appender.append(named)
        if offsets != list(range(self.next_offset, self.next_offset + len(offsets))):
            return None
        self.next_offset += len(offsets)
        return [
            Published(offset, one.key, one.value, dict(one.headers))
            for offset, one in zip(offsets, named, strict=True)
        ]

    def close(self) -> None:
        """Give up the connections; nothing more is sent."""
        if self._appender is not None:
            self._appender.discard()
            self._appender = None
        if self._reader is not None:
            with suppress(LogUnavailable):
                self._reader.close()
            self._reader = None
        self._reader_at = -1

    def _read_to(self, end: int, take: Take) -> None:
        empty = 0
        while self.next_offset < end:
            before = self.next_offset
            self._poll(POLL_S, take)
            empty = 0 if self.next_offset > before else empty + 1
            if empty == MAX_EMPTY_POLLS:
                raise LogUnavailable(
                    f"{self.topic} gives no record at {self.next_offset}, though it ends at {end}: "
                    "is a broker away?"
                )

    def _poll(self, timeout_s: float, take: Take) -> None:
        assert self._reader is not None, "open it first"
        if self._reader_at != self.next_offset:
            self._reader.seek(self.next_offset)
        self._reader_at = -1
        try:
            records = self._reader.poll_with_headers(timeout_s)
        except LedgerTruncated as gone:
            raise LogUnavailable(f"{self.topic} is read again: {gone}") from gone
        for one in records:
            take(Published(one.offset, one.key or b"", one.value, dict(one.headers or ())))
        self.next_offset = self._reader_at = self._reader.position()


def size_of(record: Keyed) -> int:
    """What a record counts of a group once it says who published it, in bytes."""
    return record.size + _HEADER_BYTES


def _named(one: Keyed, author: str) -> Keyed:
    return one._replace(headers=(*one.headers, (PUBLISHER, author.encode())))
