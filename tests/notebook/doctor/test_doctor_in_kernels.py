"""`await nh.doctor()` in cells of a real kernel."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel


def line_of(text: str, subject: str) -> str:
    return next(line for line in text.splitlines() if line[2:].startswith(f"{subject}: "))


def test_before_and_after_the_extension_is_loaded(kernel):
    """The check of Stop must not stop the cell, and what it recommends must help."""
    kernel.run("import notebook_http as nh")
    before = kernel.run("await nh.doctor()")
    assert before.error_name == ""
    for subject in ("Stop button", "extension"):
        line = line_of(before.text, subject)
        assert line.startswith("✗")
        assert line.endswith("→ %load_ext notebook_http")
    kernel.run("%load_ext notebook_http")
    after = kernel.run("report = await nh.doctor()\nreport")
    assert after.error_name == after.stderr == ""
    for subject in ("Stop button", "extension", "ipykernel", "loopback", "localhost"):
        assert line_of(after.text, subject).startswith("✓")
    assert "<table" in after.values[-1]["text/html"]
    assert "Put <code>await</code> in front" in kernel.run("nh.doctor()").values[-1]["text/html"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "a Jupyter kernel on this machine"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}, "JupyterHub, below /user/ann/"),
        (
            {"BINDER_SERVICE_HOST": "10.0.0.1", "JUPYTERHUB_SERVICE_PREFIX": "/user/x/"},
            "Binder, below /user/x/",
        ),
        ({"VSCODE_PID": "1"}, "VS Code"),
        ({"COLAB_RELEASE_TAG": "release"}, "Google Colab"),
    ],
)
def test_the_front_end_is_guessed(kernel, variables, words):
    """From the variables that each sets."""
    kernel.run(
        "import os, notebook_http as nh\n"
        "for name in ('JUPYTERHUB_SERVICE_PREFIX', 'BINDER_SERVICE_HOST', 'BINDER_LAUNCH_HOST',\n"
        "             'VSCODE_PID', 'VSCODE_CWD', 'COLAB_RELEASE_TAG'):\n"
        "    os.environ.pop(name, None)\n"
        f"os.environ.update({variables!r})"
    )
    assert line_of(kernel.run("await nh.doctor()").text, "front end") == f"✓ front end: {words}"
