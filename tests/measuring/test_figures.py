import pytest

from benchmarks import report
from benchmarks.figures import Figure, Goal, Samples, Skipped, interleaved

FLOOR = Samples("SQL floor", (900.0, 1_000.0, 5_000.0))


def figure(goal, *measured):
    return Figure(Samples("orders", measured), FLOOR, "orders/s", goal)


@pytest.mark.parametrize(
    ("goal", "measured", "met"),
    [
        (Goal(3), 3_000.0, True),
        (Goal(3), 2_999.0, False),
        (Goal(3_000, "measured"), 3_000.0, True),
        (Goal(3_000, "measured"), 2_999.0, False),
        (Goal(60, "measured", "at most"), 60.0, True),
        (Goal(60, "measured", "at most"), 60.1, False),
        (None, 1.0, None),
    ],
)
def test_a_goal_is_met_at_its_bound_and_missed_just_beyond_it(goal, measured, met):
    assert figure(goal, measured).met is met


def test_one_slow_and_one_fast_moment_do_not_change_what_is_told():
    told = figure(Goal(3), 1.0, 4_000.0, 90_000.0)
    assert told.ratio == 4.0


def test_a_figure_and_its_reference_are_measured_in_turn():
    order = []
    taken = interleaved(
        2, {name: lambda name=name: order.append(name) or len(order) for name in "ab"}
    )
    assert order == ["a", "b", "a", "b"]
    assert taken["a"].values == (1, 3)


def test_a_missed_goal_and_a_skipped_figure_are_said_in_the_table():
    machine = report.Machine("Linux", "a processor", 4, 8.0, "3.11", "18.4", {})
    missed, skipped = figure(Goal(3), 1_500.0), Skipped("HTTP", "wrk is not installed")
    run = report.Run("python -m benchmarks", report.now(), 3, 4.0, machine, (missed, skipped))
    table = report.markdown(run)
    assert (
        "| orders: at least 3x | 1,500 orders/s | 1,000 orders/s (SQL floor) | 1.50 | no |" in table
    )
    assert "| HTTP | skipped | wrk is not installed |" in table


def test_a_run_that_was_kept_is_read_back_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    machine = report.Machine("Linux", "a processor", 4, 8.0, "3.11", "18.4", {})
    lines = (figure(Goal(3), 1_500.0), Skipped("HTTP", "wrk is not installed"))
    run = report.Run("python -m benchmarks", report.now(), 3, 4.0, machine, lines)
    kept = report.save(run)
    assert report.load(kept) == report.load(tmp_path / "latest.json") == run
