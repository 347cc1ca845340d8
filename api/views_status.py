"""How fresh each view is, for programs (`GET /v1/projections`) and people (`/views`)."""

from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from api.problems import Problem
from api.services import Services
from projections.keeping import checkpoints, upkeep
from projections.keeping.checkpoints import Checkpoint
from projections.keeping.upkeep import ProofStatus, RebuildStatus


class ViewStatus(msgspec.Struct, frozen=True):
    """How far a view is, how far behind the ledger, and whether it goes on."""

    view: Annotated[str, Meta(description="The view's name.")]
    position: Annotated[int, Meta(description="The last event that it shows.")]
    lag: Annotated[int, Meta(description="So many events it is behind the ledger's head.")]
    lag_s: Annotated[
        float | None,
        Meta(
            description="So many seconds lie between the event that it shows last and the head, "
            "by `recorded_at`; null where that is not known."
        ),
    ]
    recorded_at: Annotated[datetime | None, Meta(description="`recorded_at` of that last event.")]
    heartbeat_at: Annotated[
        datetime | None,
        Meta(description="When its projector was last seen, by the database's clock."),
    ]
    digest: Annotated[str, Meta(description="The digest of its rows, 32 hexadecimal digits.")]
    generation: Annotated[
        int, Meta(description="How often its rows were replaced by those of a fresh fold.")
    ]
    stopped_at: Annotated[
        int | None, Meta(description="Position of the event that it cannot take in; null: none.")
    ]
    stopped_why: Annotated[str | None, Meta(description="Why it cannot.")]
    verified: Annotated[
        int | None,
        Meta(
            description="Up to this position its digests were those of a fresh fold; null: that "
            "was not looked at since its rows were replaced."
        ),
    ]
    verified_at: Annotated[datetime | None, Meta(description="When that was found.")]
    alarm: Annotated[
        str | None, Meta(description="What is wrong with its rows; null: nothing is known.")
    ]
    rebuilt_to: Annotated[
        int | None, Meta(description="How far its rebuild is; null: there is none under way.")
    ]
    rebuilt_until: Annotated[int | None, Meta(description="How far its rebuild has to go.")]


class ViewDetails(ViewStatus, frozen=True):
    """A view, with its latest rebuild and what was proven of it."""

    rebuild: Annotated[RebuildStatus | None, Meta(description="Its latest; null: it had none.")]
    proof: Annotated[
        ProofStatus | None,
        Meta(description="What was proven of it since its rows were replaced; null: nothing."),
    ]


class _Known(NamedTuple):
    """What is known of views, by name, beside their checkpoints."""

    rebuilds: dict[str, RebuildStatus]
    proofs: dict[str, ProofStatus]


async def statuses(services: Services) -> tuple[int, list[ViewStatus]]:
    """The head of the ledger, and each view by name. Raises Problem (503) with views away."""
    found, known = await _found(services)
    head = max([await services.events.head(), *(each.position for each in found)])
    recorded_at = await _recorded_at(services, head, found)
    return head, [
        ViewStatus(*_columns(checkpoint, head, recorded_at, known)) for checkpoint in found
    ]


async def details(services: Services, view: str) -> tuple[int, ViewDetails | None]:
    """The head of the ledger and one view, None if it has no checkpoint. Raises as `statuses`."""
    found, known = await _found(services)
    head = max([await services.events.head(), *(each.position for each in found)])
    recorded_at = await _recorded_at(services, head, found)
    for checkpoint in found:
        if checkpoint.view == view:
            columns: tuple[Any, ...] = (
                *_columns(checkpoint, head, recorded_at, known),
                known.rebuilds.get(view),
                known.proofs.get(view),
            )
            return head, ViewDetails(*columns)
    return head, None


async def _found(services: Services) -> tuple[list[Checkpoint], _Known]:
    network = services.reads.network
    async with services.database.connection() as conn:
        found = await checkpoints.checkpoint_list(conn, network)
        rebuilds = await upkeep.rebuild_list(conn, network)
        return found, _Known(rebuilds, await upkeep.proof_list(conn, network))


async def _recorded_at(services: Services, head: int, found: list[Checkpoint]) -> datetime | None:
    """When the head was recorded; None if the ledger cannot be read now."""
    for checkpoint in found:
        if checkpoint.position == head:
            return checkpoint.recorded_at
    try:
        page = await services.events.page(head - 1, 1, until=head)
    except Problem:
        return None
    for event in page.events:
        return msgspec.json.decode(event.data, type=_Recorded).recorded_at
    return None


class _Recorded(msgspec.Struct):
    recorded_at: datetime


def _columns(
    checkpoint: Checkpoint, head: int, head_at: datetime | None, known: _Known
) -> tuple[Any, ...]:
    """The fields of a ViewStatus."""
    rebuild, proof = known.rebuilds.get(checkpoint.view), known.proofs.get(checkpoint.view)
    running = rebuild if rebuild is not None and rebuild.state == upkeep.RUNNING else None
    return (
        checkpoint.view,
        checkpoint.position,
        head - checkpoint.position,
        _seconds(checkpoint, head, head_at),
        checkpoint.recorded_at,
        checkpoint.heartbeat_at,
        checkpoint.digest,
        checkpoint.generation,
        checkpoint.stopped_at,
        checkpoint.stopped_why,
        proof and (proof.verified_position or None),
        proof and proof.verified_at,
        proof and proof.alarm,
        running and running.position,
        running and running.until,
    )


def _seconds(checkpoint: Checkpoint, head: int, head_at: datetime | None) -> float | None:
    if checkpoint.position == head:
        return 0.0
    if head_at is None or checkpoint.recorded_at is None:
        return None
    return (head_at - checkpoint.recorded_at) / timedelta(seconds=1)
