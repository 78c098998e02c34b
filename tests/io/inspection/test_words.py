"""Words in branch names."""

from __future__ import annotations

import pytest

from hitclr.io.inspection import words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Evt/mc_hits/mc_hits.dom_id", ["mc", "hits", "dom", "id"]),
        ("HitPosX", ["hit", "pos", "x"]),
        ("nPE", ["n", "pe"]),
        ("ADCSum2", ["adc", "sum", "2"]),
        ("", []),
    ],
)
def test_split(name, expected):
    assert words.split(name) == expected


def test_split_path_has_the_folders():
    assert words.split_path("Evt/mc_trks/mc_trks.E") == ["evt", "mc", "trks", "mc", "trks", "e"]


@pytest.mark.parametrize(
    ("name", "known", "around", "expected"),
    [
        ("Evt/hits/hits.t", words.TIMES, (), (False, "t")),
        ("hit_time_ns", words.TIMES, (), (False, "hit_time")),
        ("calibrated_time", words.TIMES, (), (True, "time")),
        ("delta_t", words.TIMES, (), None),
        ("hits.t_err", words.TIMES, (), None),
        ("hit_sigma_charge", words.CHARGES, (), None),
        ("hits.trig", words.TIMES, (), None),
        ("hits.ToT", words.CHARGES, (), (False, "to_t")),
        ("pmt_q", words.CHARGES, ("pmt", "x"), (False, "q")),
        ("pmt_q", words.CHARGES, (), None),
        ("pulses/charge", words.CHARGES, (), (False, "charge")),
        ("wire_q", words.CHARGES, ("wire", "x"), (False, "q")),
        ("hits.dom_id", words.HIT_IDS, (), (False, "dom_id")),
        ("pmt_id", words.HIT_IDS, (), (False, "pmt_id")),
        ("hits.id", words.HIT_IDS, (), None),
        ("truth_pdg", words.LABELS, (), (False, "pdg")),
        ("trigger_type", words.LABELS, (), (True, "type")),
        ("Evt/run_id", words.RUNS, (), (False, "run_id")),
        ("det_id", words.EVENTS, (), None),
    ],
)
def test_match(name, known, around, expected):
    found = words.match(name, known, around)
    assert (found and (found.loose, found.name)) == expected


def test_matches_are_ordered_by_how_telling_they_are():
    names = ["raw_charge", "hit_adc", "hit_q", "hit_charge"]
    ranked = sorted(names, key=lambda name: words.match(name, words.CHARGES))
    assert ranked == ["hit_charge", "hit_q", "hit_adc", "raw_charge"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("hit_x_mm", "mm"),
        ("hits.t_NS", "ns"),
        ("e_gev", "GeV"),
        ("hits.npe", "pe"),
        ("adc", "ADC counts"),
        ("hits.x", ""),
        ("m", ""),
        ("", ""),
    ],
)
def test_unit(name, unit):
    assert words.unit_of(name) == unit


def test_triples_differ_in_the_axis_of_the_last_part():
    names = ["box/x.px", "box/x.py", "box/x.pz", "max", "mass_x", "mass_y", "X", "Y", "Z"]
    assert list(words.triples(names)) == [
        ("box/x.p ", ("box/x.px", "box/x.py", "box/x.pz")),
        (" ", ("X", "Y", "Z")),
    ]


@pytest.mark.parametrize("word", ["hit", "hits", "rechits", "digi", "pulses"])
def test_hit_words(word):
    assert words.has(words.HIT, [word])


@pytest.mark.parametrize("word", ["white", "mc", "trk", "hitchhiker"])
def test_other_words(word):
    assert not words.has(words.HIT, [word])
