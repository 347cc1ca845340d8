"""What went wrong, as short as it can be told: which requests it takes, and what they said."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from retail.days import DayBroken, Look, replay
from retail.world import Sent

MAX_TRIES: Final = 2_000
MAX_TOLD: Final = 40


def shortest(broken: DayBroken, *looks: Look) -> DayBroken:
    """Leave out requests as long as the same kind of fault remains; at most so many tries."""
    tries = 0
    step = max(1, len(broken.taken) // 2)
    while step:
        index = 0
        while index < len(broken.taken) and tries < MAX_TRIES:
            fewer = (*broken.taken[:index], *broken.taken[index + step :])
            tries += 1
            again = _breaks(broken, fewer, looks)
            if again is None:
                index += step
            else:
                broken = again
        step //= 2
    return broken


def _breaks(broken: DayBroken, taken: Sequence[Sent], looks: Sequence[Look]) -> DayBroken | None:
    try:
        replay(broken.seed, taken, *looks)
    except DayBroken as again:
        return again if place_of(again) == place_of(broken) else None
    return None


def place_of(broken: DayBroken) -> tuple[str, str, int]:
    """Which check, or which line of the code, found it."""
    trace = broken.fault.__traceback__
    assert trace is not None, broken
    while trace.tb_next is not None:
        trace = trace.tb_next
    return (type(broken.fault).__name__, trace.tb_frame.f_code.co_filename, trace.tb_lineno)


def told(broken: DayBroken) -> str:
    """The seed, the fault, and the requests that led to it, one a line."""
    fault, where, line = place_of(broken)
    lines = [f"seed {broken.seed}, request {len(broken.taken)}: {fault}: {broken.fault}"]
    lines.append(f"  found at {where}:{line}")
    skipped = len(broken.taken) - MAX_TOLD
    if skipped > 0:
        lines.append(f"  … {skipped} requests before")
    lines += [_line(sent) for sent in broken.taken[-MAX_TOLD:]]
    lines.append(f'  again: make days ARGS="--first {broken.seed} --seeds 1"')
    return "\n".join(lines)


def _line(sent: Sent) -> str:
    said: dict[str, Any] = msgspec.to_builtins(sent.request)
    rest = {k: v for k, v in said.items() if k not in {"type", "request_id", "occurred_at"}}
    at = f"{sent.arrives:%d/%H:%M:%S} {sent.channel} {said['type']} {said['request_id']}"
    happened = f"(of {sent.request.occurred_at:%d/%H:%M:%S})"
    return f"  {at} {happened} {msgspec.json.encode(rest).decode()}"
