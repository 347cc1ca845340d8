"""A channel listens to what it may sell: a snapshot, every change, and nothing missed in between."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from availability_listener import listening
from embedded_folder import remove_ledger
from served import ROOT, Sender, serving

MAX_SALES = 5_000
COMES_BACK = 25
ITEM = ("sku", "channel", "available_to_sell", "available_to_order", "locations")


def described(web, channel, *locations):
    """Which locations serve it, known to whoever tells listeners."""
    said = web.request("describe_channel", channel=channel, kind="web", locations=list(locations))
    behind = web.accepted(said)["position"] + 1
    with listening(web.client, channel=channel, min_position=str(behind)) as listener:
        assert listener.until("snapshot_end")[-1].data["position"] >= behind


def mine(web):
    """A channel that only this test sells by, served by this test's store."""
    channel = web.named("shop")
    described(web, channel, web.named("store"))
    return channel


def stocked(web, sku, quantity, **more):
    """Received, and known to whoever answers for availability."""
    position = web.accepted(web.received(sku, quantity, **more))["position"]
    web.seen(f"/v1/availability/anybody/{sku}", position + 1)
    return position


def sells(web, channel, sku):
    return web.client.get(f"/v1/availability/{channel}/{sku}").json()


def test_a_listener_gets_a_snapshot_and_then_each_change(web):
    channel, sku = mine(web), web.named("MUG")
    stocked(web, sku, 5)
    with listening(web.client, channel=channel, sku=sku) as listener:
        begin, *items, end = listener.until("snapshot_end")
        assert begin.event == "snapshot_begin"
        assert [item.event for item in items] == ["snapshot"]
        assert end.id == end.data["position"] >= items[0].data["position"]
        item = items[0].data
        assert item["available_to_sell"] == item["available_to_order"] == 5
        assert item["locations"] == [
            {"location": web.named("store"), "available": 5, "shortage": 0}
        ]
        placed = web.accepted(web.order(web.named("o"), (sku, 2)))
        change = listener.until("change")[-1]
        assert change.data["available_to_sell"] == 3
        assert placed["position"] < change.id == change.data["position"]
        assert {name: change.data[name] for name in ITEM} == {
            name: sells(web, channel, sku)[name] for name in ITEM
        }


def test_who_comes_back_gets_what_it_missed_and_no_snapshot(web):
    channel, sku = mine(web), web.named("MUG")
    with listening(web.client, channel=channel) as listener:
        listener.until("snapshot_end")
        web.accepted(web.received(sku, 5))
        listener.until("change")
        seen = listener.seen
    web.accepted(web.received(sku, 1))
    web.accepted(web.received(sku, 1))
    with listening(web.client, seen, channel=channel) as again:
        while again.shown.get((channel, sku), {}).get("available_to_sell") != 7:
            again.next()
        assert again.snapshots == 0
        assert again.seen > seen


def test_who_comes_back_with_what_nobody_told_gets_a_new_snapshot(web):
    channel, sku = mine(web), web.named("MUG")
    end = stocked(web, sku, 5)
    for unheard in (1, end + 1_000_000):
        with listening(web.client, unheard, channel=channel, sku=sku) as listener:
            assert listener.next().event == "snapshot_begin"
            listener.until("snapshot_end")
            assert listener.shown[(channel, sku)]["available_to_sell"] == 5


def test_many_channels_and_skus_each_hear_of_their_own(web):
    one, other = mine(web), web.named("market")
    store, depot = web.named("store"), web.named("depot")
    described(web, other, depot)
    mug, cup = web.named("MUG"), web.named("CUP")
    stocked(web, mug, 1)
    stocked(web, cup, 1, location=depot)
    with (
        listening(web.client, channel=one, sku=[mug, cup]) as own,
        listening(web.client, sku=[mug, cup], channel=[one, other]) as both,
        listening(web.client, sku=[mug, cup], channel=[one, other], location=depot) as there,
    ):
        for listener in (own, both, there):
            listener.until("snapshot_end")
        assert set(own.shown) == {(one, mug), (one, cup)}
        assert len(both.shown) == len(there.shown) == 4
        web.accepted(web.received(mug, 1))
        last = web.accepted(web.received(cup, 1, location=depot))["position"]
        told = there.until("change")
        assert told[-1].data["locations"][-1]["location"] == depot
        while both.seen < last or both.shown[(other, cup)]["available_to_sell"] != 2:
            both.next()
        assert both.shown[(one, mug)]["available_to_sell"] == 2
        told_own = own.until("change")[-1].data
        assert (told_own["channel"], told_own["sku"]) == (one, mug)
        assert store != depot


