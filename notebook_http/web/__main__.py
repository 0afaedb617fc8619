"""``python -m notebook_http.web package.module:function``: serve what a function returns."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from notebook_http.web.run_application import run_app

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Serve until a signal comes, then exit.

    The function that is named is called with the arguments that are not known here, and returns an
    application, or a coroutine for one. Everything is logged to standard error.

    Raises:
        SystemExit: always: 0 behind a signal, 2 where the arguments make no sense.
    """
    parser = ArgumentParser(prog="notebook_http.web", description="Serve a web application.")
    parser.add_argument(
        "entry_func",
        metavar="entry-func",
        help="what returns the application, as in package.module:function",
    )
    parser.add_argument("-H", "--hostname", help="address to listen on (default: localhost)")
    parser.add_argument("-P", "--port", type=int, default=8080, help="(default: %(default)s)")
    parser.add_argument(
        "-U", "--path", help="Unix socket to listen on, in place of a port or beside --hostname"
    )
    known, others = parser.parse_known_args(arguments)
    make_app = _entry(parser, known.entry_func)
    logging.basicConfig(level=logging.DEBUG)
    only_path = known.path is not None and known.hostname is None
    run_app(
        make_app(others),
        host=None if only_path else known.hostname or "localhost",
        port=None if only_path else known.port,
        path=known.path,
    )
    parser.exit(message="Stopped\n")


def _entry(parser: ArgumentParser, text: str) -> Callable[[list[str]], Any]:
    """Return the function that *text* names, or exit and say what is wrong with it."""
    module_name, _, name = text.partition(":")
    if not module_name or not name:
        parser.error(f"{text!r} is not of the form package.module:function")
    if module_name.startswith("."):
        parser.error(f"{text!r} is relative: name the module from the top")
    try:
        module = import_module(module_name)
    except ImportError as error:
        parser.error(f"cannot import {module_name!r}: {error}")
    function: Callable[[list[str]], Any] | None = getattr(module, name, None)
    if function is None:
        parser.error(f"module {module_name!r} has no attribute {name!r}")
    return function


if __name__ == "__main__":
    main(sys.argv[1:])
