"""The proofs of the fault suite see what is wrong: each law is broken once, and must say so."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from chaos.diary import Answered, Asked, Sent, Unexpected
from chaos.evidence import DeadLetter, Evidence
from chaos.proofs import prove
from chaos.reader import walk
from msgspec.structs import replace
from small_story import NETWORK, TOPIC, Story, order

Spoil = Callable[[Story], None]


def laws_broken(evidence: Evidence) -> set[str]:
    return {violation.law for violation in prove(evidence)}


def own_event(story: Story, name: str) -> dict[str, Any]:
    return block_of(story, name)["events"][0]


def block_of(story: Story, name: str) -> dict[str, Any]:
    stream = f"request/web/{name}"
    return next(b for b in story.blocks if b["events"][0]["stream"] == stream)


def test_a_true_story_breaks_no_law():
    story = Story().tell()
    assert prove(story.evidence()) == []
    outcomes = [answer.outcome for answer in story.diaries.answered]
    assert {"accepted", "refused"} == set(outcomes)
    assert story.evidence().refused_inputs
    assert {"kafka", "http"} == {sent.way for sent in story.diaries.sent}


def test_records_that_do_not_count_break_no_law():
    story = Story().tell()
    stale = {"prev": "genesis", "first": 1, **story.blocks[0]}
    story.extra = {
        2: msgspec.json.encode(stale),
        3: b"no block at all",
        4: msgspec.json.encode(stale | {"network": "other"}),
        5: msgspec.json.encode(stale | {"prev": "0" * 64}),
    }
    evidence = story.evidence()
    assert [dead.why.split(":")[0] for dead in evidence.ledger.dead] == [
        "decided on a superseded block",
        "unreadable",
        "of network other",
        "decided on a block that does not count",
    ]
    assert prove(evidence) == []


def test_an_event_kept_in_base64_is_read_like_any_other():
    story = Story().tell()
    for event in block_of(story, "w-1")["events"]:
        event["data64"] = b64encode(msgspec.json.encode(event.pop("data"))).decode()
    assert prove(story.evidence()) == []


@pytest.mark.parametrize("broken", [{"data64": "e30="}, {"data": None, "data64": "é"}])
def test_a_block_with_an_event_that_cannot_be_read_does_not_count(broken):
    story = Story().tell()
    event = own_event(story, "w-1")
    event |= broken
    if event["data"] is None:
        del event["data"]
    first = story.topic()[1][0]
    found = walk(story.topic(), NETWORK)
    assert [block.offset for block in found.blocks] == [0]
    assert found.dead[0].offset == first
    assert {dead.why.split(":")[0] for dead in found.dead[1:]} == {
        "decided on a block that does not count"
    }


def position_skipped(story: Story) -> None:
    story.blocks[3]["first"] = 99


def version_twice(story: Story) -> None:
    story.blocks[2]["events"][-1]["version"] = 1


def tracking_back(story: Story) -> None:
    story.blocks[-2]["tracking"] = {TOPIC: 1}


def clock_back(story: Story) -> None:
    story.blocks[4]["recorded_at"] = "2026-03-01T07:59:00Z"


def effect_lost(story: Story) -> None:
    block_of(story, "w-1")["events"].pop()


def effect_unreadable(story: Story) -> None:
    block_of(story, "w-1")["events"][1]["type"] = "order_placed.v9"


def effect_of_another(story: Story) -> None:
    block_of(story, "w-1")["events"][1]["data"]["request_id"] = "w-2"


def answered_twice(story: Story) -> None:
    again = msgspec.json.decode(msgspec.json.encode(block_of(story, "w-5")))
    for event in again["events"]:
        event["version"] += 1
    story.blocks.append(again)


def answered_out_of_nothing(story: Story) -> None:
    del story.diaries.asked["web", "w-2"]


def never_answered(story: Story) -> None:
    story.diaries.add(Asked(0.5, "web", "w-77", '{"type":"nothing"}'))


def acknowledged_and_lost(story: Story) -> None:
    story.diaries.add(Answered(99.0, "web", "w-77", "http", "accepted", 3, 2, None, []))


def change_answer(**changes: Any) -> Spoil:
    def spoil(story: Story) -> None:
        answers = story.diaries.answered
        at = next(i for i, a in enumerate(answers) if a.outcome == changes.get("was", "accepted"))
        changed = {name: value for name, value in changes.items() if name != "was"}
        answers[at] = replace(answers[at], **changed)

    return spoil


def later_before_earlier(story: Story) -> None:
    """w-1 is said to have been sent after w-5 was answered."""
    story.diaries.first_sent["web", "w-1"] = story.clock + 1


def effect_changed(story: Story) -> None:
    block_of(story, "w-1")["events"][1]["data"]["order_id"] = "w-one"


def granted_beyond_stock(story: Story) -> None:
    """The last order is granted as an earlier one was, though nothing is left."""
    granted, refused = block_of(story, "w-1"), block_of(story, "w-4")
    text = msgspec.json.encode(granted["events"]).decode()
    number = story.blocks.index(refused)
    events = msgspec.json.decode(text.replace("w-1", "w-4"))
    story.versions.clear()
    for block in story.blocks[:number]:
        story.versions.update(event["stream"] for event in block["events"])
    for event in events:
        story.versions[event["stream"]] += 1
        event["version"] = story.versions[event["stream"]]
        event["data"]["recorded_at"] = refused["recorded_at"]
    refused["events"] = events


def other_content(story: Story) -> None:
    """The client keeps that it asked for four, the ledger that it asked for three."""
    asked = story.diaries.asked["web", "w-1"]
    body = msgspec.json.encode(order("w-1", 4)).decode()
    story.diaries.asked["web", "w-1"] = replace(asked, body=body)


def input_unread(story: Story) -> None:
    story.inputs.append((len(story.inputs), msgspec.json.encode(order("w-88", 1))))


def input_passed_unanswered(story: Story) -> None:
    input_unread(story)
    story.blocks[-1]["tracking"] = {TOPIC: len(story.inputs)}


def input_passed_too_early(story: Story) -> None:
    """The input of grn-2 is passed by the block before the one that answers it."""
    at = story.blocks.index(block_of(story, "grn-2"))
    story.blocks[at - 1]["tracking"], story.blocks[at]["tracking"] = (
        story.blocks[at]["tracking"],
        {},
    )


def rubbish_passed_in_silence(story: Story) -> None:
    block = next(b for b in story.blocks if b["events"][0]["type"] == "input_refused.v1")
    block["events"] = []


def answered_and_refused(story: Story) -> None:
    event = next(e for b in story.blocks for e in b["events"] if e["type"] == "input_refused.v1")
    event["data"] |= {"offset": 0, "index": 0}


def letter_lost(story: Story) -> None:
    story.letters.clear()


def letter_of_other_bytes(story: Story) -> None:
    [letter] = story.letters
    story.letters[0] = DeadLetter(letter.offset, b"others", letter.headers)


def published_and_gone(story: Story) -> None:
    published = story.diaries.published
    published[-1] = replace(published[-1], offset=77)


def published_and_another(story: Story) -> None:
    published = story.diaries.published
    published[-1] = replace(published[-1], request_ids=["w-1"])


def rubbish_changed(story: Story) -> None:
    story.diaries.rubbish[0] = replace(story.diaries.rubbish[0], sha256="0" * 64)


def sent_and_forgotten(story: Story) -> None:
    story.diaries.answered.pop()


def strange_reply(story: Story) -> None:
    story.diaries.add(Unexpected(50.0, "web", "w-1", "status 500"))


BROKEN: list[tuple[Spoil, str]] = [
    (position_skipped, "the chain"),
    (version_twice, "the chain"),
    (tracking_back, "the chain"),
    (clock_back, "recorded_at"),
    (effect_lost, "events of a request"),
    (effect_unreadable, "events of a request"),
    (effect_of_another, "events of a request"),
    (answered_twice, "answered once"),
    (answered_out_of_nothing, "answered once"),
    (never_answered, "answered once"),
    (acknowledged_and_lost, "acknowledged answers"),
    (change_answer(position=2), "acknowledged answers"),
    (change_answer(outcome="refused"), "acknowledged answers"),
    (change_answer(events=9), "acknowledged answers"),
    (change_answer(was="refused", reason="unknown_sku"), "acknowledged answers"),
    (change_answer(was="refused", details=[]), "acknowledged answers"),
    (later_before_earlier, "order of the world"),
    (effect_changed, "replay"),
    (granted_beyond_stock, "replay"),
    (other_content, "replay"),
    (input_unread, "inputs"),
    (input_passed_unanswered, "inputs"),
    (input_passed_too_early, "inputs"),
    (rubbish_passed_in_silence, "inputs"),
    (answered_and_refused, "inputs"),
    (letter_lost, "dead letters"),
    (letter_of_other_bytes, "dead letters"),
    (published_and_gone, "topics"),
    (published_and_another, "topics"),
    (rubbish_changed, "topics"),
    (sent_and_forgotten, "replies"),
    (strange_reply, "replies"),
]


@pytest.mark.parametrize(
    ("spoil", "law"), BROKEN, ids=[f"{n} {spoil.__name__}" for n, (spoil, _) in enumerate(BROKEN)]
)
def test_what_is_wrong_is_seen(spoil: Spoil, law: str):
    story = Story().tell()
    spoil(story)
    assert law in laws_broken(story.evidence())


def test_a_refused_input_that_is_refused_again_is_seen():
    evidence = Story().tell().evidence()
    evidence.refused_inputs *= 2
    assert laws_broken(evidence) == {"dead letters"}


def test_a_record_that_is_missing_from_the_ledgers_topic_is_seen():
    records = Story().tell().topic()
    assert walk(records, NETWORK).corrupt == []
    assert walk([*records[:3], *records[4:]], NETWORK).corrupt == ["offset 4 stands where 3 should"]


@pytest.mark.parametrize(
    "changes",
    [{"position": 20}, {"head_hash": "f" * 64}, {"differences": 1}, {"view_digest": "bb"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_view_that_is_not_a_fold_of_the_ledger_is_seen(changes):
    evidence = Story().tell().evidence()
    [check] = evidence.views.checks
    evidence.views = replace(evidence.views, checks=[replace(check, **changes)])
    assert laws_broken(evidence) == {"views"}


def test_stock_that_no_event_explains_is_seen():
    evidence = Story().tell().evidence()
    stock = dict(evidence.views.stock) | {("dc-1", "MUG", "on_hand"): 18}
    evidence.views = replace(evidence.views, stock=stock)
    assert laws_broken(evidence) == {"conservation"}


def test_a_violation_names_the_requests_that_it_hits():
    story = Story().tell()
    later_before_earlier(story)
    broken = [v for v in prove(story.evidence()) if v.law == "order of the world"]
    assert [violation.ids for violation in broken] == [("web/w-9", "web/w-1")]


def test_a_request_sent_five_times_counts_from_its_first_sending():
    story = Story().tell()
    story.diaries.add(Sent(story.clock + 1, "web", "w-1", "http"))
    assert prove(story.evidence()) == []
