from __future__ import annotations

from pathlib import Path

import pytest

from core.data.tables import peek_table, read_table, write_atomically, write_table
from core.errors import SkinKDError


@pytest.mark.parametrize(
    "content",
    [
        b"Image,Label\nx,nevus\ny,caf\xc3\xa9\n",
        b"\xef\xbb\xbfimage,label\r\nx,nevus\r\ny,caf\xc3\xa9\r\n",
        b"image;label\r\nx;nevus\r\n\r\ny;caf\xe9\r\n",
        "image\tlabel\nx\tnevus\ny\tcafé".encode("utf-16"),
        b'"image", "label"\n"x", "nevus"\n"y", "caf\xc3\xa9"\n;;\n'.replace(b"\n;;", b"\n,"),
    ],
    ids=["plain", "bom-crlf", "semicolon-cp1252", "utf16-tabs", "quotes"],
)
def test_tables_as_people_save_them(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    table = read_table(path)
    assert table.keys == ("image", "label")
    assert table.rows == (("x", "nevus"), ("y", "café"))


def test_short_rows_are_filled_and_long_ones_cut(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,c\n1\n1,2,3,4\n")
    assert read_table(path).rows == (("1", "", ""), ("1", "2", "3"))


def test_peeking_reads_whole_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,label\n" + "".join(f"image{index:06d},NV\n" for index in range(20_000)))
    peeked = peek_table(path)
    assert 0 < len(peeked.rows) < 20_000
    assert all(len(row[0]) == 11 and row[1] == "NV" for row in peeked.rows)


@pytest.mark.parametrize("content", [b"", b"\n \n", b" , \n,,\n"])
def test_what_is_no_table_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(SkinKDError, match=r"table\.csv should be a table"):
        read_table(path)


def test_written_tables_read_back(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = (("x, y", 'say "hi"'), ("ü", ""))
    write_table(path, ("image", "label"), rows)
    assert read_table(path).rows == rows
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "facts.json"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SkinKDError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["facts.json"]
