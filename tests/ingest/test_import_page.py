"""The page about importing shows the example's files as they are."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["kiosk.csv", "kiosk.toml"])
def test_the_page_shows_the_example_as_it_is(name):
    page = (ROOT / "docs" / "import.md").read_text()
    shown = f"```{name.removeprefix('kiosk.')}\n{(ROOT / 'examples' / name).read_text()}```"
    assert shown in page
