"""Whatever is sent, the answer is one of the contract's: never a 5xx, always its shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from api import ROUTES
from api.route import Route, Signature
from tests.api.tenant import FLOW, Tenant

SHAPE = {"code", "statusCode", "message", "error", "timestamp", "path"}
NOBODY = "00000000-0000-4000-8000-000000000000"
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["0612345678", NOBODY, "2026-03-02T09:00:00Z", "static", "live", "none", "text", "fr"]
    )
)
ANY = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYED = [route for route in ROUTES if route.role is not None]


def names(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def bodies(route: Route) -> st.SearchStrategy[Any]:
    """Objects with the body's own properties, and whatever else JSON can be."""
    known = names(Signature.of(route.handler).body)
    values = ANY | st.just(FLOW) if "graph" in known else ANY
    shaped = st.fixed_dictionaries({}, optional=dict.fromkeys(known, values))
    return shaped | ANY if known else ANY


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any, dict[str, str]]:
    route = draw(st.sampled_from(KEYED))
    segment = st.just(NOBODY) | st.text(min_size=1, max_size=8).filter(
        lambda text: text not in (".", "..")
    )
    path = "/".join(
        URL.build(path=draw(segment)).raw_path if part.startswith("{") else part
        for part in route.path.split("/")
    )
    body = draw(bodies(route)) if route.method != "GET" else None
    asked = names(Signature.of(route.handler).query)
    query = st.dictionaries(
        st.sampled_from(asked) | st.text(max_size=4) if asked else st.text(max_size=4),
        st.text(max_size=8) | st.integers().map(str),
        max_size=2,
    )
    return route.method, path, body, draw(query)


def campaign(examples: int) -> settings:
    fixtures = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, deadline=None, suppress_health_check=fixtures)


@campaign(150)
@given(asked=requests())
async def test_any_request_is_answered(
    acme: Tenant, asked: tuple[str, str, Any, dict[str, str]]
) -> None:
    await answered(acme, *asked)


@pytest.mark.long
@pytest.mark.timeout(1200)
@campaign(5000)
@given(asked=requests())
async def test_thousands_of_requests_are_answered(
    acme: Tenant, asked: tuple[str, str, Any, dict[str, str]]
) -> None:
    await answered(acme, *asked)


async def answered(acme: Tenant, method: str, path: str, body: Any, query: dict[str, str]) -> None:
    url = URL(path, encoded=True).with_query(query)
    got = await acme.call(method, str(url), json=body)
    assert got.status < 500, got.body
    if got.status >= 400:
        assert set(got.body) >= SHAPE, got.body
        assert got.body["statusCode"] == got.status
