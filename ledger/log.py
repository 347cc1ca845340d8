"""Log lines as events with fields: ``log.info("block_appended", events=412)``.

A line reads ``block_appended events=412 position=98311``. The lines go to the standard library's
``logging`` under the given name: whoever runs the process decides where they end. Fields carry no
personal data.
"""

import json
import logging
import re

_PLAIN = re.compile(r"[^\s\"'=\\]+")


class Log:
    """Writes events with fields to one named logger of ``logging``."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, /, **fields: object) -> None:
        """Write what happened in the ordinary course of things."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Write what somebody should look at when they have time."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Write what somebody must look at now."""
        self._write(logging.ERROR, event, fields)

    def _write(self, level: int, event: str, fields: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            words = (event, *(f"{name}={_shown(value)}" for name, value in fields.items()))
            self._logger.log(level, "%s", " ".join(words), stacklevel=3)


def get_logger(name: str) -> Log:
    """Return the log of a module; ``name`` is its ``__name__``."""
    return Log(name)


def _shown(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
