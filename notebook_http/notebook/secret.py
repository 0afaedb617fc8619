"""`nh.secret("NAME")`: a token or password that is sent as it is, and never shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import SupportsIndex

from notebook_http.notebook.dotenv import nearest_dotenv, read_dotenv
from notebook_http.notebook.masked_output import mask_output
from notebook_http.wire.registered_secrets import register_secret

__all__ = ["Secret", "SecretNotFoundError", "secret"]

_SHOWN = "***"
# By which our entries go in the system's keyring.
_KEYRING_SERVICE = "notebook-http"
# What was typed: a cell that runs again does not ask again.
_typed: dict[str, str] = {}


class SecretNotFoundError(LookupError):
    """A secret is nowhere to be had. The message says where it was looked for."""


class Secret(str):
    """A str whose repr is `***`: what a cell, a list, a dict or a traceback's values show of it.

    To programs it is its value, `str()` and f-strings included: `f"Bearer {token}"`, `params=`,
    `requests` and whatever else sends it depends on that. What a cell shows of *those* texts is
    masked on its way out of the kernel. In a script, `print(token)` prints it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_SHOWN)

    def __add__(self, other: str) -> Secret:
        return Secret(self.reveal() + other)

    def __radd__(self, other: str) -> Secret:
        return Secret(other + self.reveal())

    def __mul__(self, count: SupportsIndex) -> Secret:
        return Secret(self.reveal() * count)

    def reveal(self) -> str:
        """Return the value as a plain str, which shows itself."""
        return str(self)


def secret(name: str, *, prompt: str | bool | None = None) -> Secret:
    """Return the secret called *name*, which no cell, log, card, error or export shows.

    Looked for, in this order: the environment; the nearest `.env` file (in the working folder or
    above); the system's keyring, if `keyring` is installed (service `notebook-http`); a field
    below the cell to type it into, which asks once for each name. An empty value counts as none.

    ```python
    token = nh.secret("API_TOKEN")
    r = await nh.get(url, headers={"Authorization": f"Bearer {token}"})
    ```

    Its value is masked from then on wherever this package shows, logs or writes something, and in
    all that cells of this kernel show. Values of fewer than four characters are masked by the names
    they go by only: they would be found in any text.

    Args:
        name: of the variable; as a shell has it, such as `API_TOKEN`.
        prompt: what to ask with; False never asks. Default: asks with the name.

    Raises:
        SecretNotFoundError: it is nowhere, and nobody can be asked.
        DotenvError: the `.env` file is none; the message names the line.
        OSError: the `.env` file cannot be opened or read.
        ValueError: *name* is empty, or the value is too long (16 KiB).
    """
    if not name or "\0" in name or "=" in name:
        text = f"a secret goes by a name such as API_TOKEN, not {name!r}"
        raise ValueError(text)
    value = _found(name) or _typed.get(name)
    if not value:
        value = _typed[name] = _asked(name, prompt)
    if register_secret(value, name):
        mask_output()
    return Secret(value)


def _found(name: str) -> str | None:
    """Return what environment, file or keyring have by *name*."""
    if value := os.environ.get(name):
        return value
    path = nearest_dotenv(Path.cwd())
    if path is not None and (value := read_dotenv(path).get(name)):
        return value
    try:
        import keyring
    except ImportError:
        return None
    try:
        kept: str | None = keyring.get_password(_KEYRING_SERVICE, name)
    except Exception:  # a keyring without a desktop raises whatever its back end does
        return None
    return kept


def _asked(name: str, prompt: str | bool | None) -> str:
    if prompt is False:
        raise _nowhere(name, "prompt=False asks nobody")
    from getpass import GetPassWarning, getpass
    from warnings import catch_warnings, simplefilter

    text = prompt if isinstance(prompt, str) else f"{name}: "
    try:
        with catch_warnings():
            # Without a terminal it would show what is typed: no prompt at all, then.
            simplefilter("error", GetPassWarning)
            value = getpass(text)
    except Exception as error:
        why = "nobody can be asked here (the kernel has no way to, or there is no terminal)"
        if type(error).__name__ not in ("StdinNotImplementedError", "GetPassWarning", "EOFError"):
            raise
        raise _nowhere(name, why) from None
    if not value:
        raise _nowhere(name, "nothing was typed")
    return value


def _nowhere(name: str, why: str) -> SecretNotFoundError:
    path = nearest_dotenv(Path.cwd())
    file = f"not in {path}" if path is not None else f"no .env file in {Path.cwd()} or above"
    return SecretNotFoundError(
        f"The secret {name} is not in the environment, {file}, not in the keyring; and {why}. "
        f"Set the variable {name} before the kernel starts, or write {name}=… into .env."
    )
