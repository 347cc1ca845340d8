"""What the settings of a network's topics must be, kind by kind, and why. Data alone."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from ledger.kafka.settings import MAX_RECORD_BYTES

MIN_IN_SYNC: Final = 2
MIN_RETENTION_DAYS: Final = 30
"""Of requests, dead letters and published events, if they are not kept for ever."""
MIN_TOMBSTONE_DAYS: Final = 7
_DAY_MS: Final = 24 * 60 * 60 * 1_000
_FOR_EVER: Final = "-1"

Severity = Literal["danger", "note"]
Kind = Literal["ledger", "requests", "dead-letters", "events", "availability"]
Feed = Literal["events", "availability"]
"""Topics that others read: nothing of the network depends on them but their publishers."""


class Rule(msgspec.Struct, frozen=True):
    """What one setting of a topic must be: what it is created with, and what else will do."""

    setting: str
    wanted: str
    why: str
    severity: Severity = "danger"
    will_do: Callable[[str], bool] | None = None

    def holds(self, value: str) -> bool:
        """Whether this value will do."""
        return value == self.wanted or (self.will_do is not None and self.will_do(value))


def _at_least(limit: int) -> Callable[[str], bool]:
    return lambda value: int(value) >= limit


IN_SYNC: Final = Rule(
    "min.insync.replicas",
    str(MIN_IN_SYNC),
    "what was acknowledged may be on one disk alone, and is lost with it",
    will_do=_at_least(MIN_IN_SYNC),
)
_CLEAN = Rule(
    "unclean.leader.election.enable",
    "false",
    "a broker that missed acknowledged records may come to lead, and they are gone",
)
_ANY_KIND = (
    Rule(
        "cleanup.policy",
        "delete",
        "compaction takes no records without a key, as ours are, and removes others",
    ),
    _CLEAN,
)
_LEDGER_RULES = (
    Rule(
        "retention.ms",
        _FOR_EVER,
        "Kafka deletes the oldest blocks, and no reader can begin without them",
    ),
    Rule(
        "retention.bytes",
        _FOR_EVER,
        "Kafka deletes the oldest blocks, and no reader can begin without them",
    ),
    Rule(
        "max.message.bytes",
        str(MAX_RECORD_BYTES),
        "the block of one large request does not fit, and the writer stands there for good",
        will_do=_at_least(MAX_RECORD_BYTES),
    ),
    Rule(
        "message.timestamp.type",
        "LogAppendTime",
        "a writer proves its clock by the broker's stamp, and would be shown its own",
    ),
    Rule(
        "compression.type",
        "producer",
        "the broker compresses again what the writer has compressed, which costs time",
        severity="note",
    ),
)


def _input_rules(lost: str, too_large: str) -> tuple[Rule, ...]:
    return (
        Rule(
            "retention.ms",
            _FOR_EVER,
            f"{lost}; at least {MIN_RETENTION_DAYS} days will do",
            will_do=_at_least(MIN_RETENTION_DAYS * _DAY_MS),
        ),
        Rule("retention.bytes", _FOR_EVER, lost),
        Rule(
            "max.message.bytes",
            str(MAX_RECORD_BYTES),
            too_large,
            will_do=_at_least(MAX_RECORD_BYTES),
        ),
    )


_ANY_STAMP = Rule(
    "message.timestamp.after.max.ms",
    str(2**63 - 1),
    "an event recorded by a clock ahead of the brokers' cannot be published, nor any behind it",
)
_EVENTS_RULES = (
    Rule(
        "cleanup.policy",
        "delete",
        "compaction keeps the last event of each stream only, and the others are gone",
    ),
    _CLEAN,
    *_input_rules(
        "Kafka deletes the oldest events, and who begins to read misses them",
        "a large event does not fit, and nothing behind it is published",
    ),
    Rule(
        "message.timestamp.type",
        "CreateTime",
        "a record's time is that at which its event was recorded, and readers seek by it",
        severity="note",
    ),
    _ANY_STAMP,
)
_AVAILABILITY_RULES = (
    Rule(
        "cleanup.policy",
        "compact",
        "Kafka deletes what was said long ago and still holds, and a new reader never learns of it",
    ),
    _CLEAN,
    Rule(
        "max.message.bytes",
        str(MAX_RECORD_BYTES),
        "what is said of a sku at very many locations may not fit",
        severity="note",
        will_do=_at_least(MAX_RECORD_BYTES),
    ),
    Rule(
        "delete.retention.ms",
        str(MIN_TOMBSTONE_DAYS * _DAY_MS),
        "a reader that was away for longer does not learn of what applies no more",
        severity="note",
        will_do=_at_least(MIN_TOMBSTONE_DAYS * _DAY_MS),
    ),
)

RULES: Final[Mapping[Kind, tuple[Rule, ...]]] = {
    "ledger": (*_ANY_KIND, *_LEDGER_RULES),
    "requests": (
        *_ANY_KIND,
        *_input_rules(
            "Kafka deletes requests, also those that no writer has read yet",
            "a large request that the API has taken does not fit, and cannot be decided",
        ),
        Rule(
            "compression.type",
            "uncompressed",
            "one record compressed as no writer can read stops all channels, and a small one may "
            "be gigabytes unpacked; brokers that unpack it refuse what is too large",
        ),
    ),
    "dead-letters": (
        *_ANY_KIND,
        *_input_rules(
            "Kafka deletes what could not be read, also before anybody has looked at it",
            "input that cannot be read may not fit, and the writer stands there for good",
        ),
    ),
    "events": _EVENTS_RULES,
    "availability": _AVAILABILITY_RULES,
}
"""Beside these, `min.insync.replicas`, which depends on the number of replicas."""
