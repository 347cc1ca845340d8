"""python -m simulation --seeds 1000: many runs of the model, or one of them with its faults."""

import argparse
import logging
import sys
import time

from simulation.proofs import prove
from simulation.world import World


def main() -> int:
    asked = argparse.ArgumentParser(prog="simulation", description=__doc__)
    asked.add_argument("--seeds", type=int, default=1000, help="how many runs")
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--verbose", action="store_true", help="log what the writers say")
    said = asked.parse_args()
    logging.basicConfig(level=logging.WARNING if said.verbose else logging.CRITICAL)
    began, broken = time.monotonic(), 0
    for seed in range(said.first, said.first + said.seeds):
        with World(seed) as world:
            violations = prove(world)
        if violations:
            broken += 1
            print(f"seed {seed}:", *violations[:8], sep="\n  ")
            if said.seeds == 1:
                print(world.setting, *world.trace, sep="\n")
    took_s = time.monotonic() - began
    print(f"{said.seeds} runs in {took_s:.1f} s, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
