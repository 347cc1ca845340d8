"""What a benchmark gives: figures beside their references, and goals that are met or not."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import Literal

from msgspec import Struct


class Goal(Struct, frozen=True):
    """A bound on the ratio to the reference, or on the measured value itself."""

    bound: float
    of: Literal["ratio", "measured"] = "ratio"
    way: Literal["at least", "at most"] = "at least"

    def met(self, value: float) -> bool:
        """Whether the value, of whatever the goal is about, keeps the bound."""
        return value >= self.bound if self.way == "at least" else value <= self.bound


class Samples(Struct, frozen=True):
    """One quantity, measured several times; its value is the median."""

    name: str
    values: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the samples."""
        return median(self.values)


class Figure(Struct, frozen=True, tag=True):
    """One line of the table. Measured and reference have the same unit; without a goal it informs.

    `note` says what a reader must know to judge the figure.
    """

    measured: Samples
    reference: Samples
    unit: str
    goal: Goal | None = None
    note: str | None = None

    @property
    def ratio(self) -> float:
        """Measured to reference, by their medians."""
        return self.measured.value / self.reference.value

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        return self.goal.met(self.ratio if self.goal.of == "ratio" else self.measured.value)


class Skipped(Struct, frozen=True, tag=True):
    """A figure that could not be measured here; `because` says why and what to do."""

    name: str
    because: str


Line = Figure | Skipped
Measure = Callable[[], float]


def interleaved(repeats: int, measures: Mapping[str, Measure]) -> dict[str, Samples]:
    """Measure each in turn, `repeats` times round: what slows this machine now slows them all."""
    values: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            values[name].append(measure())
    return {name: Samples(name, tuple(taken)) for name, taken in values.items()}
