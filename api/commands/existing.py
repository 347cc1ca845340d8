"""Settings for commands that read or prove a ledger, which never begin one."""

from pathlib import Path
from typing import Any, Final

from api import settings as configured
from api.commands.terminal import Failure
from api.compose import DATABASE_FILE
from api.settings import Settings
from consumers.embedded.home import CLUSTER, ID_FILE

SIGNS: Final = (CLUSTER, ID_FILE, DATABASE_FILE)
"""What stands in a data directory with a ledger: the embedded database, or the URL of another."""


def load(**given: Any) -> Settings:
    """Return the settings, as of api.settings. Raises Failure where there is no ledger."""
    settings = configured.load(**given)
    if settings.database_url is None and not _holds_ledger(settings.data):
        raise Failure(
            f"no ledger in {settings.data}: name its folder with --data (or ONEBOOK_DATA), or "
            "begin one with `onebook demo`, `serve` or `import`"
        )
    return settings


def _holds_ledger(folder: Path) -> bool:
    return any((folder / sign).exists() for sign in SIGNS)
