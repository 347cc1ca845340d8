"""Read a ledger from Kafka by the block rule, with kafka-python and nothing of Onebook.

    python examples/read_ledger.py localhost:9092 main

Prints each event as a line of JSON, then, on standard error, how far the ledger and its inputs go.
The format is in docs/kafka/format.md.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

MAX_BYTES = 64 << 20
MAX_QUIET_POLLS = 20
FIELDS = {"network": str, "writer": str, "prev": str, "first": int, "recorded_at": str}
FIELDS |= {"tracking": dict, "events": list}


def records(bootstrap: str, topic: str) -> Iterator[tuple[int, bytes | None]]:
    """Yield offset and value of every record, up to the end that the topic has now."""
    partition = TopicPartition(topic, 0)
    sizes = {"fetch_max_bytes": MAX_BYTES, "max_partition_fetch_bytes": MAX_BYTES}
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        auto_offset_reset="none",  # never jump to another place silently
        enable_auto_commit=False,
        receive_message_max_bytes=2 * MAX_BYTES,
        **sizes,
    )
    consumer.assign([partition])
    if consumer.beginning_offsets([partition])[partition] > 0:
        sys.exit(f"{topic} lost its first blocks: nothing can be read from the beginning")
    consumer.seek(partition, 0)
    end, quiet = consumer.end_offsets([partition])[partition], 0
    while consumer.position(partition) < end:
        polled = consumer.poll(500).get(partition, ())
        quiet = 0 if polled else quiet + 1
        if quiet > MAX_QUIET_POLLS:
            sys.exit(f"{topic} gives no more records, though it ends at {end}: is a broker away?")
        for record in polled:
            yield record.offset, record.value
    consumer.close()


def block_of(value: bytes | None) -> dict[str, Any] | None:
    """Return the block that a record's value says; None if it is none."""
    try:
        block = json.loads((value or b"").decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(block, dict):
        return None
    whole = all(isinstance(block.get(name), kind) for name, kind in FIELDS.items())
    return block if whole else None


def events(bootstrap: str, network: str) -> Iterator[dict[str, Any]]:
    """Yield the events of the blocks that count; end the program where one does not follow."""
    prev, position, dead = "genesis", 0, 0
    versions: dict[str, int] = {}
    tracking: dict[str, int] = {}
    for offset, value in records(bootstrap, f"onebook.{network}.ledger"):
        block = block_of(value)
        if block is None or block["network"] != network or block["prev"] != prev:
            dead += 1  # the rule: it does not count, and nothing of it is read
            continue
        follows = block["first"] == position + 1
        follows &= all(at > tracking.get(topic, -1) for topic, at in block["tracking"].items())
        for event in block["events"]:
            last = versions.get(event["stream"])
            follows &= event["version"] in ((0, 1) if last is None else (last + 1,))
            versions[event["stream"]] = event["version"]
        if not follows:
            sys.exit(f"the ledger is corrupt: the block at offset {offset} does not follow")
        for event in block["events"]:
            position += 1
            yield {"position": position, **event}
        tracking |= block["tracking"]
        prev = hashlib.sha256(value or b"").hexdigest()
    print(f"position {position}, head {prev}, {dead} records do not count", file=sys.stderr)
    print(f"of each input, the next offset to be consumed: {json.dumps(tracking)}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for event in events(*sys.argv[1:]):
        print(json.dumps(event))
