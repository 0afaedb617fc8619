"""The tests of advisories can fail: each of these does, on a package that is broken on purpose.

A copy of the package, one line of it changed as somebody might by mistake, and one test, in an
interpreter of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import notebook_http
from tests.advisories.server_faults import SERVER_FAULTS, Fault

pytestmark = pytest.mark.advisory

ROOT = Path(__file__).parents[2]
PACKAGE = Path(notebook_http.__file__).parent


FAULTS = (
    Fault(  # control bytes of the caller leave
        "client/test_advisories_requests_out.py::"
        "test_cve_2019_11236_no_control_byte_leaves_in_a_header",
        "wire/head_writer.py",
        r'_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")',
        r'_CONTROL = re.compile(r"[\x00]")',
    ),
    Fault(  # so do methods that are none
        "client/test_advisories_requests_out.py::test_cve_2023_49082_a_method_is_a_token",
        "client/request.py",
        "self.method = method if method in hdrs.METH_ALL else check_method(method)",
        "self.method = method",
    ),
    Fault(  # two ends of one body leave
        "client/test_advisories_requests_out.py::"
        "test_cve_2026_84380_a_length_beside_chunks_never_leaves",
        "client/request.py",
        "if (chunked or self.compress) and given_length is not None:",
        "if self.compress and given_length is not None:",
    ),
    Fault(  # cookies follow a redirect
        "client/test_advisories_redirects.py::"
        "test_cve_2026_34518_credentials_stay_with_their_origin",
        "client/redirects.py",
        "_CREDENTIALS = (hdrs.AUTHORIZATION, hdrs.COOKIE, hdrs.PROXY_AUTHORIZATION)",
        "_CREDENTIALS = (hdrs.AUTHORIZATION, hdrs.PROXY_AUTHORIZATION)",
    ),
    Fault(  # only the first copy of a header is left out
        "client/test_advisories_redirects.py::test_pr_13180_every_copy_stays",
        "client/redirects.py",
        "kept.popall(name, None)",
        "kept.popone(name, None)",
    ),
    Fault(  # another name's connection is used
        "client/test_advisories_pools_and_caches.py::"
        "test_cve_2026_54275_two_names_are_two_handshakes",
        "client/origin.py",
        "return ConnectionKey(host, port, True, tls, server_hostname, proxy)",
        "return ConnectionKey(host, port, True, tls, None, proxy)",
    ),
    Fault(  # a proxy's certificate is not looked at
        "client/test_advisories_proxies.py::test_cve_2021_28363_a_proxy_over_tls_is_verified",
        "client/tcp_connector.py",
        "proxy_tls = True if pinned else tls",
        "proxy_tls = False",
    ),
    Fault(  # a foreign challenge is answered
        "client/test_advisories_auth_proxies_events.py::"
        "test_cve_2026_54276_a_foreign_challenge_is_not_answered",
        "client/digest_auth.py",
        "elif origin != self._home and not self._covers(request.url):",
        "elif not origin:",
    ),
    Fault(  # names are remembered without end
        "client/test_advisories_pools_and_caches.py::test_cve_2026_34513_the_dns_cache_is_bounded",
        "transport/resolver.py",
        "while len(self._answers) >= self._max_names:",
        "while len(self._answers) < 0:",
    ),
    Fault(  # a saved jar is for everybody to read
        "client/test_advisories_cookies_in.py::"
        "test_cve_2026_54279_host_only_survives_the_file_and_nobody_else_reads_it",
        "client/cookie_file.py",
        "0o600)",
        "0o644)",
    ),
    Fault(  # half a body is a whole one
        "client/test_advisories_chunks_and_ends.py::test_promise_a_short_body_is_an_error",
        "wire/http1_response.py",
        """        if head.content_length is not None:
            raise ContentLengthError(""",
        """        if head.content_length is None and head.chunked:
            raise ContentLengthError(""",
    ),
    Fault(  # the next request gets what nobody asked for
        "client/test_advisories_chunks_and_ends.py::"
        "test_promise_unsolicited_line_breaks_are_noticed",
        "client/connection.py",
        "            and not excess\n",
        "",
    ),
    Fault(  # gzip members without end
        "client/test_advisories_codings.py::test_pr_13362_thousands_of_gzip_members_are_refused",
        "wire/content_coding.py",
        "self._members += 1\n",
        "pass\n",
    ),
    Fault(  # a server makes us say what we say to ourselves
        "client/test_advisories_websocket_frames.py::"
        "test_promise_close_codes_are_those_of_the_wire",
        "wire/websocket_assembly.py",
        "if not may_be_sent(code):",
        "if not code:",
    ),
    Fault(  # a bit that nobody agreed upon
        "client/test_advisories_websocket.py::"
        "test_cve_2026_59881_compression_that_nobody_agreed_upon",
        "wire/websocket_frame.py",
        "(first & _RSV1 and not self._may_compress)",
        "False",
    ),
    Fault(  # masks that can be foretold
        "client/test_advisories_websocket_frames.py::test_promise_masks_are_random",
        "wire/websocket_mask.py",
        "os.urandom(4 * _KEYS_AT_ONCE)",
        "bytes(4 * _KEYS_AT_ONCE)",
    ),
    Fault(  # a part is counted when it is there
        "client/test_advisories_multipart_in.py::"
        "test_cve_2026_34517_a_part_is_counted_while_it_is_read",
        "transport/body_part_reader.py",
        "            if self._buffer.size > self._max_size:\n",
        "            if self._content.ended and self._buffer.size > self._max_size:\n",
    ),
    Fault(  # multiparts in multiparts without end
        "client/test_advisories_multipart_in.py::test_promise_nesting_has_a_depth",
        "transport/part_source.py",
        "_MAX_DEPTH = 8",
        "_MAX_DEPTH = 10**9",
    ),
    Fault(  # the same as the first, seen by the property of all arguments
        "../client/properties/test_any_argument.py::test_no_break_leaves_in_a_head",
        "wire/head_writer.py",
        r'_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")',
        r'_CONTROL = re.compile(r"[\x00]")',
    ),
    Fault(  # a host is named twice, and the proxy before us took the other one
        "server/test_heads_of_requests.py::test_cve_2026_34525_there_is_one_host",
        "wire/framing_fields.py",
        "if lower in _SINGLETONS:",
        'if lower in _SINGLETONS and lower != b"host":',
    ),
    Fault(  # what only looks like a host is glued to the target
        "server/test_heads_of_requests.py::test_cve_2026_48710_a_host_is_a_host",
        "wire/http1_request.py",
        "if not is_host(stripped):",
        "if not stripped.isascii():",
    ),
    Fault(  # "contains chunked" is enough
        "server/test_smuggling_bodies.py::test_promise_no_head_frames_a_body_in_two_ways",
        "wire/request_head.py",
        r"""if value.strip(b" \t").lower() != b"chunked":""",
        """if b"chunked" not in value.lower():""",
    ),
    Fault(  # chunks in HTTP/1.0, which a proxy passes on as they are
        "server/test_smuggling_bodies.py::test_promise_no_head_frames_a_body_in_two_ways",
        "wire/request_head.py",
        "if version < HttpVersion11:",
        "if False:",
    ),
    Fault(  # a body behind a declined upgrade is the next request
        "server/test_bodies_of_requests.py::"
        "test_cve_2026_69243_the_body_of_a_declined_upgrade_is_a_body",
        "wire/http1_request.py",
        "self._upgrading = head.has_body and parser.should_upgrade()",
        "self._upgrading = False",
    ),
    Fault(  # requests wait without end
        "server/test_bodies_of_requests.py::test_cve_2026_54273_pipelined_requests_are_bounded",
        "web/incoming.py",
        "            if len(self.waiting) >= self.settings.max_pipelined:\n",
        "            if False:\n",
    ),
    Fault(  # a body is much larger once it is unpacked
        "server/test_bodies_of_requests.py::test_cve_2025_69223_decoded_bytes_are_counted[gzip]",
        "transport/stream_reader.py",
        "if max_size is not None and size > max_size:",
        "if max_size is not None and size > max_size * (1 if self._decoder is None else 50):",
    ),
    Fault(  # the status line takes what the handler was given
        "server/test_answers_and_logs.py::test_cve_2026_34519_a_reason_is_checked_when_it_is_set",
        "wire/head_writer.py",
        "if _CONTROL.search(reason) is not None:",
        r'if "\0" in reason:',
    ),
    Fault(  # clients write to the terminal of who reads the log
        "server/test_answers_and_logs.py::test_cve_2020_7694_no_client_writes_lines_of_its_own",
        "web/access_log.py",
        r"""return re.sub(_UNSAFE, lambda match: f"\\x{ord(match[0]):02x}", text)""",
        "return text",
    ),
    Fault(  # two ends of one answer leave
        "server/test_answers_and_logs.py::test_promise_no_length_beside_chunks_leaves",
        "web/response_head.py",
        "        if given is not None:\n            raise RuntimeError(",
        '        if given == "0":\n            raise RuntimeError(',
    ),
    Fault(  # folders are compared by their first letters
        "server/test_static_files.py::"
        "test_cve_2023_29159_a_sibling_with_the_same_beginning_is_outside",
        "web/files/folder.py",
        "inside = real == self._root or real.startswith(self._within)",
        "inside = real.startswith(self._root)",
    ),
    Fault(  # names lead up where links may
        "server/test_static_files.py::test_cve_2024_23334_no_spelling_leads_out[True]",
        "web/files/folder.py",
        """        if segment == "..":\n""",
        """        if segment == ".." and segments:\n""",
    ),
    Fault(  # names of files are read as HTML
        "server/test_static_files.py::test_cve_2024_27306_names_are_escaped_on_the_index_page",
        "web/files/index_page.py",
        "{escape(text)}</a>",
        "{text}</a>",
    ),
    Fault(  # frames that a proxy could take for requests
        "server/test_websockets.py::test_promise_frames_of_clients_are_masked",
        "wire/websocket_frame.py",
        "if (second >= _MASKED) is not self._masked:",
        "if second >= _MASKED and not self._masked:",
    ),
    *SERVER_FAULTS,
)


def copy_of_package(folder: Path) -> Path:
    """Return a copy of the package in *folder*."""
    copied = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package in *folder*, and no other."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)  # what is asked of pytest below is read in its words
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=ROOT, env=environment, check=False
    )


def run_tests(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run *tests*, up to the first that fails."""
    nodes = [str(Path(__file__).parent / test) for test in tests]
    return run(folder, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *nodes)


def test_they_pass_on_a_copy_that_is_whole(tmp_path: Path) -> None:
    """So that below it is the fault which makes them fail, and not that it is a copy."""
    copied = copy_of_package(tmp_path)
    where = run(tmp_path, "-c", "import notebook_http; print(notebook_http.__file__)")
    assert Path(where.stdout.strip()) == copied / "__init__.py", where.stderr
    ran = run_tests(tmp_path, *(fault.test for fault in FAULTS))
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.test.partition("::")[2] for fault in FAULTS])
def test_the_test_fails_on_a_broken_build(fault: Fault, tmp_path: Path) -> None:
    """One line is changed, and the test of the advisory says so."""
    file = copy_of_package(tmp_path) / fault.file
    source = file.read_text()
    assert source.count(fault.right) == 1, f"{fault.file} has changed: break it in another way"
    file.write_text(source.replace(fault.right, fault.wrong))
    ran = run_tests(tmp_path, fault.test)
    assert ran.returncode == 1, ran.stdout[-3000:] + ran.stderr[-1000:]
    assert "\n1 failed" in ran.stdout  # it ran and judged
    assert "ImportError" not in ran.stdout