def test_a_location_that_closes_is_a_new_snapshot_for_everybody(web):
    channel, sku = mine(web), web.named("MUG")
    stocked(web, sku, 5)
    with listening(web.client, channel=channel, sku=sku) as listener:
        listener.until("snapshot_end")
        closed = {"kind": "store", "active": False, "time_zone": "UTC"}
        web.accepted(web.request("describe_location", location=web.named("store"), **closed))
        listener.until("snapshot_end")
        assert listener.snapshots == 2
        assert listener.shown[(channel, sku)]["available_to_sell"] == 0


def test_what_was_not_told_while_nobody_listened_is_in_the_snapshot(web):
    channel, sku = mine(web), web.named("MUG")
    stocked(web, sku, 1)
    for more in range(3):
        with listening(web.client, channel=channel, sku=sku) as listener:
            listener.until("snapshot_end")
            assert listener.shown[(channel, sku)]["available_to_sell"] == 1 + more
        stocked(web, sku, 1)


def test_nothing_is_missed_while_others_sell_and_listeners_come_and_go(server, web):
    channel = mine(web)
    skus = [web.named(f"S{number}") for number in range(8)]
    enough = threading.Event()

    def sell(client) -> None:
        sender = Sender(client)
        sender.mark = web.mark
        sender.sent = 1_000
        for number in range(MAX_SALES):
            sender.accepted(sender.received(skus[number % len(skus)], 1 + number % 3))
            if enough.is_set():
                return

    shown, seen, snapshots = {}, None, 0
    with server.client(web.client.headers["Onebook-Channel"]) as client:
        selling = threading.Thread(target=sell, args=(client,))
        selling.start()
        for _ in range(COMES_BACK):
            with listening(web.client, seen, channel=channel) as listener:
                listener.shown |= shown
                if listener.next().event == "snapshot_begin":
                    listener.until("snapshot_end")
                listener.next()
                shown, seen = listener.shown, listener.seen
                snapshots += listener.snapshots
        enough.set()
        selling.join()
    last = web.accepted(web.received(skus[0], 1))["position"]
    with listening(web.client, seen, channel=channel) as listener:
        listener.shown |= shown
        listener.until_position(last)
        shown = listener.shown
    assert snapshots == 1
    for sku in skus:
        told = shown[(channel, sku)]["available_to_sell"]
        assert told == sells(web, channel, sku)["available_to_sell"]


@pytest.mark.parametrize(
    ("query", "headers", "named"),
    [
        ("?channel=Not%20One", {}, "channel"),
        ("?day=2026-03-01", {}, "day"),
        ("?min_position=-1", {}, "min_position"),
        ("?" + "&".join(f"sku=s{n}" for n in range(501)), {}, "sku"),
        ("", {"Last-Event-ID": "yesterday"}, "Last-Event-ID"),
    ],
)
def test_a_listener_that_asks_for_nonsense_is_told_so(web, query, headers, named):
    answer = web.client.get(f"/v1/availability/stream{query}", headers=headers)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_who_wants_to_hear_from_a_position_that_does_not_come_is_told_so(web):
    head = web.accepted(web.received(web.named("MUG"), 1))["position"]
    ahead = {"min_position": head + 1_000_000}
    answer = web.client.get("/v1/availability/stream", params=ahead)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not_yet_visible"


def test_the_example_keeps_what_a_channel_may_sell(server, web):
    channel, sku = mine(web), web.named("MUG")
    stocked(web, sku, 5)
    program = ROOT / "examples" / "follow_availability.py"
    command = [sys.executable, str(program), server.address, channel]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            shown = {}
            while sku not in shown:
                item = json.loads(follower.stdout.readline())
                shown[item["sku"]] = item["available_to_sell"]
            assert shown[sku] == 5
            web.accepted(web.order(web.named("o"), (sku, 2)))
            while shown[sku] != 3:
                item = json.loads(follower.stdout.readline())
                shown[item["sku"]] = item["available_to_sell"]
        finally:
            follower.terminate()


def test_a_head_of_the_stream_ends(web):
    assert web.client.head("/v1/availability/stream").status_code == 200


def test_a_server_stops_although_listeners_stay(tmp_path):
    try:
        with serving(tmp_path / "ledger") as server, server.client("web") as client:
            web = Sender(client)
            stocked(web, "MUG", 1)
            with listening(client, channel="web") as listener:
                listener.until("snapshot_end")
                began = time.monotonic()
                assert server.stop(signal.SIGTERM) == 0
                assert time.monotonic() - began < 60
                with pytest.raises(StopIteration):
                    listener.until("never")
    finally:
        remove_ledger(tmp_path / "ledger")
