"""The embedded PostgreSQL: ``EmbeddedPostgres(directory)`` and what it may raise."""

from consumers.embedded.home import EmbeddedPostgresError
from consumers.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
