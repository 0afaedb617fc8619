"""Make one DataFrame of a JSON body and say what it cost: `frame_under_test.py LIBRARY FILE`.

Prints CPU seconds and the bytes by which the process's memory peaked above what it held before. The
library is imported, and has made a small frame, before the clock starts: importing pandas is
neither's merit.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import resident_memory

SMALL = b'[{"a": {"b": 1}, "c": "x", "at": "2024-01-01T00:00:00Z"}]'


def ours(body: bytes) -> Any:
    """Return the frame that `Reply.df()` makes."""
    from notebook_http.notebook.frames import frame_from_reply_parts

    return frame_from_reply_parts(body, "application/json")


def pandas_alone(body: bytes) -> Any:
    """Return the frame that people make by hand."""
    import pandas

    return pandas.json_normalize(json.loads(body))


LIBRARIES = {"notebook_http": ours, "json.loads + json_normalize": pandas_alone}


def main() -> None:
    """Measure once; the row and column counts let the caller see that both made the same table."""
    make = LIBRARIES[sys.argv[1]]
    body = Path(sys.argv[2]).read_bytes()
    make(SMALL)
    before = 0
    if resident_memory.measurable():
        resident_memory.forget_peak()
        before = resident_memory.resident_bytes()
    started = time.process_time()
    frame = make(body)
    seconds = time.process_time() - started
    peak = resident_memory.peak_bytes() - before if resident_memory.measurable() else None
    print(json.dumps({"seconds": seconds, "peak_bytes": peak, "shape": list(frame.shape)}))


if __name__ == "__main__":
    main()
