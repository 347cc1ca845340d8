"""Three brokers, three writers, two APIs, PostgreSQL: killed, paused and cut off by a seed.

`make soak` runs the same for longer, and fills a broker's disk too.
"""

import sys
from os import environ
from pathlib import Path
from typing import Final

import pytest
from chaos.clients import Load
from chaos.measures import Figures
from chaos.network import NoNetwork
from chaos.run import Course, run
from chaos.topology import Plan, running_cluster
from required import missing

from cluster.jars import KafkaUnavailable

SEED: Final = 20260301
SECONDS: Final = float(environ.get("ONEBOOK_TEST_FAULT_SECONDS", "150"))
ENDS_WITHIN_S: Final = 900


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
