"""Three brokers, three writers, two APIs, PostgreSQL: killed, paused and cut off by a seed.

`make soak` runs the same for longer, and fills a broker's disk too.
"""

import sys
from os import environ
from pathlib import Path
from typing import Final

import chaos.run
import pytest
from chaos.clients import Load
from chaos.faults import ACTIVE, LEADER, Episode, Fault
from chaos.measures import Figures
from chaos.network import NoNetwork
from chaos.nodes import NotReady
from chaos.planted import bugs, program
from chaos.run import Course, NotRunning, run
from chaos.topology import Plan, running_cluster
from plant import plant
from required import missing

from cluster.jars import KafkaUnavailable

SEED: Final = 20260301
SECONDS: Final = float(environ.get("ONEBOOK_TEST_FAULT_SECONDS", "150"))
ENDS_WITHIN_S: Final = 900
QUIET_S: Final = 3.0
LOSES_A_BLOCK: Final = Episode(
    (
        Fault("cut one way", LEADER, ACTIVE, lasts_s=12.0),
        Fault("kill", ACTIVE, lasts_s=12.0, after_s=1.5),
    ),
    QUIET_S,
)
"""The writer hears that its last block was taken, hands over one more that never comes, and dies.

Its network goes on sending that one: it is let through only when another writer has taken over,
and the dead one, which needs the leader to start, comes back behind that.
"""


def told(what: str, gone_s: float, answers: int, faults: int) -> None:
    sys.stderr.write(f"{gone_s:6.1f} s {answers:7} answers {faults:3} faults  {what}\n")


def figures_of(plan: Plan, course: Course) -> Figures:
    try:
        with running_cluster(plan) as cluster:
            return run(cluster, course, told)
    except NoNetwork as reason:
        missing("namespaces", str(reason))
    except KafkaUnavailable as reason:
        missing("kafka", str(reason))


@pytest.mark.timeout(ENDS_WITHIN_S)
def test_whatever_fails_no_answer_is_lost_doubled_or_changed(tmp_path: Path):
    found = figures_of(Plan(logs=tmp_path / "logs"), Course(SEED, SECONDS, Load(seed=SEED)))
    assert found.violations == []
    assert found.fallen == []
    assert found.faults > 0
    assert found.accepted > 0
    assert found.refused > 0
    assert found.refused_inputs > 0
    assert found.sendings["kafka"] > 0
    assert found.acknowledgements > found.requests


FEW: Final = Load(seed=SEED, buyers=4, arrays=2)
AT_THE_API: Final = Load(seed=SEED, buyers=8, arrays=0, way="http:1")


def short_course(*episodes: Episode, load: Load = FEW) -> Course:
    return Course(SEED, SECONDS, load, episodes)


def with_bug(name: str, logs: Path) -> Plan:
    nodes = ("writer-1", "api-2")
    return Plan(writers=1, programs=dict.fromkeys(nodes, program(name)), logs=logs)


@pytest.mark.timeout(ENDS_WITHIN_S)
def test_a_writer_that_answers_before_the_acknowledgement_is_caught(tmp_path: Path):
    plan = with_bug("answers before the acknowledgement", tmp_path / "logs")
    to_api = Episode((Fault("kill", "writer-1", lasts_s=3.0),), QUIET_S)
    found = figures_of(plan, short_course(to_api, LOSES_A_BLOCK, load=AT_THE_API))
    assert "acknowledged answers" in {violation.law for violation in found.violations}


@pytest.mark.timeout(ENDS_WITHIN_S)
def test_a_writer_that_forgets_what_was_asked_before_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """By the law, or before it is asked: no view takes in a second answer to one request."""
    monkeypatch.setattr(chaos.run, "FINISH_LIMIT_S", 30.0)
    plan = with_bug("forgets what was asked before", tmp_path / "logs")
    try:
        found = figures_of(
            plan, short_course(Episode((Fault("kill", ACTIVE, lasts_s=3.0),), QUIET_S))
        )
    except (NotReady, NotRunning):  # who asks for the answer waits for a view that has stopped
        said = (tmp_path / "logs" / "projector-projector.log").read_text()
        assert "view_stopped view=requests" in said
        assert "already exists" in said
    else:
        assert "answered once" in {violation.law for violation in found.violations}


@pytest.mark.parametrize("name", bugs())
def test_a_bug_to_be_caught_changes_one_line_that_is_there(name: str, monkeypatch):
    bug = bugs()[name]
    before = bug.where.__code__
    plant(monkeypatch, bug.where, bug.said, bug.says)
    assert bug.where.__code__ != before
