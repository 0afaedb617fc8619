"""`%config NotebookHTTP.timeout = 10`, `%http_config`, `[tool.notebook-http]` of a project.

Settings of the client behind `nh.get` and the magics. A file gives values only, nothing in it is
run; what a cell says wins over it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from traitlets import Bool, Dict, Float, TraitError, Unicode
from traitlets.config import Configurable

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.shell import Shell
from notebook_http.wire.secrets import mask_headers, mask_url

__all__ = ["NotebookHTTP", "register_config_magic", "register_settings"]

# A project's file, written by hand.
_MOST_BYTES = 1024 * 1024
_TABLE = "notebook-http"


class _MaskedURL(str):
    """A URL that is shown without what is secret in it: IPython shows settings by their repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(mask_url(str(self)))


class _MaskedHeaders(dict[str, str]):
    """Headers that are shown without what is secret in them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(dict(mask_headers(self)))


class _URLSetting(Unicode):  # type: ignore[misc]
    def validate(self, obj: object, value: object) -> _MaskedURL:
        return _MaskedURL(super().validate(obj, value))


class _HeadersSetting(Dict):  # type: ignore[misc]
    def validate(self, obj: object, value: object) -> _MaskedHeaders:
        return _MaskedHeaders(super().validate(obj, value))


class NotebookHTTP(Configurable):  # type: ignore[misc]
    """Settings of the default client: of `nh.get` and its kin, `%http` and `%%http`."""

    base_url = _URLSetting("", help="What URLs that are only a path are relative to.").tag(
        config=True
    )
    timeout = Float(
        None, allow_none=True, help="Seconds for a whole request; None for the usual 5 minutes."
    ).tag(config=True)
    headers = _HeadersSetting(help="Headers that are sent with every request, by name.").tag(
        config=True
    )
    follow = Bool(True, help="Whether redirects are followed.").tag(config=True)
    verify = Bool(True, help="Whether certificates are checked.").tag(config=True)

    names: ClassVar[tuple[str, ...]] = ("base_url", "timeout", "headers", "follow", "verify")

    def session_arguments(self) -> dict[str, Any]:
        """Return what of it a session takes."""
        given = {"base_url": str(self.base_url), "headers": dict(self.headers)}
        return {name: value for name, value in given.items() if value}

    def request_options(self) -> dict[str, Any]:
        """Return what of it each request takes that does not say otherwise."""
        options: dict[str, Any] = {}
        if self.timeout is not None:
            options["timeout"] = self.timeout
        if not self.follow:
            options["allow_redirects"] = False
        if not self.verify:
            options["ssl"] = False
        return options

    def __str__(self) -> str:
        return "\n".join([f"NotebookHTTP.{name} = {getattr(self, name)!r}" for name in self.names])


def register_settings(shell: Shell, changed: Callable[[NotebookHTTP], None]) -> Callable[[], None]:
    """Let *shell* have our settings, and return what takes them out again.

    *changed* is called with them now, and each time that one of them is set.

    Raises:
        MagicSyntaxError: pyproject.toml has a setting that there is not, or a wrong value.
    """
    settings = NotebookHTTP()
    _read_project(settings, Path.cwd())
    config = getattr(shell, "config", None)
    if config is not None:
        settings.update_config(config)
    configurables: list[Any] = getattr(shell, "configurables", [])
    configurables.append(settings)
    settings.observe(lambda _: changed(settings), names=list(settings.names))
    changed(settings)

    def undo() -> None:
        settings.unobserve_all()
        if settings in configurables:
            configurables.remove(settings)

    return undo


def settings_of(shell: Shell) -> NotebookHTTP:
    """Return the settings that *shell* has.

    Raises:
        LookupError: the extension is not loaded.
    """
    for each in getattr(shell, "configurables", []):
        if isinstance(each, NotebookHTTP):
            return each
    message = "the extension is not loaded: %load_ext notebook_http"
    raise LookupError(message)


def _read_project(settings: NotebookHTTP, folder: Path) -> None:
    path = next(
        (
            place / "pyproject.toml"
            for place in (folder, *folder.parents)
            if (place / "pyproject.toml").is_file()
        ),
        None,
    )
    if path is None:
        return
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
        if _TABLE not in text:
            return
        import tomllib  # a millisecond that few notebooks need

        table = tomllib.loads(text).get("tool", {}).get(_TABLE, {})
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}"
        raise MagicSyntaxError(message, Source("", file=str(path)), (0, 0)) from None
    if not isinstance(table, dict):
        raise _wrong(path, text, _TABLE, f"[tool.{_TABLE}] is no table", "")
    for key, value in table.items():
        name = key.replace("-", "_")
        if name == "verify":
            # A folder that somebody unpacks must not take away what protects them.
            hint = "Say it in a cell: %config NotebookHTTP.verify = False"
            raise _wrong(path, text, key, "verify is no setting for a file", hint)
        if name not in settings.names:
            near = nearest(name, settings.names)
            hint = f"Did you mean {near}?" if near else f"There are: {', '.join(settings.names)}"
            raise _wrong(path, text, key, f"There is no setting {key}", hint)
        if isinstance(value, int) and not isinstance(value, bool) and name == "timeout":
            value = float(value)
        try:
            setattr(settings, name, value)
        except TraitError:
            expected = getattr(NotebookHTTP, name).info()
            message = f"The setting {key} has a value that does not fit"
            raise _wrong(path, text, key, message, f"Expected: {expected}") from None


def _wrong(path: Path, text: str, key: str, problem: str, hint: str) -> MagicSyntaxError:
    """Return the error that shows where *key* stands in our table."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if f"tool.{_TABLE}" in line), 0)
    pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    at = next((n for n, line in enumerate(lines) if n > start and pattern.match(line)), start)
    source = Source(lines[at], first_line=at + 1, file=str(path))
    return MagicSyntaxError(problem, source, (0, len(lines[at])), hint=hint)


