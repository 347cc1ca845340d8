"""Whatever happens to a snapshot, a writer starts from what was saved whole, or from the ledger."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import killed_in_a_save
import lmdb
import pytest
from busy_days import busy_days
from following import Decision, decisions, length, reached, restored, standing, write_on

from consumers import snapshot as snapshots
from consumers.data_directory import DataDirectoryError
from consumers.snapshot import Snapshot, SnapshotDamaged, lazy, saving
from consumers.snapshot.folder import MAX_STARTS
from consumers.snapshot.store import DATA_FILE, Writing

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def busy() -> list[Decision]:
    return decisions(busy_days(killed_in_a_save.REQUESTS).books.events)


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "snapshot"


@pytest.fixture
def saved(place, busy) -> int:
    """A snapshot of the first sixty decisions; its position."""
    kept = Snapshot.open(place, "main")
    write_on(kept, busy[:60], save_every=20)
    kept.close()
    return length(busy[:60])


def data(place: Path) -> Path:
    return place / "store" / DATA_FILE


def position(place: Path, network: str = "main") -> int:
    kept = Snapshot.open(place, network)
    kept.close()
    return reached(kept)


@pytest.mark.parametrize("writes", [1, 5, 12])
def test_a_writer_killed_while_it_saves_starts_from_the_save_before(place, busy, writes) -> None:
    program = [sys.executable, killed_in_a_save.__file__, str(place), str(writes)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
    ended = subprocess.run(program, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert restored(place, busy) == length(busy[: killed_in_a_save.SAVED])


@pytest.mark.parametrize("fault", [OSError("no space"), lmdb.MapFullError("full")], ids=str)
def test_a_save_that_fails_is_made_up_for_by_the_next(place, busy, monkeypatch, fault) -> None:
    kept, plain, failing = Snapshot.open(place, "main"), Writing.put, []

    def put(self, table, rows) -> None:
        plain(self, table, rows)
        if table == "meta" and failing:
            raise failing.pop()

    monkeypatch.setattr(Writing, "put", put)
    write_on(kept, busy[:20], save_every=20)
    failing.append(fault)
    write_on(kept, busy[20:30], save_every=10)
    assert not failing
    assert reached(kept) == length(busy[:20])
    state, at = kept.state(), length(busy[:30])
    assert state.orders
    kept.save(*standing(at), wait=True)
    kept.close()
    assert restored(place, busy) == at


def test_after_too_many_failed_saves_the_last_good_one_stays(place, busy, monkeypatch) -> None:
    kept, plain = Snapshot.open(place, "main"), Writing.put
    write_on(kept, busy[:20], save_every=20)

    def put(self, table, rows) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Writing, "put", put)
    write_on(kept, busy[20:40], save_every=2)
    monkeypatch.setattr(Writing, "put", plain)
    kept.save(*standing(length(busy[:40])), wait=True)
    assert not kept.due(10**9)
    kept.close()
    assert restored(place, busy) == length(busy[:20])


def test_a_snapshot_of_another_network_is_discarded(place, saved) -> None:
    assert position(place, "other") == 0
    assert position(place) == 0


def test_a_snapshot_of_another_release_is_discarded(place, saved, monkeypatch) -> None:
    assert position(place) == saved
    monkeypatch.setattr(snapshots, "format_id", lambda: "another")
    assert position(place) == 0


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _overwrite(file: Path) -> None:
    file.write_bytes(b"\xa5" * file.stat().st_size)


def _lose(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("damage", [_cut, _overwrite, _lose])
def test_a_damaged_file_is_discarded(place, saved, busy, damage) -> None:
    damage(data(place))
    assert restored(place, busy) == 0
    assert restored(place, busy) > 0, "a new one was begun"


def test_what_is_known_of_the_file_may_be_damaged_too(place, saved, busy) -> None:
    (place / "note.json").write_text("{")
    assert restored(place, busy) == 0


@pytest.mark.parametrize(
    ("table", "read_whole"), [("meta", True), ("stock", True), ("lines", False)]
)
def test_a_changed_entry_is_noticed_at_the_start_or_when_it_is_read(
    place, saved, busy, table, read_whole, monkeypatch
) -> None:
    monkeypatch.setattr(lazy, "EAGER_ENTRIES", 50_000 if read_whole else 0)
    with lmdb.open(str(data(place).parent), max_dbs=20) as env:
        named = env.open_db(table.encode())
        with env.begin(write=True, db=named) as writing:
            for key, value in list(writing.cursor()):
                writing.put(key, value[:-5] + bytes([value[-5] ^ 1]) + value[-4:])
    kept = Snapshot.open(place, "main")
    assert reached(kept) == (0 if read_whole else saved)
    if not read_whole:
        with pytest.raises(SnapshotDamaged, match="not what was written"):
            dict(kept.state().lines)
    kept.close()
    assert restored(place, busy) == 0


def test_a_snapshot_that_ends_every_start_is_discarded(place, saved, busy) -> None:
    """As a file does whose reading ends the process: nothing is saved, nothing closed in order."""
    open_only = "import sys; from pathlib import Path; from consumers.snapshot import Snapshot\n"
    open_only += "Snapshot.open(Path(sys.argv[1]), 'main'); import os; os._exit(1)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(MAX_STARTS - 1):
        subprocess.run([sys.executable, "-c", open_only, str(place)], env=env, check=False)
    kept = Snapshot.open(place, "main")
    assert reached(kept) == saved
    kept._store.close()
    kept._folder.close()
    assert restored(place, busy) == 0


def test_two_writers_do_not_share_a_folder(place, saved) -> None:
    kept = Snapshot.open(place, "main")
    with pytest.raises(DataDirectoryError, match="in use by another process"):
        Snapshot.open(place, "main")
    kept.close()
    assert position(place) == saved


def test_it_is_time_to_save_after_so_many_events_or_so_long(place, busy, monkeypatch) -> None:
    monkeypatch.setattr(snapshots, "SAVE_EVERY_EVENTS", 100)
    kept = Snapshot.open(place, "main")
    assert not kept.due(0)
    assert not kept.due(99)
    assert kept.due(100)
    kept.save(*standing(100), wait=True)
    assert not kept.due(199)
    monkeypatch.setattr(snapshots, "SAVE_EVERY_S", 0.0)
    assert kept.due(101)
    assert not kept.due(100), "nothing was written since"
    kept.close()


def test_a_writer_far_ahead_waits_for_its_save(place, busy, monkeypatch) -> None:
    """Else a busy writer would never see a save end, and every start would grow."""
    monkeypatch.setattr(saving, "SLICE_PAUSE_S", 3600.0)
    monkeypatch.setattr(snapshots, "MAX_BEHIND_EVENTS", 50)
    monkeypatch.setattr(snapshots, "WAIT_S_AN_ENTRY", 10.0)
    kept = Snapshot.open(place, "main")
    write_on(kept, busy[:21], save_every=20, wait=False)
    assert reached(kept) == 0
    kept.due(50)
    assert reached(kept) == length(busy[:20])
    kept.close()
