"""The feed of what channels may sell keeps its places for who listens, and begins anew if it must."""

import asyncio
from types import SimpleNamespace
from typing import NoReturn

import pytest

from api import feed as feed_module
from api import live as live_module
from api.feed import Feed
from api.live import Live
from api.problems import Problem
from consumers.availability.memory import Touched
from consumers.availability.ring import Filter


class Following:
    """Stands for `Live`: a ledger at position 10, on which nothing happens."""

    def __init__(self) -> None:
        self.memory = SimpleNamespace(position=10, channels=())
        self.failed = False
        self.turn = asyncio.Lock()

    async def has(self, _skus, *, min_position=None) -> bool:
        return min_position is None or min_position <= self.memory.position

    def follow(self) -> None:
        """It is followed."""


@pytest.fixture
def live() -> Following:
    return Following()


@pytest.fixture
def feed(live: Following) -> Feed:
    return Feed(live, SimpleNamespace(network="main"))


def only(channel: str) -> Filter:
    return Filter(frozenset({channel}))


def test_a_channel_that_nobody_hears_any_more_leaves_its_place_to_others(feed, monkeypatch):
    monkeypatch.setattr(feed_module, "MAX_CHANNELS", 3)

    async def come_and_go() -> None:
        await feed.join(only("web"))
        for number in range(10):
            feed.leave(await feed.join(only(f"shop-{number}")))
        for number in range(2):
            await feed.join(only(f"till-{number}"))
        with pytest.raises(Problem, match="3 channels"):
            await feed.join(only("one-more"))
        assert feed.resumes(only("web"), 10)
        feed.stop()

    asyncio.run(come_and_go())


def test_who_comes_back_in_time_resumes_and_who_hears_of_another_channel_does_not(feed, live):
    async def come_back() -> None:
        await feed.join(only("web"))
        feed.leave(await feed.join(only("shop")))
        await feed.join(only("shop"))
        assert feed.resumes(only("shop"), 10)
        live.memory.channels = ("described-since",)
        assert not feed.resumes(Filter(), 10)
        feed.stop()

    asyncio.run(come_back())


def test_a_memory_that_was_begun_anew_is_a_new_snapshot_for_who_listens(feed, live):
    async def begin_anew() -> None:
        listener = await feed.join(only("web"))
        resets = feed.ring.resets
        assert await feed.look()
        assert (feed.ring.resets, listener.woken.is_set()) == (resets, False)
        live.failed = True
        assert not await feed.look()
        live.failed, live.memory = False, SimpleNamespace(position=20, channels=())
        assert await feed.look()
        assert (feed.ring.resets, listener.woken.is_set()) == (resets + 1, True)
        feed.stop()

    asyncio.run(begin_anew())


def test_a_round_that_fails_is_followed_by_a_new_snapshot(feed, live, monkeypatch):
    monkeypatch.setattr(feed_module, "AFTER_FAULT_S", 0.0)

    async def fail_once() -> None:
        listener = await feed.join(only("web"))
        resets, broken = feed.ring.resets, live.turn
        live.turn = None  # whatever it is that fails
        live.on_taken(Touched(11, {}, {}, set(), set()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        live.turn = broken
        await asyncio.wait_for(listener.woken.wait(), 10)
        assert feed.ring.resets == resets + 1
        feed.stop()

    asyncio.run(fail_once())


def test_a_ledger_that_could_not_be_followed_is_tried_again(monkeypatch):
    monkeypatch.setattr(live_module, "AGAIN_AFTER_S", 0.0)
    tried: list[int] = []

    def cannot() -> NoReturn:
        tried.append(len(tried))
        raise RuntimeError("not now")

    async def try_twice() -> None:
        live = Live(cannot, "", SimpleNamespace(network="main"), SimpleNamespace())
        live.open()
        while len(tried) < 2:
            live.follow()
            assert not await live.has(())
            await asyncio.sleep(0.01)
        await live.close()

    asyncio.run(asyncio.wait_for(try_twice(), 30))
