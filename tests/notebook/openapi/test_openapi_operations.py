"""Descriptions of APIs: what they fill a form with, and what is said of malformed ones."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from notebook_http.notebook.openapi.document import OpenAPIError, read_document
from notebook_http.notebook.openapi.examples import example_of
from notebook_http.notebook.openapi.operations import base_url_of, operations_of, title_of

PETS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "h.example"}}}],
    "security": [{"token": []}],
    "paths": {
        "/pets/{petId}": {
            "parameters": [{"$ref": "#/components/parameters/petId"}],
            "get": {
                "summary": "One pet",
                "description": "Long\n  words.",
                "parameters": [
                    {"name": "fields", "in": "query", "required": True,
                     "schema": {"type": "array", "items": {"enum": ["name", "tag"]}}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {"name": "X-Trace", "in": "header", "required": True, "example": "t1"},
                    {"name": "Accept", "in": "header", "required": True},
                    {"$ref": "https://evil.example/p.json#/p"},
                ],
            },
            "put": {
                "deprecated": True,
                "security": [{"key": []}],
                "requestBody": {
                    "content": {
                        "application/xml": {},
                        "application/merge-patch+json": {
                            "schema": {"$ref": "#/components/schemas/Pet"}
                        },
                    }
                },
            },
        },
        "/login": {
            "servers": [{"url": "https://login.example/"}],
            "post": {
                "security": [{"basic": []}],
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "example": {"user": "ada", "remember": True}
                        }
                    }
                },
            },
        },
        "x-extra": 5,
    },
    "components": {
        "parameters": {
            "petId": {"name": "petId", "in": "path", "required": True,
                      "schema": {"type": "string", "format": "uuid"}}
        },
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        },
        "schemas": {
            "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
            "Pet": {
                "allOf": [
                    {"$ref": "#/components/schemas/Named"},
                    {
                        "type": "object",
                        "properties": {
                            "id": {"type": "integer", "readOnly": True},
                            "born": {"type": ["string", "null"], "format": "date"},
                            "weight": {"type": "number", "minimum": 0.5},
                            "kind": {"oneOf": [{"const": "cat"}, {"const": "dog"}]},
                            "parents": {
                                "type": "array",
                                "items": {"$ref": "#/components/schemas/Pet"},
                            },
                            "other": {"$ref": "other.json#/x"},
                        },
                    },
                ]
            },
        },
    },
}  # fmt: skip


def filled(document: dict[str, Any], index: int = 0) -> tuple[dict[str, Any], str]:
    """Return the form of an operation, and its remark."""
    return operations_of(read_document(document))[index].fill()


def test_operations_are_listed_in_their_order() -> None:
    """With what a person chooses by."""
    document = read_document(PETS)
    assert [each.label for each in operations_of(document)] == [
        "GET /pets/{petId}: One pet",
        "PUT /pets/{petId} (deprecated)",
        "POST /login",
    ]
    assert title_of(document) == "Pets"
    assert base_url_of(document) == "https://h.example/v1"


def test_parameters_go_where_they_belong() -> None:
    """Required ones with examples; others are told."""
    form, note = filled(PETS)
    assert form["url"] == "/pets/{petId}"
    assert form["path"] == [["petId", "123e4567-e89b-12d3-a456-426614174000"]]
    assert form["params"] == [["fields", "name"]]
    assert form["headers"] == [["X-Trace", "t1"]]
    assert form["auth"] == {"kind": "bearer", "user": ""}
    assert form["body"] == {"kind": "none"}
    assert "Long words." in note
    assert "May be added: limit (integer)." in note
    assert "Not followed, as it leads to another document: https://evil.example/p.json#/p" in note


def test_bodies_fit_their_schemas_and_those_that_hold_themselves_end() -> None:
    """References inside of the document only."""
    form, note = filled(PETS, 1)
    assert json.loads(form["body"]["text"]) == {
        "name": "",
        "born": "2024-01-31",
        "weight": 0.5,
        "kind": "cat",
        "parents": [],
    }
    assert form["headers"] == [
        ["X-Key", ""],
        ["Content-Type", "application/merge-patch+json"],
    ]
    assert "X-Key (header)" in note
    form, _ = filled(PETS, 2)
    assert form["url"] == "https://login.example/login"
    assert form["auth"]["kind"] == "basic"
    assert form["body"] == {"kind": "form", "pairs": [["user", "ada"], ["remember", "true"]]}


def test_swagger_2() -> None:
    """Its bodies are among its parameters, its server is in three places."""
    document = {
        "swagger": "2.0",
        "host": "api.example",
        "basePath": "/v2",
        "schemes": ["http"],
        "paths": {
            "/a": {
                "post": {
                    "parameters": [
                        {"name": "b", "in": "body", "schema": {"$ref": "#/definitions/B"}},
                        {"name": "q", "in": "query", "type": "integer", "required": True},
                    ]
                },
                "put": {"parameters": [{"name": "f", "in": "formData", "type": "string"}]},
            }
        },
        "definitions": {"B": {"type": "object", "properties": {"n": {"type": "boolean"}}}},
    }
    assert base_url_of(read_document(document)) == "http://api.example/v2"
    form, _ = filled(document)
    assert json.loads(form["body"]["text"]) == {"n": False}
    assert form["params"] == [["q", "0"]]
    assert filled(document, 1)[0]["body"] == {"kind": "form", "pairs": [["f", ""]]}


def with_paths(paths: Any) -> dict[str, Any]:
    """Return a document with these paths."""
    return {"openapi": "3.0.3", "paths": paths}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no object"),
        (b"[1]", "no object"),
        (b'{"openapi": "3.0.0",}', "line 1, column 21"),
        (b'{"a": 1}', 'neither "openapi" nor "swagger" at #'),
        ({"openapi": "4.0.0"}, "#/openapi says '4.0.0'"),
        ({"swagger": 1.2}, "#/swagger says '1.2'"),
        ({"openapi": "3.0.0"}, "no operations at #/paths"),
        (with_paths([]), "#/paths is a list, and has to be an object"),
        (with_paths({"a": {}}), "#/paths/a is no path"),
        (with_paths({"/a": 5}), "#/paths/~1a is a number, and has to be an object"),
        (with_paths({"/a": {"get": "x"}}), "#/paths/~1a/get is a text"),
        (with_paths({"/a": {"get": {"parameters": {}}}}), "#/paths/~1a/get/parameters is an obj"),
        (with_paths({"/a": {"get": {"parameters": [3]}}}), "#/paths/~1a/get/parameters/0 is a nu"),
        (
            with_paths({"/a": {"parameters": [{"in": "q"}], "get": {}}}),
            'without "name"',
        ),
        (with_paths({"/a": {"$ref": "#/x/y"}}), "#/paths/~1a refers to #/x/y, which is not there"),
        (with_paths({"/a": {"$ref": "#/paths/~1a"}}), "#/paths/~1a leads around in a circle"),
    ],
)
def test_malformed_documents_are_told_their_place(content: Any, words: str) -> None:
    """Before anything is shown."""
    with pytest.raises(OpenAPIError, match=words):
        operations_of(read_document(content))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"swagger": "2.0", "paths": {}, "host": "h", "schemes": 5}, "#/schemes is a number"),
        (
            {**with_paths({}), "servers": [{"url": "http://{h}/", "variables": {"h": "x"}}]},
            "#/servers/0/variables/h is a text",
        ),
    ],
)
def test_malformed_servers_are_told_their_place(content: Any, words: str) -> None:
    """What every URL of the form would be below of."""
    with pytest.raises(OpenAPIError, match=words):
        base_url_of(read_document(content))


def test_an_operation_that_is_malformed_inside_says_so_when_it_is_chosen() -> None:
    """The others stay usable."""
    with pytest.raises(OpenAPIError, match="#/paths/~1a/post/requestBody is a number"):
        filled(with_paths({"/a": {"post": {"requestBody": 5}}}))


def test_yaml_is_read_where_pyyaml_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dates, its keys that are numbers, its anchors that hold themselves."""
    pytest.importorskip("yaml")
    text = b"""
openapi: 3.0.0
paths:
  /a:
    post:
      responses: {200: {description: ok}}
      requestBody:
        content:
          application/json:
            example: &me {day: 2024-01-31, self: [*me]}
"""
    form, _ = operations_of(read_document(text))[0].fill()
    assert json.loads(form["body"]["text"])["day"] == "2024-01-31"
    with pytest.raises(OpenAPIError, match=r"neither JSON nor YAML: .* at line 2, column"):
        read_document(b"a: b\n\tc: d")
    with pytest.raises(OpenAPIError, match="neither JSON nor YAML"):
        read_document(b"!!python/object/apply:os.getcwd []")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(OpenAPIError, match="pip install pyyaml"):
        read_document(text)


