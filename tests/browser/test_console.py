"""The console's pages in a real browser, on the day that `onebook demo` tells."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

import pytest
from crawl import crawl
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from served import Sender, Served, served_ledger

from api.commands.demo_story import BAG, BUNTING, CAKESTAND, HEART, Day, goods, story


@cache
def begun() -> datetime:
    """When the day began: as the first test asks, since its cart is held for minutes only."""
    return datetime.now(UTC).replace(microsecond=0)


NEVER = "2126-01-01T00:00:00Z"
PAGES = (
    "/",
    "/exceptions",
    "/transfers",
    "/transfers/tr-301",
    "/supplies",
    "/supplies/po-902",
    "/holds",
    "/returns/rt-401",
    "/orders/web-2001",
    "/orders/web-2003",
    f"/inventory/{BAG}",
    "/customers/17841",
)


@pytest.fixture(scope="module")
def london(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger that holds the demo's day, and nothing before it; the cart holds on."""
    with served_ledger(tmp_path_factory.mktemp("london") / "ledger") as server:
        with server.client() as client:
            for step in story(begun()):
                channel = {"Onebook-Channel": step.channel}
                answer = client.post("/v1/requests", json=step.request, headers=channel)
                assert answer.status_code in (201, 409), answer.text
            web = Sender(client)
            late = {"supply_id": "po/800", "location": "uk-dc", "due": "2026-01-02"}
            web.accepted(web.request("expect_supply", **late, lines=goods((BUNTING, 30))))
            longer = web.request("extend_hold", owner="cart-88", expires_at=NEVER)
            last = web.accepted(longer | {"occurred_at": begun().isoformat()})
            web.seen("/v1/orders", last["position"] + last["events"] - 1)
        yield server


def opened(browser: Chrome, server: Served, path: str) -> None:
    browser.get(server.address + path)


def follow(browser: Chrome, by: str, what: str) -> None:
    """Click a link, once it stands still in the middle of the window."""
    link = browser.find_element(by, what)
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", link
    )
    link.click()


def texts(browser: Chrome, selector: str) -> list[str]:
    return [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]


def rows(browser: Chrome, section: str) -> list[str]:
    """The rows of the table under a section's heading."""
    return texts(browser, f"[aria-labelledby={section}] tbody tr")


def test_what_is_paid_for_and_short_is_the_first_thing_to_look_at(
    browser: Chrome, london: Served
) -> None:
    opened(browser, london, "/")
    first, *_ = rows(browser, "exceptions-title")
    assert first.startswith(f"paid short web-2004 {BUNTING} london-1")
    assert "2 9.90 GBP" in first
    follow(browser, By.LINK_TEXT, "web-2004")
    assert browser.find_element(By.CSS_SELECTOR, ".lead .label").text == "on hold"
    [short] = texts(browser, ".note.wrong")
    assert "2 of 8 promised at london-1 are short" in short


