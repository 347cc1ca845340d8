"""What is published names no one's machine, and its links lead somewhere."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = frozenset(
    [
        "",
        ".cfg",
        ".css",
        ".html",
        ".js",
        ".json",
        ".lock",
        ".md",
        ".py",
        ".sql",
        ".toml",
        ".txt",
        ".yaml",
    ]
)
FORBIDDEN = {
    "a folder of one machine": r"(?<![\w.:/~-])/(?:home|Users|root|work|workspace|builds?|mnt|srv)/[\w.]",
    "a scratch folder": r"(?<![\w./-])/tmp/\w/",
    "a person's folder": r"\b[A-Z]:\\Users\\",
    "a private host": r"(?:://|@)[\w.-]*\.(?:internal|intranet|corp|lan|local)\b",
    "a private address": r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}(?![\w.])",
    "a package source": r"--(?:extra-)?index-url|--find[-]links|--trusted[-]host",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
}
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def published_files() -> list[Path]:
    """Return the files that git tracks or would add; without git, those of the folder."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        paths = [ROOT / name for name in listed.split("\0") if name]
    else:
        top = [p for p in ROOT.iterdir() if p.name == ".ci" or not p.name.startswith(".")]
        paths = [p for start in top for p in (start.rglob("*") if start.is_dir() else [start])]
    return [p for p in paths if p.is_file() and "__pycache__" not in p.parts]


def findings(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a text names and must not: what it is, and the words."""
    for what, pattern in FORBIDDEN.items():
        for match in re.finditer(pattern, text):
            yield what, match[0]


def dead_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to no file of the project."""
    targets = [(link, (page.parent / link).resolve()) for link in LINK.findall(page.read_text())]
    return [link for link, at in targets if not (at.exists() and at.is_relative_to(ROOT))]


def test_no_file_names_a_machine() -> None:
    texts = [p for p in published_files() if p.suffix in TEXT and ".min." not in p.name]
    assert len(texts) > 10
    found = [(str(p.relative_to(ROOT)), *hit) for p in texts for hit in findings(p.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a folder of one machine", "see {}home/ann/notes"),
        ("a folder of one machine", "cd {}root/x"),
        ("a scratch folder", "cp a {}tmp/x/y"),
        ("a person's folder", "C:{back}Users{back}ann"),
        ("a private host", "https:{}{}pypi.corp{}simple"),
        ("a private address", "ask 192.{dot}168.1.20"),
        ("a package source", "pip install -{dash}index-url"),
    ],
)
def test_a_name_of_a_machine_would_be_seen(what: str, text: str) -> None:
    planted = text.format("/", "/", "/", back="\\", dot="", dash="-")
    assert what in dict(findings(planted))


@pytest.mark.parametrize(
    "page", [p for p in published_files() if p.suffix == ".md"], ids=lambda p: p.name
)
def test_every_link_of_a_page_leads_to_a_file_of_the_project(page: Path) -> None:
    assert dead_links(page) == []


def test_a_link_to_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#top) [b](gone.md) [c](https://example.org) [d](#here)")
    assert dead_links(page) == ["page.md", "gone.md"]  # a folder outside the project is nowhere too
