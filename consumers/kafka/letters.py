"""The dead letters of a network: listed, and sent again to the topic that they came from."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from consumers.writing.inputs import WHOLE
from ledger.kafka.client import KafkaAppender, KafkaReader
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import dead_letters_topic

POLL_S: Final = 0.5
READ_LIMIT_POLLS: Final = 20
_PREFIX: Final = "onebook-"


class KeptLetter(msgspec.Struct, frozen=True):
    """A dead letter as it stands in its topic at offset `number`."""

    number: int
    kept_at: datetime
    topic: str
    offset: int
    index: int
    sha256: str
    reason: str
    size: int
    """Bytes, as it came."""
    raw: bytes

    @property
    def is_cut(self) -> bool:
        """Whether it was too large to be kept whole here."""
        return self.size > len(self.raw)

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole record and not an item of one."""
        return self.index == WHOLE


def dead_letters(settings: KafkaSettings, network: str) -> Iterator[KeptLetter]:
    """The network's dead letters, oldest first. Raises LogUnavailable."""
    reader = KafkaReader(settings, dead_letters_topic(network))
    try:
        number, end = reader.start(), reader.end()
        reader.seek(number)
        empty = 0
        while number < end and empty < READ_LIMIT_POLLS:
            records = reader.poll_with_headers(POLL_S)
            empty = 0 if records else empty + 1
            for record in records:
                number = record.offset + 1
                if (letter := _letter(record)) is not None:
                    yield letter
    finally:
        reader.close()


def resubmit(settings: KafkaSettings, letter: KeptLetter) -> None:
    """Send the letter's bytes to the topic that they came from. Raises LogUnavailable."""
    appender = KafkaAppender(settings, letter.topic, None)
    try:
        appender.send(letter.raw).result()
    finally:
        appender.close()


def _letter(record: Any) -> KeptLetter | None:
    try:
        said = {name.removeprefix(_PREFIX): value.decode() for name, value in record.headers or ()}
        return KeptLetter(
            record.offset,
            datetime.fromtimestamp(record.timestamp / 1000, UTC),
            said["topic"],
            int(said["offset"]),
            int(said["index"]),
            said["sha256"],
            said["reason"],
            int(said["bytes"]),
            record.value or b"",
        )
    except (KeyError, ValueError, AttributeError, OverflowError):
        return None  # somebody else wrote it