def test_an_order_says_why_it_is_served_from_there(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/orders/web-2001")
    [why] = texts(browser, ".why li")
    assert why == (
        "Line 1: 3 from london-1: nearest, 3.4 km. brighton-1 would have been next, 79 km."
    )
    assert rows(browser, "lines") == [
        f"1 {BAG} ship london-1 3 3 0 3 2 2.08 GBP",
        f"2 {CAKESTAND} pickup london-1 1 0 1 0 0 12.75 GBP",
    ]
    assert rows(browser, "pickups") == ["2 london-1 1 0 1 0"]
    [parcel] = rows(browser, "shipments")
    assert parcel.endswith("london-1 royal-mail RM501 1 3 0 3 0")
    assert rows(browser, "payments") == ["pay-2001 captured all 18.99 GBP"]


def test_a_split_order_says_how_much_comes_from_where(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/orders/web-2003")
    [line] = rows(browser, "lines")
    assert line == f"1 {CAKESTAND} ship london-1 5, uk-dc 19 24 24 12.75 GBP"
    [near, far] = texts(browser, ".why li")
    assert near.startswith("Line 1: 5 from london-1: nearest, 43 km.")
    assert far.endswith("brighton-1 and uk-dc would have been next, 176 km in all.")


def test_what_waits_for_stock_says_for_when_it_is_promised(browser: Chrome, london: Served) -> None:
    due = Day(begun()).due(7)
    opened(browser, london, "/orders/web-2005")
    assert texts(browser, ".note") == [
        f"Line 1, {HEART}: 10 wait for stock to come, promised for {due}."
    ]
    follow(browser, By.LINK_TEXT, HEART)
    assert rows(browser, "waiting") == [f"web-2005 {due} 10"]
    assert rows(browser, "coming") == [f"supply po-902 {due} uk-dc 60"]
    assert "bazaar 0 50 0 0 60 10" in rows(browser, "channels")
    follow(browser, By.LINK_TEXT, "po-902")
    assert rows(browser, "lines") == [f"1 {HEART} uk-dc {due} 60 0 60 \N{EN DASH}"]


def test_what_waits_at_the_counter_says_until_when(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/orders/web-2007")
    [note] = texts(browser, ".note")
    assert note.startswith(f"Line 1, {BAG}: 2 ready for the customer, until {Day(begun()).due(4)} ")
    [pickup] = rows(browser, "pickups")
    assert pickup.startswith(f"1 london-1 2 2 0 0 {Day(begun()).due(4)} ")


def test_the_stock_card_tells_what_is_held_coming_and_left_to_others(
    browser: Chrome, london: Served
) -> None:
    opened(browser, london, f"/inventory/{BAG}")
    tiles = dict(zip(texts(browser, ".tiles dt"), texts(browser, ".tiles dd"), strict=True))
    assert tiles == {
        "On hand": "46",
        "Committed": "2",
        "Reserved": "2",
        "Available": "41",
        "Incoming": "10",
        "Shortage": "0",
    }
    assert rows(browser, "places") == [
        "brighton-1 7 0 0 1 0 0 6 10 0",
        "london-1 9 2 2 0 0 0 5 0 0",
        "uk-dc 30 0 0 0 0 0 30 0 0",
    ]
    assert "bazaar 10 10 30 15 10 0 0" in rows(browser, "channels")
    newest, *_ = rows(browser, "card")
    assert "moved (damaged +1, quality control \N{MINUS SIGN}1)" in newest


def test_a_transfer_on_its_way_is_followed_from_either_end(browser: Chrome, london: Served) -> None:
    opened(browser, london, f"/inventory/{BAG}")
    follow(browser, By.CSS_SELECTOR, "[aria-labelledby=coming] a")
    assert browser.find_element(By.TAG_NAME, "h1").text == "Transfer tr-301"
    assert "From uk-dc to brighton-1" in browser.find_element(By.CLASS_NAME, "lead").text
    assert rows(browser, "lines") == [f"1 {BAG} 10 0 10 10 0 0 0 0"]


def test_a_return_says_what_was_done_with_the_goods(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/orders/web-2001")
    follow(browser, By.LINK_TEXT, "rt-401")
    assert rows(browser, "lines") == [f"1 {BAG} too red 2 2 1 0 1 0 0 0"]
    ends = [row.split("brighton-1 ")[1] for row in rows(browser, "done")]
    assert ends == [
        "1 2 the customer quality control london-1600",
        "1 1 quality control restock london-1620",
        "1 1 quality control damaged london-1620",
    ]


def test_a_hold_says_who_holds_what_and_where(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/holds")
    [hold] = texts(browser, "tbody tr")
    assert hold == f"cart-88 1 {BAG} held 2126-01-01 00:00:00 2 2 london-1 2 web"


def test_exceptions_are_chosen_by_kind_and_state(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/exceptions")
    everything = len(texts(browser, "tbody tr"))
    follow(browser, By.PARTIAL_LINK_TEXT, "variance")
    [counted] = texts(browser, "tbody tr")
    assert everything > 1
    assert f"{BUNTING} london-1" in counted
    assert "says till-1" in counted
    chosen = texts(browser, ".chips [aria-current]")
    assert chosen == ["open", "variance 1"]
    follow(browser, By.LINK_TEXT, "resolved")
    assert texts(browser, ".empty") == ["Nothing: all is as it should be."]


def test_what_is_overdue_leads_to_what_should_have_come(browser: Chrome, london: Served) -> None:
    opened(browser, london, "/exceptions?kind=supply_overdue")
    [late] = texts(browser, "tbody tr")
    assert late.startswith(f"supply overdue {BUNTING} supply/po%2F800 uk-dc due on 2026-01-02 30")
    follow(browser, By.LINK_TEXT, "supply/po%2F800")
    assert browser.find_element(By.TAG_NAME, "h1").text == "Supply po/800"
    [line] = rows(browser, "lines")
    assert line.startswith(f"1 {BUNTING} uk-dc 2026-01-02, overdue 30 0 30")


def test_two_ids_of_one_person_have_one_timeline(browser: Chrome, london: Served) -> None:
    for customer in ("17841", "shop-7731"):
        opened(browser, london, f"/customers/{customer}")
        assert "One person under 2 ids" in browser.find_element(By.ID, "content").text
        history = rows(browser, "history")
        assert any("contact web-2005 whatsapp" in row for row in history)
        assert any("order web-2001" in row for row in history)


def test_every_link_of_the_demos_pages_opens(browser: Chrome, london: Served) -> None:
    paths = [urlsplit(target).path for target in crawl(browser, london)]
    assert set(PAGES) <= set(paths)


@pytest.mark.parametrize("width", [1280, 768, 400])
def test_no_page_is_wider_than_the_window(browser: Chrome, london: Served, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for path in PAGES:
            opened(browser, london, path)
            script = "return document.documentElement.scrollWidth"
            assert browser.execute_script(script) <= width, path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_empty_ledger_has_empty_pages(
    browser: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served_ledger(tmp_path_factory.mktemp("none") / "ledger") as server:
        for path in ("/exceptions", "/transfers", "/supplies", "/holds"):
            opened(browser, server, path)
            assert len(texts(browser, ".empty")) == 1
        with server.client() as client:
            for path in ("/transfers/none", "/supplies/none", "/returns/none"):
                assert client.get(path).status_code == 404
