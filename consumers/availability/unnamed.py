"""Supplies, transfers and orders that something became of, whose skus only the views can tell."""

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection

from projections.selling.availability_parts import Source, skus_of, stands_of_views


class Unnamed:
    """Each is asked for until every view shows the event that was about it."""

    def __init__(self) -> None:
        self._until: dict[Source, int] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, sources: Iterable[Source], position: int) -> None:
        """Something became of these, at this position or before."""
        self._until |= dict.fromkeys(sources, position)

    def clear(self) -> None:
        """Ask for none."""
        self._until.clear()

    async def skus(self, conn: AsyncConnection[Any], network: str) -> set[str]:
        """The skus of all of them, as far as the views know. Raises what the database raises."""
        asked = dict(self._until)
        stands = await stands_of_views(conn, network)
        shown = min((stand.position for stand in stands.values()), default=0)
        found = await skus_of(conn, network, asked)
        for source, position in asked.items():
            if position <= shown and self._until.get(source) == position:
                del self._until[source]
        return found
