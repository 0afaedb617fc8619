"""What an import brings along: what it loads, not its time (that is `make bench`)."""

from __future__ import annotations

import json
import subprocess
import sys

# Each costs more than the whole core; a kernel loads what it needs of them by itself.
HEAVY_IN_A_NOTEBOOK = {"pandas", "numpy", "pyarrow", "ipywidgets", "anywidget", "matplotlib"}
KERNEL_PARTS = {"IPython", "ipykernel", "traitlets", "jupyter_client", "tornado"}
# Standard library modules that cost milliseconds and that only a few requests ever need.
SLOW_TO_IMPORT = {"email.message", "http.cookiejar", "mimetypes", "uuid", "urllib.request", "cgi"}

LIST_MODULES = "import sys, json; {}; print(json.dumps(sorted(sys.modules)))"
LOAD_EXTENSION = """
import sys, json
import ipykernel.zmqshell
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "notebook_http")
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_after(code: str) -> set[str]:
    """Run *code* in a fresh interpreter that prints a JSON list of module names."""
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return set(json.loads(finished.stdout.splitlines()[-1]))


def loaded(modules: set[str], unwanted: set[str]) -> set[str]:
    """Return which of *unwanted* (or their submodules) are among *modules*."""
    return {
        name
        for name in unwanted
        if any(module == name or module.startswith(f"{name}.") for module in modules)
    }


def test_package_alone_loads_almost_nothing() -> None:
    """`import notebook_http` only names things; each part is loaded when it is first touched."""
    modules = modules_after(LIST_MODULES.format("import notebook_http"))
    assert loaded(modules, HEAVY_IN_A_NOTEBOOK | KERNEL_PARTS | SLOW_TO_IMPORT) == set()
    assert "asyncio" not in modules
    assert "notebook_http.client" not in modules
    assert "notebook_http.web" not in modules


def test_client_does_not_load_the_server() -> None:
    """Nor the other way round: they are two programs that share their lower layers."""
    modules = modules_after(LIST_MODULES.format("import notebook_http as nh; nh.ClientSession"))
    assert loaded(modules, {"notebook_http.web", "notebook_http.notebook"}) == set()
    modules = modules_after(
        LIST_MODULES.format("import notebook_http.web as web; web.Application, web.Response")
    )
    assert loaded(modules, {"notebook_http.client", "notebook_http.notebook"}) == set()


def test_core_loads_no_notebook_parts_and_nothing_slow() -> None:
    """A server in production pays for no kernel, no frames and no rarely needed modules."""
    touch = "import notebook_http as nh; nh.ClientSession, nh.web.Application, nh.web.run_app"
    modules = modules_after(LIST_MODULES.format(touch))
    unwanted = HEAVY_IN_A_NOTEBOOK | KERNEL_PARTS | SLOW_TO_IMPORT
    assert loaded(modules, unwanted) == set()
    assert loaded(modules, {"aiohttp", "httpx", "requests", "uvicorn"}) == set()


def test_extension_loads_nothing_heavy() -> None:
    """`%load_ext notebook_http` must be over before anybody notices it."""
    modules = modules_after(LOAD_EXTENSION)
    assert loaded(modules, HEAVY_IN_A_NOTEBOOK) == set()
    assert "notebook_http.notebook.extension" in modules
