"""The view `requests` as those who wait for answers read it, from one thread."""

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from consumers.writing.recollection import Told, content_of
from projections.requests import first_answers

CONNECT_LIMIT_S: Final = 3
QUERY_LIMIT_MS: Final = 5_000


class PostgresAnswersView:
    """Reads answers of one network; connects when it is asked, and again after a fault."""

    def __init__(self, database_url: str, network: str) -> None:
        self._database_url, self._network = database_url, network
        self._conn: psycopg.Connection[Any] | None = None

    def find(self, asked: Sequence[tuple[str, str]]) -> tuple[dict[tuple[str, str], Told], int]:
        """The answers among these (channel, request_id), and the position that the view shows.

        Raises psycopg.Error.
        """
        try:
            conn = self._connected()
            rows, position = first_answers(conn, self._network, asked)
        except psycopg.Error:
            self.close()
            raise
        return {
            (row.channel, row.request_id): Told(
                row.position, row.events, content_of(row.fingerprint), row.reason, row.details
            )
            for row in rows
        }, position

    def close(self) -> None:
        """Disconnect."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._conn is None:
            self._conn = psycopg.connect(
                self._database_url,
                autocommit=True,
                connect_timeout=CONNECT_LIMIT_S,
                application_name="onebook-answers",
                options="-c default_transaction_read_only=on "
                f"-c statement_timeout={QUERY_LIMIT_MS}",
            )
        return self._conn
