"""A projection: what turns a batch of events into the rows of one view."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, ClassVar, Final, Protocol

from ledger.domain.events import AnyEvent
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, DetailRows, Rows
from projections.sql_views import SqlView
from projections.tables import Table

Batch = Sequence[tuple[int, AnyEvent]]
"""Events with their positions, in order of positions."""

Fold = Callable[[int, Any], None]
"""What one type of event does to the rows: takes its position and the event."""


DEFINITION_LENGTH: Final = 16


ROWS_VERSION: Final = 2
"""Rises when what is kept of every view changes, such as its digest."""


class FoldFailed(Exception):
    """A view cannot take in an event: the ledger or this release's fold is wrong.

    `position` is the event's, if it is known.
    """

    def __init__(self, why: str, position: int | None = None) -> None:
        super().__init__(why)
        self.position = position


class Projection(ABC):
    """One view. `ask`, `fold` and nothing else: no clock, no reads outside its own tables.

    `version` rises when the same events make other rows: views of another version, or of tables
    of another shape, are folded afresh.
    """

    name: ClassVar[str]
    comment: ClassVar[str]
    version: ClassVar[int] = 1
    sql_views: ClassVar[tuple[SqlView, ...]] = ()

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        """Keep at most `limit` rows a table in memory between batches; None: all."""
        self.limit = limit
        self.appended: tuple[AppendedRows, ...] = ()
        self.details: tuple[DetailRows[Any, Any], ...] = ()
        self.kept: tuple[Rows[Any, Any], ...] = ()
        self.folds: dict[type, Fold] = {}

    @abstractmethod
    def ask(self, batch: Batch) -> None:
        """Say which rows the fold of these events, all of this view, reads."""

    def fold(self, batch: Batch) -> None:
        """Change the rows by these events, all of this view.

        Raises FoldFailed with the event's position.
        """
        folds = self.folds
        position = 0
        try:
            for position, event in batch:
                folds[event.__class__](position, event)
            self.finish()
        except Exception as fault:
            raise FoldFailed(
                f"view {self.name} could not take in the event at position {position} "
                f"({type(fault).__name__}: {fault}); nothing of it was written",
                position,
            ) from fault

    def finish(self) -> None:  # noqa: B027 - most views have nothing left to do
        """Derive what depends on all events of the batch."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of this view, those of kept rows first."""
        return tuple(rows.table for rows in self.all_rows if rows.table is not None)

    @property
    def definition(self) -> str:
        """What tells rows of this view from those that another release made."""
        made = [str(ROWS_VERSION), str(self.version), *(table.definition for table in self.tables)]
        made += [view.definition for view in self.sql_views]
        return sha256("\n".join(made).encode()).hexdigest()[:DEFINITION_LENGTH]

    @property
    def all_rows(self) -> Sequence[Rows[Any, Any] | DetailRows[Any, Any] | AppendedRows]:
        """What it keeps, what follows from that, and what it appends: written in this order."""
        return (*self.kept, *self.details, *self.appended)

    def settle(self) -> None:
        """The batch counts."""
        for rows in self.all_rows:
            rows.settle()

    def forget(self) -> None:
        """The batch failed, or somebody else wrote: remember nothing."""
        for rows in self.all_rows:
            rows.forget()


class Takes(Protocol):
    """Whoever takes some types of events: the keys of `folds`."""

    folds: dict[type, Fold]


def split(views: Sequence[Takes], batch: Batch) -> list[Batch]:
    """Each view's own events of the batch: one pass, however many views there are."""
    own: list[list[tuple[int, AnyEvent]]] = [[] for _ in views]
    takers: dict[type, list[list[tuple[int, AnyEvent]]]] = defaultdict(list)
    for view, events in zip(views, own, strict=True):
        for event_type in view.folds:
            takers[event_type].append(events)
    for item in batch:
        for events in takers[item[1].__class__]:
            events.append(item)
    return list(own)
