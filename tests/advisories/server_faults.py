"""More lines of the server that somebody might change by mistake, and the test that notices."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One line of *file*, changed; *test* must fail then."""

    test: str
    file: str
    right: str
    wrong: str


SERVER_FAULTS = (
    Fault(  # trailers without end
        "server/test_bodies_of_requests.py::"
        "test_cve_2026_22815_trailers_have_the_limits_of_headers[read_whole-200]",
        "wire/http1_request.py",
        "                self._fields = []\n                self._guard(trailers)\n",
        "                self._fields = []\n",
    ),
    Fault(  # heads without end
        "server/test_heads_of_requests.py::test_promise_floods_of_heads_hold_memory_flat",
        "wire/http1_request.py",
        "            self._guard(self._fields)\n",
        "",
    ),
    Fault(  # heads wait without end
        "server/test_heads_of_requests.py::test_promise_heads_that_trickle_in_are_few",
        "web/waiting_connection.py",
        "            self.settings.unfinished_heads.add(self, self._parser.unfinished_bytes)\n"
        "            seconds",
        "            seconds",
    ),
    Fault(  # few heads wait that are large together
        "server/test_heads_of_requests.py::test_promise_heads_that_trickle_in_are_small_together",
        "web/waiting_connection.py",
        "            self.settings.unfinished_heads.grow(self, self._parser.unfinished_bytes)\n",
        "",
    ),
    Fault(  # a field without end, in many reads
        "server/test_heads_of_requests.py::test_cve_2026_54277_limits_hold_over_reads",
        "wire/http1_request.py",
        "        elif self._dry_bytes > limits.max_field_size:\n",
        "        elif self._dry_bytes < 0:\n",
    ),
    Fault(  # parts without end
        "server/test_forms.py::test_cve_2026_54283_fields_are_counted"
        "[multipart/form-data; boundary=B-1001-413]",
        "wire/multipart_reader.py",
        "if self._parts > self._limits.max_fields:",
        "if self._parts < 0:",
    ),
    Fault(  # sizes of parts are not summed
        "server/test_forms.py::test_cve_2025_69228_sizes_of_fields_are_summed",
        "web/form.py",
        "            received += len(data)\n",
        "            received = len(data) // 100\n",
    ),
    Fault(  # half a form's files stay
        "server/test_neighbours_forms.py::"
        "test_promise_temporary_files_of_half_an_upload_vanish[too large]",
        "web/form.py",
        "        collector.close()\n        raise\n",
        "        raise\n",
    ),
    Fault(  # each fragment is small
        "server/test_websockets.py::test_promise_fragments_are_summed",
        "wire/websocket_assembly.py",
        "        size += len(self._begun)\n",
        "",
    ),
    Fault(  # empty fragments without end
        "server/test_websockets.py::test_pr_13350_fragments_are_counted",
        "wire/websocket_assembly.py",
        "            self._empty_fragments += 1\n",
        "            pass\n",
    ),
    Fault(  # messages are unpacked whole, and judged then
        "server/test_websockets.py::test_cve_2018_1000518_inflation_is_bounded",
        "wire/websocket_deflate.py",
        "decompressor.decompress(left, most + 1 - size if most else 0)",
        "decompressor.decompress(left)",
    ),
    Fault(  # `notupgrade` holds `upgrade`
        "server/test_websockets.py::test_pr_12723_connection_is_a_list_of_tokens[notupgrade]",
        "wire/http1_request.py",
        'head.upgrade = has_token(noted.get(b"connection", b""), b"upgrade")',
        'head.upgrade = b"upgrade" in noted.get(b"connection", b"").lower()',
    ),
    Fault(  # links lead out
        "server/test_static_files.py::"
        "test_cve_2025_69226_there_is_one_answer_for_everything_outside",
        "web/files/folder.py",
        "inside = real == self._root or real.startswith(self._within)",
        "inside = True",
    ),
    Fault(  # HTTP/1.1 without a host
        "server/test_smuggling_heads.py::test_promise_no_head_is_read_in_two_ways[no Host]",
        "wire/http1_request.py",
        "            if version is not HttpVersion10:\n",
        "            if False:\n",
    ),
    Fault(  # versions of the future are bad requests
        "server/test_bad_input.py::test_promise_each_status_of_bad_input_is_given[505-20]",
        "wire/parser_error.py",
        'unserved.version not in ("1.0", "1.1")',
        'unserved.version == "2.0"',
    ),
    Fault(  # more behind the padding of base64 is read, too
        "server/test_neighbours_forms.py::test_promise_a_broken_encoding_of_a_form_is_400",
        "wire/transfer_encoding.py",
        "        if self._ended and data:\n",
        "        if False:\n",
    ),
    Fault(  # passwords are compared letter by letter
        "server/test_neighbours_answers.py::"
        "test_cve_2021_33880_secrets_are_compared_in_constant_time[Basic]",
        "web/middlewares/authentication.py",
        "same = hmac.compare_digest(self._digest(password), expected or bytes(32))",
        "same = self._digest(password) == expected",
    ),
    Fault(  # an event's name brings lines of its own
        "server/test_what_leaves.py::test_promise_no_line_of_an_event_stream_is_forged",
        "wire/event_stream.py",
        r'if "\n" in value or "\r" in value or "\0" in value:',
        r'if "\n" in value or "\0" in value:',
    ),
    Fault(  # boundaries can be foretold
        "server/test_what_leaves.py::test_promise_boundaries_of_answers_are_random",
        "wire/multipart_writer.py",
        "return os.urandom(16).hex()",
        'return "0" * 32',
    ),
    Fault(  # what is packed is packed again
        "server/test_what_leaves.py::test_promise_no_coding_of_an_answer_is_applied_twice[stream]",
        "web/stream_response.py",
        'if self._compression is False or "Content-Encoding" in fields:',
        "if self._compression is False:",
    ),
)
