"""The home page in a real browser: real numbers, and links that open."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from crawl import crawl
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from served import Body, Sender, Served, served_ledger


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger with one sku that is short, one order on hold, one sale and one customer."""
    with served_ledger(tmp_path_factory.mktemp("home") / "ledger") as server:
        with server.client("web") as client:
            web = Sender(client)
            line = {"line_id": "1", "sku": "MUG/RED", "quantity": 4, "unit_price_minor": 990}
            sent: list[Body] = [
                web.request("describe_product", sku="MUG/RED", title="A <red> mug"),
                web.received("MUG/RED", 12_345, location="store"),
                web.request(
                    "place_order",
                    order_id="web-1",
                    currency="EUR",
                    lines=[line | {"how": "ship", "location": "store", "quantity": 12_345}],
                ),
                web.request(
                    "record_sale", location="store", customer_id="c-1", currency="EUR", lines=[line]
                ),
            ]
            last = [web.accepted(request) for request in sent][-1]
            web.seen("/v1/orders", last["position"] + last["events"] - 1)
        yield server


def text_of(browser: Chrome, element_id: str) -> str:
    return browser.find_element(By.ID, element_id).text


def test_the_home_page_shows_the_ledgers_own_numbers(browser: Chrome, shop: Served) -> None:
    browser.get(shop.address)
    with shop.client() as client:
        head = int(client.get("/v1/projections").headers["Onebook-Position"])
    assert text_of(browser, "events") == f"{head:,}"
    shown = [
        text_of(browser, i)
        for i in (
            "skus",
            "units",
            "order-count",
            "sale-count",
            "customer-count",
            "incoming",
            "short",
        )
    ]
    assert shown == ["1", "12,341", "1", "1", "1", "0", "1"]
    goods = browser.find_element(By.CSS_SELECTOR, "#goods tbody tr").text
    assert goods == "MUG/RED A <red> mug 12,341 12,345 0 \N{MINUS SIGN}4 0 4 2"
    assert browser.find_element(By.CSS_SELECTOR, "#orders .label").text == "on hold"


def test_every_link_of_every_page_opens(browser: Chrome, shop: Served) -> None:
    opened = {urlsplit(target).path.split("/")[1] for target in crawl(browser, shop)}
    lists = {"exceptions", "transfers", "supplies", "holds"}
    assert {"inventory", "orders", "customers", "problems", "docs", "v1"} | lists <= opened


def test_a_link_leads_from_a_number_to_the_events_that_made_it(
    browser: Chrome, shop: Served
) -> None:
    browser.get(shop.address)
    browser.find_element(By.LINK_TEXT, "MUG/RED").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "A <red> mug"
    rows = [
        row.text
        for row in browser.find_elements(By.CSS_SELECTOR, "[aria-labelledby=card] tbody tr")
    ]
    assert len(rows) == 2
    assert "sold \N{MINUS SIGN}4 12,341" in rows[0]
    browser.find_element(By.PARTIAL_LINK_TEXT, "sale:web:").click()
    assert browser.find_element(By.CSS_SELECTOR, ".lead .label").text == "collected"
    browser.find_element(By.LINK_TEXT, "c-1").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Customer c-1"


def test_the_reference_page_works_without_internet(browser: Chrome, shop: Served) -> None:
    browser.implicitly_wait(20)
    try:
        browser.get(f"{shop.address}/docs")
        assert browser.find_element(By.CSS_SELECTOR, "[data-path='/v1/requests']").is_displayed()
        assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    finally:
        browser.implicitly_wait(0)


def test_an_empty_ledger_has_a_home_page_too(
    browser: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served_ledger(tmp_path_factory.mktemp("empty") / "ledger") as server:
        browser.get(server.address)
        assert text_of(browser, "events") == "0"
        assert "No stock has moved yet" in browser.find_element(By.ID, "goods").text


@pytest.fixture(scope="module")
def wholesaler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger with long ids, large numbers and long titles in every table of the home page."""
    with served_ledger(tmp_path_factory.mktemp("long") / "ledger") as server:
        with server.client("wholesale") as client:
            web = Sender(client)
            sku = "WRAP-RED-RETROSPOT-25-SHEETS"
            line = {"line_id": "1", "sku": sku, "quantity": 74_215, "unit_price_minor": 1_049}
            title = "RED RETROSPOT GIFT WRAP, TWENTY-FIVE SHEETS"
            sent: list[Body] = [
                web.request("describe_product", sku=sku, title=title),
                web.received(sku, 80_995, location="store"),
                web.request(
                    "place_order",
                    order_id="web-2026-03-01-000000000563935",
                    currency="EUR",
                    allow_part=True,
                    lines=[line | {"how": "pickup", "location": "store"}],
                ),
                web.request(
                    "record_sale",
                    request_id="563935-2026-03-01-0000000000001",
                    location="store",
                    customer_id="customer-000000017850",
                    currency="EUR",
                    lines=[line],
                ),
            ]
            last = [web.accepted(request) for request in sent][-1]
            web.seen("/v1/orders", last["position"] + last["events"] - 1)
        yield server


@pytest.mark.parametrize("width", [1280, 1024, 768, 400])
def test_nothing_on_the_home_page_scrolls_sideways(
    browser: Chrome, wholesaler: Served, width: int
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(wholesaler.address)
        wide = browser.execute_script(
            "return [document.documentElement, ...document.querySelectorAll('.sheet, table, pre')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1)"
            ".map(e => `${e.tagName} ${e.closest('section')?.id} ${e.scrollWidth}`)"
        )
        assert browser.execute_script("return window.innerWidth") == width
        assert wide == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
