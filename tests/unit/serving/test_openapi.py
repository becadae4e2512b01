"""The OpenAPI document: clients are generated from it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from emoclass.serving.app import create_app
from emoclass.serving.service import Service
from emoclass.serving.settings import Settings


def ask(method, path):
    """Ask a service whose workers are not started."""

    async def asking():
        app = create_app(Service(Settings(), {}, dict))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.request(method, path)

    return asyncio.run(asking())


@pytest.fixture(scope="module")
def document():
    answer = ask("GET", "/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def parts_of(value):
    """Yield every object of a JSON document."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(each)


def test_every_reference_leads_to_a_schema(document):
    references = {each["$ref"] for each in parts_of(document) if "$ref" in each}
    assert "#/components/schemas/ProblemDocument" in references
    assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_every_error_is_a_problem_document_by_reference(document):
    operations = [each for path in document["paths"].values() for each in path.values()]
    errors = [
        answer for each in operations for status, answer in each["responses"].items() if status.startswith(("4", "5"))
    ]
    expected = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    assert len(errors) > 8
    # FastAPI adds its own 422 to routes with a query; ours replaces it.
    assert all(each["content"] == {"application/problem+json": expected} for each in errors)


def test_a_client_may_show_the_token_in_a_header_or_a_cookie(document):
    assert document["security"] == [{"token": []}, {"cookie": []}, {}]
    assert {each["type"] for each in document["components"]["securitySchemes"].values()} == {"http", "apiKey"}


def test_operations_have_names_of_their_own(document):
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert {"predict", "models", "limits"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/v1/session", "GET, POST, DELETE"), ("/v1/models", "GET"), ("/healthz", "GET"), ("/v1/predictions", "POST")],
)
def test_a_wrong_method_is_told_all_that_are_right(path, methods):
    answer = ask("PUT", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["detail"] == "PUT is not possible here."
