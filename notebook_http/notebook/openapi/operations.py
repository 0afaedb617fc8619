"""The operations of a description, each as values for a request form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

from notebook_http.notebook.openapi.document import Document, Node, OpenAPIError
from notebook_http.notebook.openapi.examples import example_of, plain

__all__ = ["Operation", "base_url_of", "operations_of", "title_of"]

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
#: More than the largest published descriptions have.
_MOST_OPERATIONS = 2_000
_DESCRIPTION_CHARACTERS = 300
# Headers that a parameter does not describe (OpenAPI 3.1 §4.8.12.1).
_OTHERWISE = frozenset({"accept", "content-type", "authorization"})


class Parameter(NamedTuple):
    """One parameter: its name, where it goes, whether it has to, and its node."""

    name: str
    place: str
    required: bool
    node: Node


class Operation:
    """One operation, its parameters read; `fill` makes a form of it."""

    def __init__(self, document: Document, path: str, item: Node, method: str, node: Node) -> None:
        self._document = document
        self._path, self._item, self._node = path, item, node
        self.method = method.upper()
        self._parameters = _parameters(item, node)

    @property
    def label(self) -> str:
        """`GET /pets: all pets`."""
        summary = self._node.text("summary") or self._node.text("operationId")
        old = " (deprecated)" if self._node.value.get("deprecated") is True else ""
        return f"{self.method} {self._path}{': ' if summary else ''}{summary}{old}"

    def fill(self) -> tuple[dict[str, Any], str]:
        """Return the form's values, and what is to be known besides.

        Raises:
            OpenAPIError: something in it is not as it should be.
        """
        notes = [" ".join(self._node.text("description").split())[:_DESCRIPTION_CHARACTERS]]
        form: dict[str, Any] = {"method": self.method, "url": self._url()}
        form["path"] = [[each.name, _text(_value(each))] for each in self._of("path")]
        required = [each for each in self._of("query") if each.required]
        form["params"] = [pair for each in required for pair in _query_pairs(each)]
        form["headers"] = [
            [each.name, _text(_value(each))]
            for each in self._of("header")
            if each.required and each.name.lower() not in _OTHERWISE
        ]
        form["auth"], keys = self._auth()
        form["headers"] += [[name, ""] for place, name in keys if place == "header"]
        form["params"] += [[name, ""] for place, name in keys if place == "query"]
        notes += [f"An API key goes into {name} ({place})." for place, name in keys]
        form["body"], content_type, remark = self._body()
        if content_type:
            form["headers"].append(["Content-Type", content_type])
        notes.append(remark)
        others = [
            _described(each)
            for place in ("query", "header", "cookie")
            for each in self._of(place)
            if not each.required and each.name.lower() not in _OTHERWISE
        ]
        if others:
            notes.append(f"May be added: {', '.join(others[:20])}.")
        notes += self._remote_notes()
        return form, " ".join(note for note in notes if note)

    def _of(self, place: str) -> Iterator[Parameter]:
        return (each for each in self._parameters if each.place == place)

    def _url(self) -> str:
        for node in (self._node, self._item):
            if own := _server_url(node, self._document):
                return own.rstrip("/") + self._path
        return self._path

    def _remote_notes(self) -> list[str]:
        found = [each.node.value["$ref"] for each in self._parameters if "$ref" in each.node.value]
        return [f"Not followed, as it leads to another document: {str(ref)[:200]}" for ref in found]

    def _auth(self) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Return the form's auth, and (place, name) of API keys."""
        kind, keys = "none", []
        requirement = next(self._node.items("security"), None)
        if "security" not in self._node.value:
            requirement = next(self._document.root.items("security"), None)
        components = self._document.root.object("components") or self._document.root
        schemes = components.object("securitySchemes") or components.object("securityDefinitions")
        names = (
            list(requirement.value) if requirement and isinstance(requirement.value, dict) else []
        )
        for name in names if schemes is not None else []:
            scheme = schemes.object(str(name)) if schemes is not None else None
            if scheme is None:
                continue
            of_type, of_http = scheme.text("type"), scheme.text("scheme").lower()
            if of_type == "basic" or (of_type == "http" and of_http == "basic"):
                kind = "basic"
            elif of_type in ("oauth2", "openIdConnect") or of_http == "bearer":
                kind = "bearer"
            elif of_type == "apiKey":
                keys.append((scheme.text("in"), scheme.text("name")))
        return {"kind": kind, "user": ""}, keys

    def _body(self) -> tuple[dict[str, Any], str, str]:
        """Return the form's body, a type to be named in the headers, and a remark."""
        body = self._node.object("requestBody")
        if body is None:
            return self._body_of_parameters()
        content = body.object("content")
        kinds = {} if content is None else dict(content.entries())
        if not kinds:
            return {"kind": "none"}, "", ""
        chosen = min(kinds, key=_preference)
        media = kinds[chosen]
        value = _media_example(media)
        if _is_json(chosen):
            named = "" if chosen.partition(";")[0].strip() == "application/json" else chosen
            return {"kind": "json", "text": _json_text(value)}, named, ""
        if chosen.startswith("application/x-www-form-urlencoded"):
            return {"kind": "form", "pairs": _form_pairs(value)}, "", ""
        if chosen.startswith("text/"):
            return {"kind": "text", "text": _text(value)}, chosen, ""
        return {"kind": "none"}, "", f"Its body is {chosen[:80]}, which this form does not make."

    def _body_of_parameters(self) -> tuple[dict[str, Any], str, str]:
        """Return the same where Swagger 2.0 has it: among the parameters."""
        for each in self._of("body"):
            schema = each.node.object("schema")
            value = example_of(schema) if schema is not None else None
            return {"kind": "json", "text": _json_text(value)}, "", ""
        fields = list(self._of("formData"))
        if any(each.node.text("type") == "file" for each in fields):
            return {"kind": "none"}, "", "Its body has a file in it, which this form does not send."
        pairs = [[each.name, _text(_value(each))] for each in fields]
        return ({"kind": "form", "pairs": pairs} if pairs else {"kind": "none"}), "", ""


