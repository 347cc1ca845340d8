"""Claims at the same instant never take more than there is, and none is doubled."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from served import Sender, Served

CONNECTIONS = 64


async def all_at_once(server: Served, channel: str, requests: list[Any]) -> list[httpx.Response]:
    """Send them over CONNECTIONS connections, each busy all the time."""
    rest, answers = iter(requests), []

    async def keep_sending() -> None:
        headers = {"Onebook-Channel": channel}
        async with httpx.AsyncClient(
            base_url=server.address, headers=headers, timeout=120
        ) as client:
            answers.extend([await client.post("/v1/requests", json=request) for request in rest])

    await asyncio.gather(*(keep_sending() for _ in range(CONNECTIONS)))
    return answers


@pytest.mark.parametrize(
    ("units", "lines", "times"),
    [(1_000, 1, 1), (1_000, 1, 3), (2_000, 2, 1)],
    ids=["one line", "every request three times", "two lines of the same item"],
)
def test_2000_claims_at_once_on_a_stock_for_1000_are_granted_exactly_1000_times(
    server: Served, web: Sender, units: int, lines: int, times: int
) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, units))
    orders = [web.order(f"{web.named('o')}-{n}", *[(sku, 1)] * lines) for n in range(2_000)]
    channel = web.client.headers["Onebook-Channel"]
    answers = asyncio.run(all_at_once(server, channel, [o for o in orders for _ in range(times)]))

    granted = Counter(a.json()["request_id"] for a in answers if a.status_code == 201)
    refused = Counter(a.json()["request_id"] for a in answers if a.status_code == 409)
    assert (len(granted), len(refused)) == (1_000, 1_000)
    assert set(granted.values()) | set(refused.values()) == {times}
    assert sum("Onebook-Replayed" in a.headers for a in answers) == 2_000 * (times - 1)

    last = max(a.json()["position"] + a.json()["events"] - 1 for a in answers)
    total = web.seen(f"/v1/inventory/{sku}", last)["total"]
    assert (total["on_hand"], total["committed"], total["available"]) == (units, units, 0)
