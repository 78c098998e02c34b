"""The words in branch names, and what they usually mean.

``Evt/hits/hits.dom_id`` lies in the folder ``Evt/hits`` and its last part holds the words hits,
dom, id. Nothing here opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

__all__ = [
    "BOOKKEEPING",
    "CHARGES",
    "DIRECTION",
    "ENERGIES",
    "ERROR",
    "EVENTS",
    "EVENT_KEYS",
    "FITTED",
    "HIT",
    "HIT_IDS",
    "LABELS",
    "NO_EVENTS",
    "NO_POSITION",
    "POSITION",
    "RUNS",
    "TIMES",
    "TRACK",
    "TRIGGERS",
    "TRUE",
    "WEIGHTS",
    "Match",
    "folder",
    "has",
    "match",
    "split",
    "split_path",
    "triples",
    "unit_of",
]

BOOKKEEPING = ("fUniqueID", "fBits")
"""ROOT's own members of every object."""

# Patterns for one word in lower case.
HIT = re.compile(r"\w*hits?|pulses?|digis?|spacepoints?|deposits?|voxels?")
TRUE = re.compile(
    r"mc|mc(hits?|tr\w*|part\w*)|(sim|true)hits?|true|truth|gen|sim|prim\w*|part(icles?)?|nu|"
    r"neutrino|lepton|parent|origin"
)
TRACK = re.compile(r"trks?|tracks?|tr")
FITTED = re.compile(rf"{TRACK.pattern}|vtx|vert\w*|reco?|fit\w*|jets?|showers?")
ERROR = re.compile(r"err\w*|sigma|unc\w*|res\w*|cov\w*|pull|chi")
POSITION = re.compile(r"pos|positions?|coords?")
DIRECTION = re.compile(r"dirs?|directions?|orientation|normal|axis|pointing")
NO_POSITION = re.compile(
    rf"{DIRECTION.pattern}|p|d|v|u|n|c|e|b|mom\w*|vel\w*|cos|bins?|idx|index|id"
)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Words run together, the most telling first.
TIMES = _listed("t time hittime toa timestamp tdc")
CHARGES = _listed(
    "charge q npe pe photoelectrons adc tot edep energy e amplitude amp a signal photons nphotons "
    "pulseheight dedx de"
)
HIT_IDS = _listed(
    "domid dom channelid channel chid ch moduleid module pmtid pmt sensorid sensor stringid string "
    "lineid line layerid layer planeid plane stripid strip wireid wire cellid cell detid duid du "
    "tower floor board crate sector volumeid"
)
TRIGGERS = _listed("trig trigger triggered istriggered triggermask")
LABELS = _listed(
    "label class classid category target pdgid pdg pdgcode particletype type flavour flavor "
    "interaction issignal iscc pid"
)
RUNS = _listed("runid run runnumber runno runnr")
EVENTS = _listed("eventid event eventnumber eventno evtid evt evid evtnumber id")
EVENT_KEYS = {
    "run": RUNS,
    "subrun": _listed("subrunid subrun subrunnumber subrunno"),
    "file": _listed("fileid file fileindex filenumber fileno"),
    "spill": _listed("spillid spill spillnumber spillno burstid burst cycle"),
    "frame": _listed("frameid frame frameindex framenumber timeslice timesliceid lumiblock lumi"),
    "trigger": _listed("triggerid triggernumber triggerno triggercounter"),
    "event": (
        *(word for word in EVENTS if word != "id"),  # in a table of hits that is a hit's own
        *_listed("eventindex evtindex eventidx ievent ievt evtno ev eventcounter mcevent"),
    ),
}
"""What numbers the events of a table of hits, the coarse first."""
NO_EVENTS = frozenset({"run", "subrun", "file"})
"""Those of them that number no events by themselves."""
WEIGHTS = _listed("weight eventweight wgt")
ENERGIES = _listed("energy trueenergy e")

