"""Living through the demo's day: each request goes through the same door and writer as over HTTP.

When the demo first began is kept in the ledger itself, as the reference of the day's first request:
the day sent again is the same to the byte, and adds nothing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
import psycopg

from api.commands.demo_story import Step, story
from consumers.node import Node
from consumers.writing.writer import Answer, Outcome
from ledger.door import read_request

ANSWER_LIMIT_S: Final = 60.0
_FIRST: Final = """
    SELECT reference FROM requests
    WHERE network = %s AND channel = 'erp' AND request_id = 'london-0700'
"""


def begun(node: Node) -> datetime:
    """When the demo on this ledger began: now, unless its views show that it did before."""
    with psycopg.connect(node.database_url) as conn:
        found = conn.execute(_FIRST, (node.network,)).fetchone()
    if found is None:
        return datetime.now(UTC).replace(microsecond=0)
    return datetime.fromisoformat(found[0])


def live_through(node: Node, since: datetime) -> Iterator[tuple[Step, Outcome]]:
    """Send the day step by step; yield each with its answer. `since`: when the demo began."""
    for step in story(since):
        request = read_request(msgspec.json.encode(step.request))
        [answer] = node.writer.submit(step.channel, [request]).result(ANSWER_LIMIT_S)
        yield step, answer


def said(answer: Outcome) -> str:
    """An answer in a few words."""
    if not isinstance(answer, Answer):
        return "was sent before with other content"
    if answer.outcome == "accepted":
        return f"{answer.events} events at {answer.position:,}"
    [first, *_] = answer.details
    return f"refused: {answer.reason}, asked {first.asked}, available {first.available}"
