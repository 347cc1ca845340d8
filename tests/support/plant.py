"""Plants a bug: one line of one function says something else for as long as a test lasts."""

import inspect
import textwrap
from types import CodeType, FunctionType
from typing import Any

import pytest


def plant(
    monkeypatch: pytest.MonkeyPatch, where: Any, said: str, says: str, *more: tuple[str, str]
) -> None:
    """Put `says` in place of `said`, which must stand once in the source of `where`.

    `more` are further exchanges in it. The code is exchanged within the function, so it changes
    for whoever has imported it.
    """
    function = where.fget if isinstance(where, property) else where
    assert isinstance(function, FunctionType), where
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in ((said, says), *more):
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {where}"
        source = source.replace(old, new)
    module = compile("from __future__ import annotations\n" + source, str(where), "exec")
    found = [
        c for c in module.co_consts if isinstance(c, CodeType) and c.co_name == function.__name__
    ]
    monkeypatch.setattr(function, "__code__", found[0])
