"""What a test needs from the machine: a test without it skips, unless it was promised."""

import os
from typing import NoReturn

import pytest


def missing(name: str, reason: str) -> NoReturn:
    """End the running test because the machine lacks `name` (`chromium`, …); `reason` says what.

    The test is skipped, or fails where ONEBOOK_TEST_REQUIRE, a comma list, names it: CI names
    what it installs, so that nothing falls silently out of its runs.
    """
    promised = os.environ.get("ONEBOOK_TEST_REQUIRE", "").split(",")
    if name in (word.strip() for word in promised):
        pytest.fail(f"{reason}, though ONEBOOK_TEST_REQUIRE names {name}", pytrace=False)
    pytest.skip(reason)