_UNITS = {
    unit.lower(): unit
    for unit in ("mm", "cm", "m", "km", "um", "ps", "ns", "us", "ms", "keV", "MeV", "GeV", "TeV")
}
_UNITS_BY_NAME = {
    "pe": "pe",
    "npe": "pe",
    "photoelectrons": "pe",
    "adc": "ADC counts",
    "tdc": "TDC counts",
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class Match(NamedTuple):
    """How a branch name matches some known words; the smaller, the better.

    Attributes:
        loose: other words stand before the known one (``raw_charge``).
        place: the place among the known words.
        name: the known word as it is written, in lower case with underscores.
    """

    loose: bool
    place: int
    name: str


def folder(name: str) -> str:
    """What stands before the last slash of a branch name."""
    return name.rpartition("/")[0]


def split(name: str) -> list[str]:
    """The words of a branch name after the last slash, in lower case.

    >>> split("Evt/hits/hits.dom_id"), split("HitPosX")
    (['hits', 'dom', 'id'], ['hit', 'pos', 'x'])
    """
    return [word.lower() for word in _WORD.findall(name.rpartition("/")[2])]


def split_path(name: str) -> list[str]:
    """The words of a whole branch name, those of its folder first.

    >>> split_path("Evt/mc_trks/mc_trks.E")
    ['evt', 'mc', 'trks', 'mc', 'trks', 'e']
    """
    return [word for part in name.split("/") for word in split(part)]


def has(pattern: re.Pattern[str], words: Iterable[str]) -> bool:
    """Tell whether a pattern fits one of the words."""
    return any(pattern.fullmatch(word) for word in words)


def match(name: str, known: Sequence[str], around: Sequence[str] = ()) -> Match | None:
    """How the end of a branch name matches one of the known words.

    Args:
        name: the branch.
        known: words run together, the most telling first.
        around: words that name the collection which the branch belongs to; they say nothing more,
            and neither do the words of its folder, nor hit, mc, true, trk, ...

    Returns:
        The longest match, or None. Names of one or two letters must stand alone: ``hits.t`` is a
        time, ``delta_t`` is not. Nor is anything that an error belongs to.

    >>> match("hits.tot", CHARGES), match("hit_charge_err", CHARGES)
    (Match(loose=False, place=6, name='tot'), None)
    """
    words = split(name)
    if has(ERROR, words):
        return None
    collection = {*around, *split_path(folder(name))}
    for own in (words, words[:-1] if words[-1:] and words[-1] in _UNITS else []):
        for start in range(len(own)):
            joined = "".join(own[start:])
            if joined in known:
                loose = any(
                    word not in collection and not any(has(p, [word]) for p in (HIT, TRUE, TRACK))
                    for word in own[:start]
                )
                if not (loose and len(joined) <= 2):
                    return Match(loose, known.index(joined), "_".join(own[start:]))
    return None


def unit_of(name: str) -> str:
    """The unit that a branch name says, or nothing.

    >>> unit_of("hit_x_mm"), unit_of("hit_npe"), unit_of("hit_x")
    ('mm', 'pe', '')
    """
    words = split(name)
    if len(words) > 1 and words[-1] in _UNITS:
        return _UNITS[words[-1]]
    return _UNITS_BY_NAME.get(words[-1], "") if words else ""


def triples(names: Sequence[str]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Names that differ just in an x, y or z after the last slash.

    Yields:
        The name without the axis, and the three names.

    >>> list(triples(["hit_x", "hit_y", "hit_z", "max"]))
    [('hit_ ', ('hit_x', 'hit_y', 'hit_z'))]
    """
    known = set(names)
    for name in names:
        for place in range(len(folder(name)), len(name)):
            axes = {"x": "xyz", "X": "XYZ"}.get(name[place], "")
            trio = [name[:place] + axis + name[place + 1 :] for axis in axes]
            if trio and known.issuperset(trio):
                yield f"{name[:place]} {name[place + 1 :]}", (trio[0], trio[1], trio[2])
