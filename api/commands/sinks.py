"""Where an import goes when another process holds the data directory: its server, over HTTP."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from api.parameters import CHANNEL_HEADER
from api.paths import encoded
from api.problems import IDEMPOTENCY_MISMATCH
from api.replies import POSITION_HEADER
from consumers.ingest.faults import ImportStopped
from consumers.ingest.prepare import Prepared
from consumers.ingest.sink import Outcome, Result, by_channel
from ledger.codec import encode

MAX_POSTS_IN_FLIGHT: Final = 8
MAX_RETRY_S: Final = 60.0
RETRY_PAUSE_S: Final = 0.2
REPLY_LIMIT_S: Final = 120.0
MAX_POST_BYTES: Final = 8 << 20
_UNDECIDED: Final = (202, 503)
"""Kept, or not known to be decided: sent again it counts once, and its answer is awaited."""
VIEWS_WAIT_S: Final = 600.0


class Item(NamedTuple):
    """A request as it is posted."""

    request_id: str
    body: bytes


class HttpSink:
    """Posts NDJSON batches, those of one channel one after the other.

    What a server answers 503 is sent again for MAX_RETRY_S: a request counts once.
    """

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=REPLY_LIMIT_S)
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._sent: deque[Future[list[Outcome]]] = deque()

    def close(self) -> None:
        """Wait for what is under way, and hang up."""
        for worker in self._workers.values():
            worker.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def send(self, batch: Sequence[Prepared]) -> Iterable[Outcome]:
        """Hand over a batch; return the outcomes that are known by now."""
        outcomes: list[Outcome] = []
        for channel, requests in by_channel(batch):
            for group in _in_posts([Item(r.request_id, encode(r)) for r in requests]):
                while len(self._sent) >= MAX_POSTS_IN_FLIGHT:
                    outcomes += self._sent.popleft().result()
                self._sent.append(self._worker(channel).submit(self._deliver, channel, group))
        return outcomes

    def finish(self) -> Iterable[Outcome]:
        """Wait for all that was sent."""
        while self._sent:
            yield from self._sent.popleft().result()

    def knows(self, channel: str, request_id: str) -> bool:
        """Whether the ledger holds this request."""
        path = f"/v1/requests/{channel}/{encoded(request_id)}"
        return self._get(path, {"min_position": self._head()}).status_code == 200

    def has_stock_events(self, location: str) -> bool:
        """Whether the ledger holds any stock event at this location."""
        query = {"location": location, "limit": 1, "min_position": self._head()}
        return bool(self._get("/v1/inventory", query).json()["items"])

    def wait_for_views(self) -> None:
        """Wait until the views show everything. Raises ImportStopped if they stand still."""
        head, give_up = self._head(), time.monotonic() + VIEWS_WAIT_S
        while time.monotonic() < give_up:
            query = {"limit": 1, "min_position": head}
            if self._asked("/v1/locations", query).status_code == 200:
                return
        raise ImportStopped(f"everything is recorded, but the views do not reach position {head}")

    def _worker(self, channel: str) -> ThreadPoolExecutor:
        if channel not in self._workers:
            self._workers[channel] = ThreadPoolExecutor(1, thread_name_prefix=f"post-{channel}")
        return self._workers[channel]

    def _head(self) -> int:
        return int(self._get("/v1/projections", {}).headers[POSITION_HEADER])

    def _asked(self, path: str, query: dict[str, Any]) -> httpx.Response:
        try:
            return self._client.get(path, params=query)
        except httpx.HTTPError as error:
            raise self._gone(error) from error

    def _get(self, path: str, query: dict[str, Any]) -> httpx.Response:
        answer = self._asked(path, query)
        if answer.status_code not in (200, 404):
            raise ImportStopped(f"{path}: {answer.json()['detail']}; import the file again")
        return answer

    def _gone(self, error: Exception) -> ImportStopped:
        return ImportStopped(
            f"{self._client.base_url} does not answer ({error!r}); import the file again: what "
            "was recorded is known by its request_id and adds nothing"
        )

    def _deliver(self, channel: str, group: Sequence[Item]) -> list[Outcome]:
        """Post until each request has an answer; an answer once given stands."""
        give_up = time.monotonic() + MAX_RETRY_S
        outcomes: list[Outcome] = []
        while True:
            failed: Exception | None = None
            try:
                outcomes += self._post(channel, group[len(outcomes) :])
            except httpx.HTTPError as error:
                failed = error
            if len(outcomes) == len(group):
                return outcomes
            if time.monotonic() > give_up:
                raise self._gone(failed or TimeoutError("requests stay undecided"))
            time.sleep(RETRY_PAUSE_S)

    def _post(self, channel: str, group: Sequence[Item]) -> list[Outcome]:
        """The outcomes of the first of these requests, up to one that is undecided."""
        answer = self._client.post(
            "/v1/requests",
            content=b"\n".join(item.body for item in group),
            headers={"Content-Type": "application/x-ndjson", CHANNEL_HEADER: channel},
        )
        if answer.status_code in _UNDECIDED:
            return []
        if answer.status_code != 200:
            raise ImportStopped(f"{answer.json()['detail']}; nothing of this batch was recorded")
        outcomes: list[Outcome] = []
        for item, line in zip(group, answer.content.splitlines(), strict=True):
            said = msgspec.json.decode(line)
            if said["status"] in _UNDECIDED:
                break
            outcomes.append(_outcome(channel, item.request_id, said))
        return outcomes


def _in_posts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Groups that stay below the limit of a body."""
    first = size = 0
    for index, item in enumerate(items):
        if index > first and size + len(item.body) > MAX_POST_BYTES:
            yield items[first:index]
            first, size = index, 0
        size += len(item.body) + 1
    if first < len(items):
        yield items[first:]


def _outcome(channel: str, request_id: str, said: dict[str, Any]) -> Outcome:
    match said["status"]:
        case 201:
            return Outcome(channel, request_id, "replayed" if said["replayed"] else "accepted")
        case 409:
            return Outcome(channel, request_id, "refused", said["reason"])
        case 500:
            return Outcome(channel, request_id, "failed", said["detail"])
    mismatch = said["type"] == IDEMPOTENCY_MISMATCH.type
    result: Result = "mismatch" if mismatch else "malformed"
    return Outcome(channel, request_id, result, said["detail"])
