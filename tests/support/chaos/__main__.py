"""`make soak MINUTES=n`: a long run, with a line for each fault and a report at the end."""

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from chaos import report
from chaos.clients import Load
from chaos.network import NoNetwork
from chaos.run import Course, run
from chaos.topology import Plan, running_cluster
from cluster.jars import KafkaUnavailable

err = Console(stderr=True)
NOT_POSSIBLE = 2


def main() -> int:
    """Run, write the report; 0 if no law was violated, 1 if one was, 2 if it cannot run here."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = Plan(writers=asked.writers, small_disk=True, logs=asked.logs)
    try:
        with running_cluster(plan) as cluster:
            course = Course(asked.seed, asked.minutes * 60, Load(seed=asked.seed))
            figures = run(cluster, course, _tell)
    except (NoNetwork, KafkaUnavailable) as reason:
        err.print(f"no soak on this machine: {reason}", markup=False)
        return NOT_POSSIBLE
    beside = report.write(figures, asked.report)
    err.print(
        f"{figures.faults} faults, {figures.requests:,} requests, "
        f"{len(figures.violations)} violations: {asked.report}, {beside}",
        markup=False,
    )
    return 1 if figures.violations or figures.fallen else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="how long faults happen")
    parser.add_argument("--seed", type=int, default=20260301, help="which faults and requests")
    parser.add_argument("--writers", type=int, default=2, help="writers beside the API's own")
    parser.add_argument("--report", type=Path, default=Path("soak-report.md"), help="the page")
    parser.add_argument("--logs", type=Path, help="where the nodes' logs and the diary are left")
    return parser.parse_args()


def _tell(what: str, gone_s: float, answers: int, faults: int) -> None:
    at = f"{int(gone_s) // 60:3}:{int(gone_s) % 60:02}"
    err.print(
        f"[dim]{at}[/]  {answers:>9,} answers  {faults:>4} faults  [bold]{what}[/]", soft_wrap=True
    )


if __name__ == "__main__":
    sys.exit(main())
