"""A folder of files below a prefix of the path."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from stat import S_ISREG
from typing import Any, cast
from urllib.parse import quote

from yarl import URL

from notebook_http.web.exceptions import HTTPForbidden, HTTPNotFound
from notebook_http.web.file_response import FileResponse, status_of
from notebook_http.web.files.content_hash import ContentHashes
from notebook_http.web.files.folder import Folder
from notebook_http.web.files.index_page import index_page
from notebook_http.web.response import Response
from notebook_http.web.routing.path_template import PathTemplate, canonical_path, parse_template
from notebook_http.web.routing.resource import Resource
from notebook_http.web.routing.route import ExpectHandler, Handler, ResourceRoute, RouteOwner
from notebook_http.web.stream_response import StreamResponse

__all__ = ["StaticResource"]


class StaticResource(Resource):
    """The files of a folder, and of the folders in it; made by `UrlDispatcher.add_static`.

    Whatever leads out of the folder is answered as what is not there: 404, before the file system
    is asked where the name alone tells, and for links that lead out unless *follow_symlinks*. A
    folder is a 403, or with *show_index* a page that lists it. Names that begin with a dot are not
    hidden: what nobody is to see has no place in the folder.

    Args:
        prefix: of the path, without a slash at its end; empty for the root.
        directory: the folder; it has to be there.
        name: name of the resource, or None.
        expect_handler: who answers an ``Expect`` field; None for the server itself.
        chunk_size: see `FileResponse`.
        show_index: whether folders are listed.
        follow_symlinks: whether symbolic links may lead out of the folder.
        append_version: whether `url_for` adds a hash of the file.

    Raises:
        ValueError: there is no such folder, or *prefix* is no path. The caller erred.
    """

    VERSION_KEY = "v"

    #: Whether names that begin with a dot are served, as in aiohttp. Servers in notebooks say no:
    #: `.env`, `.git` and `.ipynb_checkpoints` are next to what is meant.
    serves_hidden = True

    def __init__(
        self,
        prefix: str,
        directory: str | os.PathLike[str],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        chunk_size: int = 256 * 1024,
        show_index: bool = False,
        follow_symlinks: bool = False,
        append_version: bool = False,
    ) -> None:
        if prefix and (prefix[0] != "/" or prefix[-1] == "/"):
            raise ValueError(f"a prefix begins with a slash and ends without one: {prefix!r}")
        self._prefix = canonical_path(prefix)
        super().__init__(_template_below(self._prefix), name=name)
        self._folder = Folder(directory, follow_symlinks=follow_symlinks)
        self._hashes = ContentHashes()
        self._chunk_size = chunk_size
        self._show_index = show_index
        self._expect_handler = expect_handler
        self._append_version = append_version
        for method in ("GET", "HEAD"):
            self._routes[method] = self._route(method, self._handle)

    def __repr__(self) -> str:
        name = f"'{self.name}'" if self.name is not None else ""
        return f"<StaticResource {name} {self._prefix} -> {self._folder.directory!r}>"

    def _route(self, method: str, handler: Handler) -> ResourceRoute:
        owner = cast("RouteOwner", self)  # whose `url_for` has one part, and that is a file
        return ResourceRoute(method, handler, owner, expect_handler=self._expect_handler)

    @property
    def canonical(self) -> str:
        """The prefix, percent-encoded, without a slash at its end."""
        return self._prefix

    def add_prefix(self, prefix: str) -> None:
        """Move the folder below *prefix* as well."""
        self._prefix = prefix + self._prefix
        self._template = _template_below(self._prefix)

    def get_info(self) -> dict[str, Any]:
        """Return ``{"directory": …, "prefix": …, "routes": …}``."""
        return {
            "directory": self._folder.directory,
            "prefix": self._prefix,
            "routes": self._routes,
        }

    def set_options_route(self, handler: Handler) -> None:
        """Have *handler* answer OPTIONS, for CORS.

        Raises:
            RuntimeError: there is one already.
        """
        if "OPTIONS" in self._routes:
            raise RuntimeError("OPTIONS route was set already")
        self._routes["OPTIONS"] = self._route("OPTIONS", handler)

    def raw_match(self, prefix: str) -> bool:
        """Return False: no other resource's path is this one's."""
        return False

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded path below the prefix as *filename*, or None: no match.

        A path that leads up out of the prefix is not below it, whatever may follow.
        """
        if "/.." in path and _leads_up(path.split("/")[self._prefix.count("/") + 1 :]):
            return None
        values = super().match(path)
        if values is not None and self._prefix:
            values["filename"] = values["filename"][1:]
        return values

    def url_for(  # type: ignore[override]  # a file has a name, other resources have parts
        self, *, filename: str | os.PathLike[str], append_version: bool | None = None
    ) -> URL:
        """Return the relative URL of a file.

        Args:
            filename: path in the folder; need not be there.
            append_version: whether a hash of the file's content goes with it, as ``?v=…``, so that
                caches may keep it for ever; None for what the folder was made with. Reads the file,
                here and now, when it has changed. A file that is not there has none.
        """
        filename = os.fspath(filename).lstrip("/")
        url = URL.build(path=self._prefix, encoded=True) / filename
        if self._append_version if append_version is None else append_version:
            path = self._folder.path_of(filename)
            try:
                real = None if path is None else self._folder.real_path(path)
                if real is not None and S_ISREG(os.stat(real).st_mode):
                    return url.with_query({self.VERSION_KEY: self._hashes.hash_of(real)})
            except (FileNotFoundError, NotADirectoryError):
                pass
        return url

    async def _handle(self, request: Any) -> StreamResponse:
        folder = self._folder
        name = request.match_info["filename"]
        if not self.serves_hidden and (name.startswith(".") or "/." in name):
            raise HTTPNotFound()
        path = folder.path_of(name)
        if path is None:
            raise HTTPNotFound()
        loop = asyncio.get_running_loop()
        found = None
        if folder.known.recall(path, loop.time()) is None:
            try:
                found = await loop.run_in_executor(None, folder.look_for, path)
            except IsADirectoryError:
                return await self._answer_folder(path)
            except (OSError, ValueError) as error:
                raise _refusal(error) from None
            folder.known.remember(path, found, loop.time())
        look = partial(folder.look_for, path)
        return FileResponse.of_folder(path, self._chunk_size, folder.known, look, found)

    async def _answer_folder(self, path: str) -> StreamResponse:
        if not self._show_index:
            raise HTTPForbidden()
        loop = asyncio.get_running_loop()
        try:
            page = await loop.run_in_executor(None, self._index_page, path)
        except OSError as error:
            raise _refusal(error) from None
        return Response(text=page, content_type="text/html")

    def _index_page(self, path: str) -> str:
        directory = self._folder.real_path(path)
        below = os.fsencode(os.path.relpath(path, self._folder.directory)).replace(b"\\", b"/")
        if below == b".":
            return index_page(directory, "", self._prefix)
        url = f"{self._prefix}/{quote(below)}"
        return index_page(directory, below.decode("utf-8", "replace"), url)


def _leads_up(segments: list[str]) -> bool:
    depth = 0
    for segment in segments:
        if segment == "..":
            depth -= 1
            if depth < 0:
                return True
        elif segment not in ("", "."):
            depth += 1
    return False


def _template_below(prefix: str) -> PathTemplate:
    """Return the template of *prefix* and all that is below it."""
    if not prefix:
        return parse_template("/{filename:.*}")
    template = parse_template(f"{prefix}{{filename:(?:/.*)?}}")
    return template._replace(fixed_prefix=prefix)  # as if the slash stood outside of the braces


def _refusal(error: OSError | ValueError) -> HTTPForbidden | HTTPNotFound:
    return HTTPForbidden() if status_of(error) == 403 else HTTPNotFound()
