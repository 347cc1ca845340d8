"""Ids in addresses: a part of a path may hold `/` and `%`, percent-encoded.

ASGI hands over the path decoded, so `/v1/inventory/A%2FB` and `/v1/inventory/A/B` look alike.
`EncodedParts` decodes each part by itself and leaves `/` and `%` within it encoded, as stream
names do; routes then match part by part, and `decoded` gives the id.
"""

from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.domain.words import part


class EncodedParts:
    """ASGI middleware: sets `path` so that parts cannot run together."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path split as it was sent."""
        if scope["type"] == "http" and b"%" in scope.get("raw_path", b""):
            raw: bytes = scope["raw_path"]
            parts = raw.partition(b"?")[0].decode("latin-1").split("/")
            scope["path"] = "/".join(part(unquote(each)) for each in parts)
        await self.app(scope, receive, send)


def decoded(path_part: str) -> str:
    """The id that a matched part of a path stands for."""
    if "%" in path_part:
        return path_part.replace("%2F", "/").replace("%25", "%")
    return path_part


def encoded(identifier: str) -> str:
    """The id as a part of an address; also of one that a person clicks."""
    return quote(identifier, safe=":")
