"""`wrk`, the HTTP load generator: connections against one address, for some seconds."""

import shutil
import subprocess
from pathlib import Path

import msgspec
from msgspec import Struct

CONNECTIONS = 64
THREADS = 2
"""They take part of the same cores; more would only take more."""
WRK_SCRIPT = Path(__file__).with_name("wrk.lua")
MISSING = "wrk is not installed: apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)"
STARTUP_LIMIT_S = 60.0


class WrkFailed(Exception):
    """wrk could not run, or what it asked was not answered well."""


class Load(Struct, frozen=True):
    """What wrk saw. `failed` counts answers of status 400 or more, and connections lost."""

    requests: int
    seconds: float
    failed: int
    median_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def is_installed() -> bool:
    """Whether there is a wrk to run."""
    return shutil.which("wrk") is not None


def get(url: str, seconds: float) -> Load:
    """GET one address over and over."""
    return _run(url, seconds, CONNECTIONS, "get")


def post_orders(
    url: str, seconds: float, run: str, location: str, skus: int, connections: int = CONNECTIONS
) -> Load:
    """POST two-line orders, each of its own id; `run` keeps them apart from other runs'.

    The two lines of an order name two of the skus SKU-0001 to SKU-{skus}.
    """
    return _run(url, seconds, connections, "orders", run, location, str(skus))


def _run(url: str, seconds: float, connections: int, *arguments: str) -> Load:
    command = [
        *("wrk", "--threads", str(THREADS), "--connections", str(connections)),
        *("--duration", f"{max(1, round(seconds))}s", "--script", str(WRK_SCRIPT)),
        *(url, "--", *arguments),
    ]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + STARTUP_LIMIT_S, check=False
    )
    if ended.returncode != 0:
        raise WrkFailed(f"wrk against {url}: {ended.stderr.strip() or ended.stdout.strip()}")
    load = msgspec.json.decode(ended.stdout.splitlines()[-1], type=Load)
    if load.failed or not load.requests:
        raise WrkFailed(f"wrk against {url}: {load.failed} of {load.requests} answers failed")
    return load
