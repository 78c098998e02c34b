"""Names, globs, text files of names and URLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitclr.errors import InputError, SettingsError
from hitclr.io import BadInput, Reason, expand_files
from hitclr.io.files import open_root, read_branch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name in ("b.root", "a.root", "deep/c.root", "a.txt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.root"], ["a.root", "b.root"]),
        (["**/*.root"], ["a.root", "b.root", "deep/c.root"]),
        (["b.root", "*.root"], ["b.root", "a.root"]),
        (["dee?/[a-c].root"], ["deep/c.root"]),
        (["gone.root"], ["gone.root"]),
    ],
)
def test_globs(folder, patterns, expected):
    files = expand_files(patterns, base=folder, sample="s", bad_input=BadInput())
    assert [str(file.relative_to(folder)) for file in files] == expected
    absolute = [str(folder / pattern) for pattern in patterns]
    assert expand_files(absolute, base=Path("/"), sample="s", bad_input=BadInput()) == files


def test_a_glob_without_a_match(folder):
    with pytest.raises(InputError, match=r"sample 's'.*there are none"):
        expand_files(["*.rot"], base=folder, sample="s", bad_input=BadInput())
    bad = BadInput("skip")
    assert expand_files(["*.rot"], base=folder, sample="s", bad_input=bad) == ()
    assert bad.table()[0]["reason"] == "missing file"


def test_names_that_are_no_files(folder):
    for name in ("~nobody-here/a.root", "**.root"):
        with pytest.raises(SettingsError, match="sample 's'"):
            expand_files([name], base=folder, sample="s", bad_input=BadInput())


def test_one_file_under_two_names_is_read_once(folder):
    files = expand_files(
        ["a.root", "deep/../a.root"], base=folder, sample="s", bad_input=BadInput()
    )
    assert files == (folder / "a.root",)


ODD = ("two words.root", "a#b.root", "µ→e.root", "a[1].root", "a.root:b", "a?.root", "x::y.root")


@pytest.mark.parametrize("name", [*ODD, "@a.root", "http:a.root", "a%20b.root"])
def test_odd_names(tmp_path, toy_files, name):
    path = tmp_path / name
    path.write_bytes(toy_files["track"].read_bytes())
    asked = f"./{name}" if name.startswith("@") else name
    files = expand_files([asked], base=tmp_path, sample="s", bad_input=BadInput())
    assert files == (path,)
    with open_root(files[0]) as directory:
        assert len(read_branch(directory["events"], "run", path)) == 60
    assert expand_files([path.as_uri()], base=tmp_path, sample="s", bad_input=BadInput()) == files


def test_a_name_that_is_also_a_glob(tmp_path):
    for name in ("a[1].root", "a1.root"):
        (tmp_path / name).touch()
    files = expand_files(["a[1].root"], base=tmp_path, sample="s", bad_input=BadInput())
    assert files == (tmp_path / "a[1].root",)
    (tmp_path / "a[1].root").unlink()
    files = expand_files(["a[1].root"], base=tmp_path, sample="s", bad_input=BadInput())
    assert files == (tmp_path / "a1.root",)


def expand(name, folder, bad_input=None):
    return expand_files([name], base=folder, sample="s", bad_input=bad_input or BadInput())


def test_text_files_of_names(folder):
    names = folder / "deep" / "names.txt"
    lines = ("# all", "", "  c.root ", "../*.root", "https://host/a#b.root", f"{folder}/a.root")
    names.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    found = (folder / "deep/c.root", folder / "deep/../a.root", folder / "deep/../b.root")
    expected = (*found, "https://host/a#b.root")
    assert expand("@deep/names.txt", folder) == expected
    assert expand(f"@{names}", Path("/")) == expected
    assert expand_files(
        ["deep/c.root", "@deep/names.txt"], base=folder, sample="s", bad_input=BadInput()
    ) == (folder / "deep/c.root", *expected[1:])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("*.rot", r"sample 's', \S*names.txt line 2: .*there are none"),
        ("@other.txt", r"names.txt line 2: @other.txt: a text file of names cannot name another"),
        ("@names.txt", r"names.txt line 2: @names.txt: a text file of names cannot name another"),
        ("~nobody-here/a.root", "names.txt line 2: ~nobody-here"),
        ("https://host/*.root", "names.txt line 2: https://host/.*lists no files"),
    ],
)
def test_faults_in_text_files_of_names(folder, line, words):
    (folder / "names.txt").write_text(f"a.root\n{line}\n")
    with pytest.raises((InputError, SettingsError), match=words):
        expand("@names.txt", folder)


def test_text_files_that_cannot_be_read(folder):
    with pytest.raises(SettingsError, match=r"sample 's'.*gone.txt: No such file"):
        expand("@gone.txt", folder)
    (folder / "latin.txt").write_bytes("ä.root".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"latin.txt: 'utf-8' codec"):
        expand("@latin.txt", folder)
    with pytest.raises(SettingsError, match="sample 's': ~nobody-here"):
        expand("@~nobody-here/names.txt", folder)
    with pytest.raises(SettingsError, match="got a URL"):
        expand("@https://host/names.txt", folder)
    (folder / "names.txt").write_text("# nothing\n\n")
    with pytest.raises(InputError, match="the text file has none"):
        expand("@names.txt", folder)


def test_text_files_under_the_policy_skip(folder):
    (folder / "names.txt").write_text("*.rot\na.root\n*.rat\n")
    bad = BadInput("skip")
    assert expand("@names.txt", folder, bad) == (folder / "a.root",)
    assert bad.table()[0]["count"] == 2


def test_urls(folder):
    urls = (
        "https://host:1/a?b=*.root",
        "root://user@host//a.root?x=[1]",
        "https://[::1]/a.root",
        "https://[a",
    )
    assert expand_files(urls, base=folder, sample="s", bad_input=BadInput()) == urls
    twice = ["HTTPS://Host/a.root", "https://host:443/a.root#x", "https://host/b.root"]
    files = expand_files(twice, base=folder, sample="s", bad_input=BadInput())
    assert files == ("https://Host/a.root", "https://host/b.root")
    for name in ("https://host/a*.root", "http://host/[ab].root"):
        with pytest.raises(SettingsError, match=r"sample 's': .*lists no files"):
            expand(name, folder)
    with pytest.raises(SettingsError, match="the machine host"):
        expand("file://host/a.root", folder)


def test_globs_of_xrootd(fake_root, folder):
    for name in ("b.root", "a.root", "a.txt", "c/d.root", "e.root/f.txt"):
        fake_root.pipe(f"/host/store/{name}", b"x")
    store = "root://host//store"
    assert expand(f"{store}/*.root", folder) == (f"{store}/a.root", f"{store}/b.root")
    assert expand(f"{store}/**/[d]*.root", folder) == (f"{store}/c/d.root",)
    with pytest.raises(InputError, match=r"sample 's': .*there are none") as caught:
        expand(f"{store}/*.rot", folder)
    assert caught.value.reason == Reason.MISSING_FILE
    bad = BadInput("skip")
    assert expand("root://host//gone/*.root", folder, bad) == ()
    assert bad.table()[0]["reason"] == "missing file"


@pytest.mark.parametrize("folder_at_fault", ["/host/store", "/host/store/c"])
def test_a_folder_that_a_server_does_not_list(fake_root, folder, monkeypatch, folder_at_fault):
    for name in ("a.root", "c/d.root"):
        fake_root.pipe(f"/host/store/{name}", b"x")
    listed = fake_root.ls

    def ls(_, path, **options):
        if path.rstrip("/") == folder_at_fault:
            raise OSError("[FATAL] Connection error")
        return listed(path, **options)

    monkeypatch.setattr(type(fake_root), "ls", ls)
    with pytest.raises(InputError, match=r"sample 's': cannot list .*Connection error") as caught:
        expand("root://host//store/**/*.root", folder)
    assert caught.value.file == "root://host//store/**/*.root"


def test_an_empty_folder_that_is_listed_as_its_own_content(fake_root, folder, monkeypatch):
    fake_root.pipe("/host/store/a.root", b"x")
    fake_root.mkdir("/host/store/empty")
    listed = fake_root.ls

    def ls(_, path, **options):
        return listed(path, **options) or [{"name": f"{path}/", "size": 0, "type": "directory"}]

    monkeypatch.setattr(type(fake_root), "ls", ls)
    assert expand("root://host//store/**/*.root", folder) == ("root://host//store/a.root",)
