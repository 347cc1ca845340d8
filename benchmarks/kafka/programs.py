"""Programs of the benchmarks that run as processes of their own, and talk in lines of JSON."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from benchmarks.bench import child_environment
from benchmarks.serving import ProgramEnded, ended

T = TypeVar("T")


class Program:
    """A running one: it is told lines, and says structs."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name, self.process = name, process

    def said(self, kind: type[T]) -> T:
        """The next thing that it says. Blocks; programs limit their own waiting."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ProgramEnded(f"{self.name} ended with {self.process.wait()}")
        return msgspec.json.decode(line, type=kind)

    def tell(self, line: object) -> None:
        """Give it a line."""
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)


@contextmanager
def program(name: str, *arguments: object) -> Iterator[Program]:
    """Run `python -m benchmarks.kafka.NAME` until left."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.kafka.{name}", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    with ended(process):
        yield Program(name, process)


def say(what: Any) -> None:
    """Say a struct to whoever started this program."""
    print(msgspec.json.encode(what).decode(), flush=True)


def told() -> Iterator[str]:
    """The lines that this program is told, until nobody tells any more."""
    return (line.strip() for line in sys.stdin)
