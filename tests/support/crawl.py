"""Opening every link of every page in a real browser."""

import re

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from served import Served

MAX_PAGES = 1_500
"""Of one ledger, addresses of single events among them: links that make links for ever end here."""
ALIKE = re.compile(r"/explain\?quantity=(?!available$)")
"""Every number of a sku's page opens such a page: one of them stands for all."""


def crawl(browser: Chrome, server: Served) -> set[str]:
    """Follow every link from the home page on; give back the addresses that were opened.

    Every one must be of this server and answer 200; every page must have a heading.
    """
    seen, waiting = {"/"}, ["/"]
    with server.client() as client:
        while waiting:
            path = waiting.pop()
            browser.get(server.address + path)
            assert browser.find_element(By.TAG_NAME, "h1").text
            for target in _links(browser, server.address) - seen:
                seen.add(target)
                if ALIKE.search(target):
                    continue
                if target.startswith("/v1/events/stream"):
                    continue  # it never ends
                answer = client.get(target)
                assert answer.status_code == 200, f"{target} on {path}"
                if answer.headers["Content-Type"].startswith("text/html") and target != "/docs":
                    waiting.append(target)
            assert sum(not ALIKE.search(target) for target in seen) < MAX_PAGES
    return seen


def _links(browser: Chrome, address: str) -> set[str]:
    found = set()
    for href in browser.execute_script("return [...document.links].map(a => a.href)"):
        target = str(href).partition("#")[0]
        assert target.startswith(address), target
        found.add(target.removeprefix(address) or "/")
    return found