def test_references_that_multiply_are_bounded(most_cpu: Any) -> None:
    """Ten references each, twenty levels: without a bound, 10 to the 20th values."""
    schemas: dict[str, Any] = {
        f"s{n}": {
            "type": "object",
            "properties": {f"p{k}": {"$ref": f"#/schemas/s{n + 1}"} for k in range(10)},
        }
        for n in range(20)
    }
    schemas["s20"] = {"type": "string"}
    document = read_document({"openapi": "3.0.0", "schemas": schemas})
    node = document.root.child("schemas")
    assert node is not None
    schema = node.child("s0")
    assert schema is not None
    with most_cpu(2):
        assert len(json.dumps(example_of(schema))) < 100_000


async def test_what_a_real_framework_describes_is_what_it_accepts() -> None:
    """FastAPI's own description: each form that it fills is sent, and none is refused."""
    import notebook_http as nh
    from notebook_http import web
    from notebook_http.notebook.widgets.form_request import read_form
    from notebook_http.test_utils import TestServer

    from .fastapi_shop import api

    async with TestServer(web.asgi_app(api)) as server:
        base_url = str(server.make_url("/"))
        described = await nh.get(base_url + "openapi.json")
        operations = operations_of(read_document(described.content))
        assert [each.label.partition(":")[0] for each in operations] == [
            "POST /orders/{number}",
            "GET /orders",
        ]
        for operation in operations:
            form, _ = operation.fill()
            draft = read_form(form, base_url)
            reply = await nh.request(
                draft.method, draft.url, headers=draft.headers, data=draft.body
            )
            assert reply.status == 200, reply.text
