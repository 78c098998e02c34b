"""Opening files: damage of every kind is told as an error of hitclr's own."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples
from hitclr.io.files import rootfile


def flipped(path, target, positions, seed):
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for place in positions(random, len(data)):
        data[place] ^= int(random.integers(1, 256))
    target.write_bytes(bytes(data))
    return target


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_in_header_and_directory(toy_schema, toy_files, tmp_path, seed):
    """Flips in header and list of objects: an `InputError`, or the same events as before."""
    path = flipped(
        toy_files["track"],
        tmp_path / "flipped.root",
        lambda random, length: random.choice(
            np.r_[4:100, length - 600 : length], size=6, replace=False
        ),
        seed,
    )
    schema = load_schema(toy_schema)
    whole = read_samples(schema, [Sample("t", (toy_files["track"],))], BadInput())
    try:
        store = read_samples(schema, [Sample("t", (path,))], BadInput())
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert len(store) == len(whole)
        assert bool((store.hits["pos"] == whole.hits["pos"]).all())


def test_objects_that_are_no_numbers(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["histogram"] = np.histogram([1.0, 2.0])
        file.mktree("t", {"n": np.int32})
        file["t"].extend({"n": np.arange(3, dtype=np.int32)})
    with rootfile.open_root(path) as directory:
        assert rootfile.tree_names(directory) == ["t"]
        with pytest.raises(InputError, match="none of that name") as caught:
            rootfile.find_tree(directory, "histogram", path)
        assert caught.value.reason == Reason.MISSING_TREE


def test_a_branch_that_uproot_cannot_turn_into_an_array(toy_files, monkeypatch):
    with rootfile.open_root(toy_files["track"]) as directory:
        tree = rootfile.find_tree(directory, "events", toy_files["track"])

        def refuse(*_, **__):
            raise uproot.interpretation.objects.CannotBeAwkward("a pointer")

        monkeypatch.setattr(type(tree["run"]), "array", refuse)
        with pytest.raises(InputError, match="which uproot cannot turn into an array") as caught:
            rootfile.read_branch(tree, "run", toy_files["track"])
        assert caught.value.reason == Reason.WRONG_TYPE


def test_a_length_that_the_header_does_not_confirm(tmp_path, toy_files):
    path = tmp_path / "cut.root"
    path.write_bytes(toy_files["track"].read_bytes()[:-1])
    with (
        pytest.raises(InputError, match=r"damaged or cut short: its header says \d+ bytes"),
        rootfile.open_root(path),
    ):
        pass