def operations_of(document: Document) -> list[Operation]:
    """Return the operations of *document*, in its order.

    Raises:
        OpenAPIError: a path, an operation or a parameter is not as it should be, or there is none.
    """
    found: list[Operation] = []
    paths = document.root.object("paths")
    for path, item in paths.entries() if paths is not None else ():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise OpenAPIError(f"{item.place} is no path: one begins with a slash.")
        if not isinstance(item.value, Mapping):
            raise item.error("an object")
        for method in [key for key in item.value if key in _METHODS]:
            node = item.object(method)
            if node is not None:
                found.append(Operation(document, path, item, method, node))
        if len(found) > _MOST_OPERATIONS:
            break
    if not found:
        raise OpenAPIError(f"{document.source} has no operations at #/paths.")
    return found[:_MOST_OPERATIONS]


def title_of(document: Document) -> str:
    """Return what the API is called; "" if it is not said."""
    info = document.root.child("info")
    return info.text("title") if info is not None else ""


def base_url_of(document: Document, fetched_from: str = "") -> str:
    """Return the URL that paths are below of; "" if nothing says it."""
    values = document.root.value
    if "swagger" in values:
        named = [each.value for each in document.root.items("schemes")]
        schemes = [each for each in named if each in ("https", "http")]
        host = document.root.text("host")
        path = document.root.text("basePath")
        scheme = "https" if "https" in schemes or not schemes else schemes[0]
        url = f"{scheme}://{host}{path}" if host else path
    else:
        url = _server_url(document.root, document)
    if fetched_from:
        url = urljoin(fetched_from, url or "/")
    return url if url.startswith(("http://", "https://")) else ""


def _server_url(node: Node, document: Document) -> str:
    server = next(node.items("servers"), None)
    if server is None or not isinstance(server.value, Mapping):
        return ""
    url = server.text("url")
    variables = server.object("variables")
    for name, variable in variables.entries() if variables is not None else ():
        if not isinstance(variable.value, Mapping):
            raise variable.error("an object")
        url = url.replace("{" + name + "}", _text(plain(variable.value.get("default"))))
    return url


def _parameters(item: Node, node: Node) -> list[Parameter]:
    """Return those of an operation, its own before its path's (OpenAPI 3.1 §4.8.10.1)."""
    found: dict[tuple[str, str], Parameter] = {}
    for owner in (node, item):
        for each in owner.items("parameters"):
            if not isinstance(each.value, Mapping):
                raise each.error("an object")
            name, place = each.text("name"), each.text("in")
            if "$ref" in each.value:  # to another document
                found.setdefault((each.place, ""), Parameter("", "", False, each))
            elif not name or not place:
                missing = "name" if not name else "in"
                raise OpenAPIError(f'{each.place} is a parameter without "{missing}".')
            else:
                required = each.value.get("required") is True or place == "path"
                found.setdefault((name, place), Parameter(name, place, required, each))
    return list(found.values())


def _value(parameter: Parameter) -> Any:
    return _example_in(parameter.node, parameter.node)  # 2.0 has it all in one


def _example_in(node: Node, otherwise: Node | None) -> Any:
    """Return the example that a parameter or a media type gives, or one by its schema."""
    if node.value.get("example") is not None:
        return plain(node.value["example"])
    examples = node.child("examples")
    if examples is not None and isinstance(examples.value, Mapping):
        for _, each in examples.entries():
            if isinstance(each.value, Mapping) and "value" in each.value:
                return plain(each.value["value"])
    schema = node.child("schema") or otherwise
    return None if schema is None else example_of(schema)


def _query_pairs(parameter: Parameter) -> list[list[str]]:
    value, name = _value(parameter), parameter.name
    exploded = parameter.node.value.get("explode") is not False
    if isinstance(value, list) and exploded:
        return [[name, _text(each)] for each in value] or [[name, ""]]
    if isinstance(value, dict) and parameter.node.text("style") == "deepObject":
        return [[f"{name}[{key}]", _text(inner)] for key, inner in value.items()]
    if isinstance(value, dict) and exploded:
        return [[key, _text(inner)] for key, inner in value.items()]
    return [[name, _text(value)]]


def _described(parameter: Parameter) -> str:
    schema = parameter.node.child("schema") or parameter.node
    values = schema.value.get("enum") if isinstance(schema.value, Mapping) else None
    if isinstance(values, list) and values:
        return f"{parameter.name} ({' | '.join(_text(plain(each)) for each in values[:6])})"
    kind = schema.text("type")
    return f"{parameter.name} ({kind})" if kind else parameter.name


def _preference(content_type: str) -> tuple[int, str]:
    if _is_json(content_type):
        return (0 if content_type.startswith("application/json") else 1), content_type
    known = ("application/x-www-form-urlencoded", "text/")
    return (2 if content_type.startswith(known) else 3), content_type


def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence in ("application/json", "*/*") or essence.endswith("+json")


def _media_example(media: Node) -> Any:
    if not isinstance(media.value, Mapping):
        raise media.error("an object")
    return _example_in(media, None)


def _form_pairs(value: Any) -> list[list[str]]:
    return [[key, _text(each)] for key, each in value.items()] if isinstance(value, dict) else []


def _json_text(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "" if value is None else json.dumps(value)
