"""The import contracts of pyproject.toml hold, and would catch what breaks them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ledger", "projections", "consumers", "api")
LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
)
IMPURE_CALLS = frozenset({"open", "print", "input", "now", "today", "utcnow", "getenv"})


def check_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the packages in `folder`, not of those installed."""
    script = f"import sys; sys.path.insert(0, {str(folder)!r}); {LINT}"
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def copy_of_the_code(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def impure_calls(source: str) -> list[str]:
    """Return the calls in a module that reach for a clock, a file or a terminal without an import."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls]
    return [name for name in names if name in IMPURE_CALLS]


def test_imports_go_one_way_and_the_domain_is_pure(tmp_path: Path) -> None:
    result = check_contracts(copy_of_the_code(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "named"),
    [
        ("ledger/domain/planted.py", "import time", "ledger.domain.planted -> time"),
        (
            "ledger/domain/planted.py",
            "from random import choice",
            "ledger.domain.planted -> random",
        ),
        ("ledger/domain/planted.py", "import psycopg", "ledger.domain.planted -> psycopg"),
        ("ledger/planted.py", "import projections", "ledger.planted -> projections"),
        ("projections/planted.py", "import consumers", "projections.planted -> consumers"),
        ("consumers/planted.py", "import api", "consumers.planted -> api"),
    ],
)
def test_an_import_against_the_rules_is_caught(
    tmp_path: Path, module: str, line: str, named: str
) -> None:
    (copy_of_the_code(tmp_path) / module).write_text(f"{line}\n")
    result = check_contracts(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert named in result.stdout


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ledger" / "domain").rglob("*.py")), ids=lambda p: p.name
)
def test_the_domain_asks_no_clock_and_opens_nothing(path: Path) -> None:
    assert impure_calls(path.read_text()) == []


def test_a_call_to_the_clock_is_caught() -> None:
    assert impure_calls("at = datetime.now(UTC)\nprint(at)") == ["now", "print"]
