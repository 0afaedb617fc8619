"""`nh.download(url)`: a body that goes to a file, and goes on where it broke off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from notebook_http.client.client_timeout import ClientTimeout
from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.batches.fetch_all import client_of
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.downloads.checksum import Checksum, digest_of_file, parse_checksum
from notebook_http.notebook.downloads.downloaded import Download
from notebook_http.notebook.downloads.transfer import Transfer, refuse_existing
from notebook_http.notebook.live_output import LiveOutput, output_here
from notebook_http.notebook.pending_call import PendingCall
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.session import ClientSession
    from notebook_http.notebook.client import Client

__all__ = ["download"]

# As long as bytes come it may take what it takes; a minute of silence is a dead connection.
_TIMEOUT = ClientTimeout(total=None, sock_connect=30, sock_read=60)


def download(
    url: str | URL,
    path: str | os.PathLike[str] | None = None,
    *,
    resume: bool = True,
    checksum: str | None = None,
    progress: bool = True,
    overwrite: bool = False,
    client: Client | ClientSession | None = None,
    **options: Any,
) -> PendingCall[Download]:
    """Return what brings *url* into a file when awaited, for a `Download`.

    ```python
    file = await nh.download("https://example.org/data.csv", checksum="sha256:…")
    ```

    Bytes go to `NAME.part` beside the file, which takes its place when all are there. After Stop, a
    broken connection or a full disk the same call goes on from there with `Range` and `If-Range`
    (RFC 9110 §13.1.5, §14.2), if the server gave an entity tag or a date, and the file is still the
    same; else it begins anew. A connection that breaks is taken up by itself, until three times in
    a row bring nothing. Memory does not grow with the size.

    Args:
        url: what to fetch; redirects are followed.
        path: the file, or an existing folder (or a text that ends in `/`) to put it in under the
            name that the answer or the URL says, made safe; the current folder by default.
        resume: go on with what is there of it.
        checksum: `"sha256:…"` that the file has to have; also sha512, sha384, sha1, md5, blake2b.
            A file that is there with this checksum is not fetched again. One that came with another
            stays in `NAME.part`, and the next call begins anew.
        progress: show how far it is: in a notebook, and at a terminal.
        overwrite: replace a file that is there.
        client: the `Client` or `ClientSession` to send with; that of `nh.get` by default.
        options: as for `nh.get`; without `timeout=`, a minute of silence ends it, and nothing else.

    Raises:
        TypeError, ValueError: an argument cannot be.
        FileNotFoundError: when awaited, as all below: there is no such folder.
        FileExistsError: the file is there, and *overwrite* is off.
        StatusError, ClientError: the request failed.
        DownloadError: it broke off, or could not be written; the message says how to go on.
        ChecksumError: a DownloadError; the bytes have another checksum.
    """
    check_names("download", options, request_option_names())
    wanted = parse_checksum(checksum)
    sender = client_of(client)
    options.setdefault("timeout", _TIMEOUT)
    folder, target = _place(path)

    async def begin() -> Download:
        if not folder.is_dir():
            text = f"there is no folder {folder}: make it first, or give another path"
            raise FileNotFoundError(text)
        if target is not None and not overwrite:
            if wanted.digits and (found := await asyncio.to_thread(_found, target, wanted)):
                return found
            refuse_existing(target)
        transfer = Transfer(
            sender, url, options, target, folder, wanted, resume=resume, overwrite=overwrite
        )
        shown = LiveOutput(transfer.shown, output_here() if progress else None)
        began = perf_counter()
        shown.begin()
        try:
            digits = await transfer.run()
        finally:
            shown.end()
        file = transfer.part.target
        return Download(
            file, file.stat().st_size, perf_counter() - began, digits, transfer.resumed_from
        )

    words = visible(f"nh.download({mask_url(url)[:200]})")
    return PendingCall(begin, words, "nothing was downloaded", Download)


def _place(path: str | os.PathLike[str] | None) -> tuple[Path, Path | None]:
    """Return the folder, and the file if it is named."""
    if path is None:
        return Path.cwd(), None
    text = os.fspath(path)
    given = Path(text).expanduser()
    if text.endswith(("/", os.sep)) or given.is_dir():
        return given, None
    return given.parent, given


def _found(target: Path, wanted: Checksum) -> Download | None:
    """Return *target* as a download if it is a file with the checksum that is *wanted*."""
    if not target.is_file():
        return None
    if digest_of_file(target, wanted.algorithm).hexdigest() != wanted.digits:
        return None
    return Download(target, target.stat().st_size, 0.0, ":".join(wanted), 0)
