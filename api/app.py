"""The HTTP application over a running node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from psycopg.sql import Identifier

from api import problems
from api.database import Database
from api.events import Events
from api.heads import HeadsAsReads
from api.limits import Bodies
from api.openapi import describe
from api.paths import EncodedParts
from api.reads import Reads
from api.routes import catalog, customers, docs, events, health, inventory, orders, pages, requests
from api.services import Services
from api.streams import Streams
from consumers.node import Node

ROUTERS = (requests, inventory, orders, customers, catalog, events, health, pages, docs)


def create_app(node: Node) -> FastAPI:
    """The application; its lifespan opens and closes its database connections."""
    app = FastAPI(
        title="Onebook",
        version=_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan,
    )
    app.state.services = _services(node)
    for module in ROUTERS:
        app.router.routes.extend(module.router.routes)
    app.add_middleware(EncodedParts)
    app.add_middleware(HeadsAsReads)
    problems.install(app)
    describe(app)
    return app


def _services(node: Node) -> Services:
    database = Database(node.database_url)
    recorder = node.recorder
    table = Identifier(recorder.datastore.schema, recorder.events_table_name)
    events = Events(database, table)
    reads = Reads(database, node.network, node.projector.reached)
    return Services(node, database, reads, events, Streams(events.head), Bodies())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    database = app.state.services.database
    await database.open()
    try:
        yield
    finally:
        await database.close()


def _version() -> str:
    try:
        return version("onebook")
    except PackageNotFoundError:
        return "from source"
