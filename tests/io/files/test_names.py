"""Names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitclr.errors import SettingsError
from hitclr.io.files import absolute_name, file_name, identity, is_remote


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.root", Path("/base/a.root")),
        ("/b/a.root", Path("/b/a.root")),
        ("~/a.root", Path.home() / "a.root"),
        ("file:///b/a%20%23#?.root", Path("/b/a ##?.root")),
        ("FILE://localhost/b/a.root", Path("/b/a.root")),
        ("HTTPS://Host/A.root", "https://Host/A.root"),
        ("root://host//a.root", "root://host//a.root"),
    ],
)
def test_what_a_name_means(name, expected):
    file = file_name(name, Path("/base"))
    assert file == expected
    assert is_remote(file) == isinstance(expected, str)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://Host:443/a", "HTTPS://host/a"),
        ("http://host:80/a#x", "http://host/a#y"),
        ("root://Me@HOST:1094//a", "root://Me@host//a"),
    ],
)
def test_two_names_of_one_file(first, second):
    assert identity(first) == identity(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://host/a", "https://host/A"),
        ("https://host:444/a", "https://host/a"),
        ("https://host/a?1", "https://host/a?2"),
        ("https://me@host/a", "https://Me@host/a"),
        ("root://host//a#1", "root://host//a#2"),
        ("http://host/a", "https://host/a"),
    ],
)
def test_names_of_two_files(first, second):
    assert identity(first) != identity(second)


def test_links(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("a")
    assert identity(tmp_path / "b") == identity(tmp_path / "a") == str(tmp_path.resolve() / "a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/*.root", "/base/a/*.root"),
        ("@a.txt", "@/base/a.txt"),
        ("@/b/a.txt", "@/b/a.txt"),
        ("~/a.root", str(Path.home() / "a.root")),
        ("./@a.root", "/base/@a.root"),
        ("HTTPS://host/a.root", "HTTPS://host/a.root"),
        ("file:///a.root", "file:///a.root"),
    ],
)
def test_names_that_hold_anywhere(name, expected):
    assert absolute_name(name, Path("/base")) == expected


def test_homes_that_nobody_has():
    with pytest.raises(SettingsError, match="~nobody-here"):
        file_name("~nobody-here/a.root", Path("/base"))
