"""The API's reference: the OpenAPI document, a page over it, and a page for each problem.

The page is Swagger UI from the package fastapi-offline, which ships its files: it works without
internet.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, JSONResponse, Response

from api import problems
from api.lean import LeanRoute
from api.pages import render
from api.problems import Problem

router = APIRouter(include_in_schema=False, route_class=LeanRoute)
_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_CACHED: Final = {"Cache-Control": "public, max-age=86400"}


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def reference(_: Request) -> Response:
    """The reference, with forms to try it."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Onebook API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
    )


@router.get("/docs/assets/{name}")
async def asset(_: Request, name: str) -> Response:
    """A file of the page."""
    if name not in _ASSETS:
        raise Problem(problems.NOT_FOUND, f"there is no file {name!r}")
    return FileResponse(_folder() / name, media_type=_ASSETS[name], headers=_CACHED)


@router.get("/problems")
async def problem_list(_: Request) -> Response:
    """Every kind of problem."""
    return render("problems.html", kinds=list(problems.KINDS.values()))


@router.get("/problems/{name}")
async def problem(_: Request, name: str) -> Response:
    """What one kind of problem means, and what to do."""
    kind = problems.KINDS.get(name)
    if kind is None:
        raise Problem(problems.NOT_FOUND, f"there is no kind of problem called {name!r}")
    return render("problems.html", kinds=[kind])


def _folder() -> Path:
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