def register_config_magic(shell: Shell) -> Callable[[], None]:
    """Put `%http_config` into *shell*, and return what takes it out again."""
    manager = shell.magics_manager
    before = manager.magics["line"].get("http_config")

    def http_config(line: str) -> None:
        settings = settings_of(shell)
        if not line.strip():
            from IPython.display import display

            display({"text/plain": str(settings)}, raw=True)
            return
        found = re.fullmatch(r"\s*(\w+)\s*=\s*(\S.*?)\s*", line)
        name = found[1] if found else line.split()[0]
        source = Source(line, "%http_config ")
        if found is None or name not in settings.names:
            near = nearest(name, settings.names)
            raise MagicSyntaxError(
                f"There is no setting {name}" if found else "This sets nothing",
                source,
                (0, len(line)),
                expected="name = value, of " + ", ".join(settings.names),
                hint=f"Did you mean {near}?" if near and near != name else "",
            )
        try:
            setattr(settings, name, _value(found[2]))
        except TraitError:
            message = f"The value does not fit {name}"
            expected = getattr(NotebookHTTP, name).info()
            span = (found.start(2), found.end(2))
            raise MagicSyntaxError(message, source, span, expected=expected) from None

    http_config.__doc__ = (
        "Show the settings of the default client, or set one: %http_config timeout = 10.\n\n"
        "The same as %config NotebookHTTP.timeout = 10. Settings may stand in pyproject.toml,\n"
        "below [tool.notebook-http], too.\n\n    "
        + "\n    ".join([f"{n:<9} {getattr(NotebookHTTP, n).help}" for n in NotebookHTTP.names])
    )
    manager.register_function(http_config, "line", "http_config")

    def undo() -> None:
        if before is None:
            manager.magics["line"].pop("http_config", None)
        else:
            manager.magics["line"]["http_config"] = before
        vars(manager.user_magics).pop("http_config", None)

    return undo


def _value(text: str) -> Any:
    """Return the Python literal that *text* is, or else the text itself; nothing is run."""
    try:
        value: Any = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
