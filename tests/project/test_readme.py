"""What a newcomer reads first is run as it stands."""

import shutil
from pathlib import Path

import pytest
from console_blocks import run_page, runnable

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/start.md",
    "docs/retail-day.md",
    "docs/import.md",
    "docs/reports.md",
    "docs/auditing.md",
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_do_what_the_page_shows(name: str, tmp_path: Path) -> None:
    page = ROOT / name
    if not page.exists() or not runnable(page.read_text()):
        pytest.skip(f"{name} shows no commands")
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert run_page(page, tmp_path) > 0
