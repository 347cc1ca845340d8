"""The HTTP application over a running node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import problems
from api.backend import Backend
from api.database import Database
from api.heads import HeadsAsReads
from api.limits import Bodies
from api.openapi import describe
from api.paths import EncodedParts
from api.reads import Reads
from api.routes import (
    availability,
    catalog,
    customers,
    docs,
    events,
    exceptions,
    health,
    holds,
    inventory,
    lists,
    orders,
    pages,
    quotes,
    requests,
    returns,
    supplies,
    transfers,
)
from api.services import Services
from api.streams import Streams

ROUTERS = (
    requests,
    inventory,
    availability,
    quotes,
    orders,
    exceptions,
    holds,
    transfers,
    supplies,
    returns,
    customers,
    catalog,
    events,
    health,
    pages,
    lists,
    docs,
)


def create_app(backend: Backend) -> FastAPI:
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
    app.state.services = _services(backend)
    for module in ROUTERS:
        app.router.routes.extend(module.router.routes)
    app.add_middleware(EncodedParts)
    app.add_middleware(HeadsAsReads)
    problems.install(app)
    describe(app)
    return app


def _services(backend: Backend) -> Services:
    database = Database(backend.database_url)
    events = backend.events(database)
    reads = Reads(database, backend.network, backend.views.reached)
    return Services(backend, database, reads, events, Streams(events.head), Bodies())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await services.database.open()
    try:
        yield
    finally:
        await run_in_threadpool(services.events.close)
        await services.database.close()


def _version() -> str:
    try:
        return version("onebook")
    except PackageNotFoundError:
        return "from source"
