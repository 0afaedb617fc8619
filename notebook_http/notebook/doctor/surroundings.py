"""Check who shows the notebook, what is loaded, and what the environment says."""

from __future__ import annotations

import os
import sys
from importlib import metadata

from notebook_http.notebook.cassettes.passing import is_offline, is_watching
from notebook_http.notebook.doctor.check import Finding, bad, fine, neither
from notebook_http.notebook.environment import running_kernel
from notebook_http.notebook.extension import is_extension_loaded
from notebook_http.notebook.shell import running_shell

__all__ = ["extension", "front_end", "offline", "server_proxy"]

_HUB_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"


async def extension() -> Finding:
    """Tell whether `%load_ext notebook_http` was run."""
    shell = running_shell()
    if shell is None:
        return neither("no IPython: there is nothing to load it into")
    if is_extension_loaded(shell):
        return fine("loaded")
    return bad("not loaded: no %%http, no short errors, a slow Stop", "%load_ext notebook_http")


async def front_end() -> Finding:
    """Guess what shows the cells, from the environment and what is imported already."""
    shell = running_shell()
    if shell is None:
        return neither("a script, or Python's own prompt")
    if running_kernel() is None:
        return fine("IPython in a terminal")
    if "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ:
        return fine("Google Colab")
    if "__vsc_ipynb_file__" in shell.user_ns or {"VSCODE_PID", "VSCODE_CWD"} & os.environ.keys():
        return fine("VS Code")
    prefix = os.environ.get(_HUB_PREFIX)
    if "BINDER_SERVICE_HOST" in os.environ or "BINDER_LAUNCH_HOST" in os.environ:
        return fine(f"Binder, below {prefix}" if prefix else "Binder")
    if prefix:
        return fine(f"JupyterHub, below {prefix}")
    return fine("a Jupyter kernel on this machine")


async def server_proxy() -> Finding:
    """Judge whether a browser can reach servers of cells where a hub stands between."""
    prefix = os.environ.get(_HUB_PREFIX)
    if not prefix:
        return neither(f"not needed: {_HUB_PREFIX} is not set")
    try:
        version = metadata.version("jupyter-server-proxy")
    except metadata.PackageNotFoundError:
        return bad(
            "not in the kernel's environment: the browser may not reach servers of cells",
            "%pip install jupyter-server-proxy where Jupyter runs, then restart it",
        )
    return fine(f"{version}: servers of cells are at {prefix}proxy/PORT/")


async def offline() -> Finding:
    """Tell whether the switch is set that keeps requests from the network."""
    if is_offline() and not is_watching():
        return bad(
            "set after notebook_http was imported: requests still go to the network",
            "restart the kernel, then %env NOTEBOOK_HTTP_OFFLINE=1 in its first cell",
        )
    if is_offline():
        return neither("set: only this machine is reached", "%env NOTEBOOK_HTTP_OFFLINE=0")
    return fine("not set: requests go to the network")
