"""HEAD: what a read would say of itself, without its body."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadsAsReads:
    """ASGI middleware: has a HEAD handled as the GET of that address; the server sends no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", "onebook.head": True}
        await self.app(scope, receive, send)


def is_head(scope: Scope) -> bool:
    """Whether only the head of the answer is asked for."""
    return bool(scope.get("onebook.head", False))
