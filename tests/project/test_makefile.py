"""`make` says what it can do, and what a machine lacks."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from required import missing

ROOT = Path(__file__).parents[2]
OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *venv*) exit 1 ;; esac\n'


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder that holds the Makefile alone."""
    if not (program := shutil.which("make")):
        missing("make", "no make on PATH")
    shutil.copy(ROOT / "Makefile", folder)
    command = [program, "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def stand_in(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_make_alone_lists_every_command(tmp_path: Path) -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^  make (\w+) +\S", make(tmp_path).stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony.split())


@pytest.mark.parametrize(
    ("python", "said"),
    [(OLD, "Onebook needs Python 3.11 or later; tried: "), (WITHOUT_VENV, "has no venv module")],
)
def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path, python: str, said: str) -> None:
    result = make(tmp_path, "demo", f"PYTHON={stand_in(tmp_path / 'python', python)}")
    assert result.returncode == 2
    assert said in result.stderr
    assert "make PYTHON=path/to/python3" in result.stderr


def test_the_demo_of_a_file_has_a_data_directory_of_its_own(tmp_path: Path) -> None:
    for folder in (".venv/bin", "requirements"):
        (tmp_path / folder).mkdir(parents=True)
    for made in ("requirements/runtime.lock", "pyproject.toml", ".venv/created", ".venv/runtime"):
        (tmp_path / made).touch()
    stand_in(tmp_path / ".venv" / "bin" / "onebook", '#!/bin/sh\nprintf "<%s>" "$@"\n')
    assert make(tmp_path, "demo").stdout == "<demo>"
    sales = make(tmp_path, "demo", "DATA=shop/our sales.csv", "ARGS=--port 8123").stdout
    assert sales == "<demo><--file><shop/our sales.csv><--data><.onebook-our sales><--port><8123>"
