"""A real browser for the pages' tests: Chromium, driven by chromedriver, both from the system."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from required import missing
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

PAGE_LOAD_S = 30
SWITCHES = (
    "--headless=new",
    "--window-size=1280,900",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give it 64 MB, too little for a page
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)


def program(package: str, *names: str) -> str:
    """Return the path of the first of these programs that the machine has, or end the test.

    `package` is what Debian calls their package.
    """
    for name in names:
        if path := shutil.which(name):
            return path
    return missing("chromium", f"no {names[0]} on PATH (Debian: apt-get install {package})")


def options(binary: str, profile: Path) -> ChromeOptions:
    chosen = ChromeOptions()
    chosen.binary_location = binary
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        chosen.add_argument(switch)
    if os.geteuid() == 0:
        chosen.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
    return chosen


@pytest.fixture(scope="session")
def session_monkeypatch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def browser(
    tmp_path_factory: pytest.TempPathFactory, session_monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chrome]:
    """Return one headless Chromium for all tests, with an empty profile of its own.

    Both paths are given, so Selenium looks for nothing and downloads nothing.
    """
    binary = program("chromium", "chromium", "chromium-browser", "google-chrome")
    driver = program("chromium-driver", "chromedriver")
    profile = tmp_path_factory.mktemp("chromium")
    session_monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")  # all that it asks is here
    with Chrome(options=options(binary, profile), service=ChromeService(driver)) as chrome:
        chrome.set_page_load_timeout(PAGE_LOAD_S)
        yield chrome
