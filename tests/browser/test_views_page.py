"""The page of the views in a real browser: it follows by itself, and says what stands still."""

from collections.abc import Iterator

import pytest
from processes import wait_until
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from served import Sender
from served_here import served_here

from api.backend import of_node
from api.routes import views
from consumers.node import Node
from ledger.domain.events import HoldPlaced
from projections.stock.holds import Holds
from projections.views import VIEWS

LIMIT_S = 60.0
POISON = "cursed-cart"
NEVER = "2126-01-01T00:00:00Z"


@pytest.fixture
def web(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    """A shop whose view of holds cannot take in the hold of one cart."""
    monkeypatch.setattr(views, "EVERY_S", 1)
    placed = Holds._placed

    def fails(self: Holds, position: int, event: HoldPlaced) -> None:
        if event.owner == POISON:
            raise LookupError("no cart of that name was ever pushed")
        placed(self, position, event)

    monkeypatch.setattr(Holds, "_placed", fails)
    with Node(database_url) as node, served_here(of_node(node)) as client:
        yield Sender(client)


def opened(browser: Chrome, web: Sender, path: str = "/views") -> None:
    browser.get(f"{web.client.base_url}{path}")


def row(browser: Chrome, view: str) -> list[str]:
    """The cells of one view's row."""
    found = browser.find_element(By.XPATH, f"//tbody/tr[th='{view}']")
    return [cell.text for cell in found.find_elements(By.CSS_SELECTOR, "th, td")]


def received(web: Sender) -> int:
    answer = web.accepted(web.received("MUG", 5))
    last = int(answer["position"] + answer["events"] - 1)
    web.seen("/v1/inventory", last)
    return last


def test_every_view_says_how_far_it_is_and_the_page_follows_by_itself(
    browser: Chrome, web: Sender
) -> None:
    last = received(web)
    opened(browser, web, "/")
    browser.find_element(By.LINK_TEXT, "Views").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Views"
    shown = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "tbody th")]
    assert set(shown) == set(VIEWS)
    assert row(browser, "inventory")[:5] == ["inventory", "follows", str(last), "0", "0"]
    assert row(browser, "inventory")[5].endswith("s ago")
    assert len(row(browser, "inventory")[-1]) == 12
    later = received(web)

    def followed() -> bool:
        return browser.execute_script(
            "return document.querySelector('.tiles dd').textContent"
        ) == str(later)

    wait_until(followed, LIMIT_S)


def test_a_view_that_stopped_is_marked_and_says_why(browser: Chrome, web: Sender) -> None:
    last = received(web)
    line = {"line_id": "1", "sku": "MUG", "quantity": 1}
    asked = {"owner": POISON, "expires_at": NEVER, "location": web.named("store")}
    hold = web.request("place_hold", **asked, lines=[line])
    answer = web.accepted(hold)
    web.seen("/v1/inventory", answer["position"] + answer["events"] - 1)

    def stopped() -> bool:
        return bool(web.client.get("/readyz").json()["why"])

    wait_until(stopped, LIMIT_S)
    opened(browser, web, "/views?live=false")
    assert row(browser, "holds")[1] == "stopped"
    assert int(row(browser, "holds")[2]) >= last
    assert row(browser, "inventory")[1] == "follows"
    [note] = [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".note.wrong")]
    assert "holds" in note
    assert "no cart of that name" in note
    assert not browser.find_elements(By.CSS_SELECTOR, "meta[http-equiv=refresh]")


@pytest.mark.parametrize("width", [1280, 768, 400])
def test_the_page_is_no_wider_than_the_window(browser: Chrome, web: Sender, width: int) -> None:
    received(web)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(browser, web, "/views?live=false")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
