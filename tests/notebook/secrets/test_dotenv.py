"""`.env` files: what is read, and how what cannot be is told without telling the secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from notebook_http.notebook.dotenv import DotenvError, nearest_dotenv, read_dotenv


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=plain", "plain"),
        ("export A = spaced out  # a comment", "spaced out"),
        ("A=with#hash", "with#hash"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A='as it $stands \\n # so'", "as it $stands \\n # so"),
        ('A="two\\nlines \\"quoted\\" \\\\ end" # c', 'two\nlines "quoted" \\ end'),
        ('A="over\nlines"\nB=1', "over\nlines"),
        ("B=1\r\nA=crlf\r\nC=2\r\n", "crlf"),
        ("\ufeffA=behind a mark", "behind a mark"),
        ("# comment\n\nA=first\nA=last", "last"),
        ("A=pa$HOME`id`$(id)", "pa$HOME`id`$(id)"),
        ("A=a=b=c", "a=b=c"),
        ('B="b" # of "b"\nA=behind\nC=3', "behind"),
        ("B='b' # of 'b'\nA=behind\nC=3", "behind"),
        ('A="two\nlines" # here\nC=3', "two\nlines"),
    ],
    ids=range(16),
)
def test_values_are_read(tmp_path: Path, text: str, value: str) -> None:
    """Nothing is put in, and nothing is run."""
    path = tmp_path / ".env"
    path.write_bytes(text.encode())
    assert read_dotenv(path)["A"] == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"A=1\nhunter2 alone\n", "line 2: it is no NAME=value"),
        (b"A=1\n\nB='hunter2\n", "line 3: what ' opens does not end"),
        (b'B="hunter2" hunter2\n', 'line 1: what " opens'),
        (b"A=\xff\xfe", "is no UTF-8 (byte 2)"),
        (b"A=" + b"x" * 2_000_000, "larger than 1 MiB"),
    ],
    ids=["no field", "open quote", "text behind", "no utf-8", "large"],
)
def test_what_cannot_be_read_names_its_line(tmp_path: Path, text: bytes, says: str) -> None:
    """But not what stands in it."""
    path = tmp_path / ".env"
    path.write_bytes(text)
    with pytest.raises(DotenvError) as caught:
        read_dotenv(path)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    """In the folder itself, or above it."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".env").write_text("A=far")
    assert nearest_dotenv(tmp_path / "a" / "b") == tmp_path / ".env"
    (tmp_path / "a" / ".env").write_text("A=near")
    assert nearest_dotenv(tmp_path / "a" / "b") == tmp_path / "a" / ".env"
