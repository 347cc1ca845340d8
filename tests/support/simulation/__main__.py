"""Many runs of the model, or one of them with its faults: `make simulate ARGS="--seeds 5000"`."""

import argparse
import logging
import sys
import time

from simulation.proofs import prove
from simulation.world import World

MAX_SHOWN = 8


def main() -> int:
    """Run the seeds that are asked for; 1 if one of them breaks a law."""
    asked = argparse.ArgumentParser(prog="simulation", description=__doc__)
    asked.add_argument("--seeds", type=int, default=1000, help="how many runs")
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--verbose", action="store_true", help="show what the writers log")
    said = asked.parse_args()
    logging.basicConfig(level=logging.WARNING if said.verbose else logging.CRITICAL + 1)
    began = time.monotonic()
    broken = sum(
        _is_broken(seed, verbose=said.seeds == 1)
        for seed in range(said.first, said.first + said.seeds)
    )
    took_s = time.monotonic() - began
    sys.stdout.write(f"{said.seeds} runs in {took_s:.1f} s, {broken} broken\n")
    return 1 if broken else 0


def _is_broken(seed: int, *, verbose: bool) -> bool:
    with World(seed) as world:
        violations = prove(world)
    lines = [str(world.setting), *world.trace] if verbose else []
    if violations:
        lines += [f"seed {seed}:", *(f"  {violation}" for violation in violations[:MAX_SHOWN])]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return bool(violations)


if __name__ == "__main__":
    sys.exit(main())
