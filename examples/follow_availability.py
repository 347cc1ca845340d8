"""Keep what a channel may sell: a snapshot, every change, and on from there after any break.

    python examples/follow_availability.py http://localhost:8000 web

prints a line of JSON whenever something changed. docs/availability-feed.md has the events.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx

WAIT_S = 1.0
QUIET_S = 60.0


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """The server-sent events: name, data, and the id if there is one."""
    said: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            said[name] = value
        elif "data" in said:
            yield said["event"], json.loads(said["data"]), said.get("id")
            said = {}


def follow(address: str, channel: str) -> Iterator[dict[str, Any]]:
    """Each word on a sku of the channel: the whole answer, for as long as anybody listens."""
    seen: str | None = None
    while True:
        headers = {} if seen is None else {"Last-Event-ID": seen}
        url = f"{address}/v1/availability/stream"
        try:
            with httpx.stream(
                "GET", url, params={"channel": channel}, headers=headers, timeout=QUIET_S
            ) as answer:
                answer.raise_for_status()
                for event, data, position in events(answer.iter_lines()):
                    if event in ("snapshot", "change"):
                        yield data
                    seen = position or seen
        except httpx.HTTPError as fault:
            print(f"again in {WAIT_S:g} s: {fault}", file=sys.stderr)
        time.sleep(WAIT_S)


if __name__ == "__main__":
    for item in follow(*sys.argv[1:3]):
        print(json.dumps(item), flush=True)
