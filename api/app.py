"""The HTTP application over a running node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import problems
from api.backend import Backend
from api.database import Database
from api.downloads import Downloads
from api.feed import Feed
from api.freshness import Freshness
from api.heads import HeadsAsReads
from api.limits import Bodies
from api.live import Live
from api.openapi import describe
from api.paths import EncodedParts
from api.reads import Reads
from api.routes import (
    availability,
    availability_feed,
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
    projections,
    quotes,
    report_pages,
    reports,
    requests,
    returns,
    supplies,
    transfers,
    views,
    why,
)
from api.services import Services
from api.streams import Streams
from consumers.availability.tail import NEEDED

ROUTERS = (
    requests,
    inventory,
    availability_feed,  # before a channel's: its address would be that of channel `stream`
    availability,
    quotes,
    orders,
    exceptions,
    holds,
    transfers,
    supplies,
    returns,
    reports,
    customers,
    catalog,
    events,
    health,
    projections,
    pages,
    lists,
    why,
    report_pages,
    views,
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
    app.state.downloads = Downloads()
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
    writer = backend.writer
    reads = Reads(database, backend.network, backend.views, lambda: writer.position)
    fresh = Freshness(backend.views, lambda: writer.position)
    live = Live(lambda: backend.source(NEEDED), backend.database_url, reads, backend.views)
    feed, streams = Feed(live, reads), Streams(events.head)
    streams.on_close = feed.close
    return Services(backend, database, reads, fresh, live, feed, events, streams, Bodies())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await services.database.open()
    services.freshness.open()
    services.live.open()
    try:
        yield
    finally:
        services.feed.stop()
        await services.live.close()
        services.freshness.close()
        await run_in_threadpool(services.events.close)
        await services.database.close()


def _version() -> str:
    try:
        return version("onebook")
    except PackageNotFoundError:
        return "from source"
