"""Write a request as a curl command for bash."""

from __future__ import annotations

from notebook_http.notebook.interchange.bash_quoting import as_printf_format, quote_bash
from notebook_http.notebook.interchange.placeholders import in_bash, marked
from notebook_http.notebook.interchange.request_parts import MASKED_NOTE, RequestParts, masked

__all__ = ["curl_text"]

# Linux takes 128 KiB in one argument of a program; what `printf` gets is none, as it is bash's own.
_ARGUMENT_BYTES = 100_000
# What curl sends by itself.
_AUTOMATIC = ("User-Agent", "Accept")


def curl_text(parts: RequestParts, *, reveal: bool = False) -> str:
    """Return the curl command that sends *parts*, on several lines.

    Raises:
        UnwritableRequestError: the body is not known any more.
    """
    parts.check_whole()
    shown = parts if reveal else masked(marked(parts))
    body = shown.body
    words = [f"curl {in_bash(shown.url)}"]
    path = shown.url.partition("://")[2].partition("?")[0]
    if any(char in "[]{}" for char in shown.url):
        words.append("-g")
    if "/." in path:
        words.append("--path-as-is")
    if shown.method == "HEAD" and body is None:
        words.append("-I")
    elif shown.method != ("GET" if body is None else "POST"):
        words.append(f"-X {quote_bash(shown.method)}")
    for name, value in shown.given_headers:
        words.append(f"-H {in_bash(f'{name}: {value}' if value.strip() else f'{name};')}")
    words += [f"-H '{name}:'" for name in _AUTOMATIC if shown.header(name.lower()) is None]
    if shown.header("accept-encoding"):
        words.append("--compressed")
    lines = [] if shown == parts else [f"# {MASKED_NOTE}\n"]
    if body is not None:
        if shown.header("content-type") is None:
            words.append("-H 'Content-Type:'")
        if b"\0" in body or len(body) > _ARGUMENT_BYTES:
            # No word for a placeholder: secrets that stand there are masked.
            body = masked(parts).body or b"" if not reveal else body
            lines.append(f"printf {as_printf_format(body)} | ")
            words.append("--data-binary @-")
        else:
            words.append(f"--data-raw {in_bash(body.decode('utf-8', 'surrogateescape'))}")
    return "".join(lines) + " \\\n  ".join(words)
