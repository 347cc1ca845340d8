"""The reference for HTTP: a FastAPI route that does nothing, served as Onebook is served."""

import socket
import sys

import uvicorn
from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/")
async def nothing() -> Response:
    """Answer at once; a Response spares FastAPI even the encoding."""
    return Response(b"{}", media_type="application/json")


def main() -> None:
    """Serve on the listening socket whose number is the argument."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
