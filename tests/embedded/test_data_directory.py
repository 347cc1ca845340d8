import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumers.data_directory import DataDirectory, DataDirectoryBusy, DataDirectoryError

ADDRESS = "http://127.0.0.1:8123"

HOLDER = """
import subprocess, sys
from pathlib import Path
from consumers.data_directory import DataDirectory
data = DataDirectory.open(Path(sys.argv[1]))
if sys.argv[2]:
    data.publish_address(sys.argv[2])
sleeper = subprocess.Popen(["sleep", "60"])
print(sleeper.pid, flush=True)
sys.stdin.read()
sleeper.kill()
data.close()
"""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start processes that hold the data directory, and a program that each has started."""
    started: list[tuple[subprocess.Popen[str], int]] = []

    def begin(address: str) -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path / "data"), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        started.append((holder, int(holder.stdout.readline())))
        return holder

    yield begin
    for holder, sleeper in started:
        os.kill(sleeper, signal.SIGKILL)
        holder.kill()
        holder.communicate()


def test_who_comes_second_learns_where_the_first_serves(tmp_path, hold):
    hold(ADDRESS)
    with pytest.raises(DataDirectoryBusy, match=ADDRESS) as busy:
        DataDirectory.open(tmp_path / "data")
    assert busy.value.address == ADDRESS
    assert busy.value.path == tmp_path / "data"


def test_a_holder_that_serves_nothing_yet_has_no_address(tmp_path, hold):
    hold("")
    with pytest.raises(DataDirectoryBusy) as busy:
        DataDirectory.open(tmp_path / "data")
    assert busy.value.address is None


def test_the_address_of_a_killed_holder_is_not_believed(tmp_path, hold):
    holder = hold(ADDRESS)
    holder.kill()
    holder.wait()
    assert ADDRESS in (tmp_path / "data" / "lock").read_text()
    with DataDirectory.open(tmp_path / "data"):
        with pytest.raises(DataDirectoryBusy) as busy:
            DataDirectory.open(tmp_path / "data")
        assert busy.value.address is None


def test_a_program_that_a_killed_holder_had_started_does_not_hold_the_directory(tmp_path, hold):
    holder = hold("")
    holder.kill()
    holder.wait()
    DataDirectory.open(tmp_path / "data").close()


def test_closing_takes_the_address_back_and_lets_the_next_one_in(tmp_path):
    with DataDirectory.open(tmp_path / "data") as data:
        data.publish_address(ADDRESS)
        data.publish_address("http://[::1]:9")
        assert (tmp_path / "data" / "lock").read_text() == "http://[::1]:9\n"
    assert (tmp_path / "data" / "lock").read_text() == ""
    with DataDirectory.open(tmp_path / "data"):
        data.close()
        with pytest.raises(DataDirectoryError, match="is closed"):
            data.publish_address(ADDRESS)


def test_a_file_in_the_directorys_place_is_a_clear_error(tmp_path):
    (tmp_path / "data").write_text("a shopping list")
    with pytest.raises(DataDirectoryError, match=r"cannot make directory .*/data: File exists"):
        DataDirectory.open(tmp_path / "data")
