"""How the tree ``E`` of KM3NeT's offline files becomes events.

The branches are the members of KM3NeT's ``Evt``, ``Hit`` and ``Trk`` classes
(https://git.km3net.de/common/km3net-dataformat, folder ``offline``).
"""

from __future__ import annotations

from hitclr.io import Column, Feature, HitSelection, LabelRule, Positions, Schema

__all__ = [
    "MC_LABEL",
    "MC_LABEL_MUON",
    "OFFLINE",
    "OFFLINE_MC",
    "OFFLINE_MC_MUON",
    "OFFLINE_SNAPSHOT",
]

_HITS = "Evt/hits/hits."
_TRACKS = "Evt/mc_trks/mc_trks."

_W2LIST_GSEAGEN_CC = 10
"""Where gSeaGen writes the interaction type: `W2LIST_GSEAGEN_CC` in km3net-dataformat's
``definitions/w2list_gseagen.csv``, also in ``km3io.definitions.w2list_gseagen``."""

_CHARGED, _NEUTRAL = 2, 3
"""The values there, GENIE's ``InteractionType_t``: ``kIntWeakCC`` and ``kIntWeakNC``."""

_ELECTRON, _MUON, _TAU = 12, 14, 16
"""PDG codes of the neutrinos; the antineutrinos have the negative ones."""

_MUON_BUNDLE = 81
"""A bundle of atmospheric muons: `PDG_MUONBUNDLE` in km3net-dataformat's
``definitions/trkmembers.csv``, also in ``km3io.definitions.trkmembers``."""

_MUON_ITSELF = 13

_NONE = 0
"""What the schemas say of the interaction where the generator writes none, as MUPAGE."""

MC_LABEL = LabelRule(
    columns=(
        Column(branch=f"{_TRACKS}type", index=0),
        Column(branch="Evt/w2list", index=_W2LIST_GSEAGEN_CC),
    ),
    classes={
        "track": tuple((sign * _MUON, _CHARGED) for sign in (1, -1)),
        "shower": (
            *((sign * _ELECTRON, _CHARGED) for sign in (1, -1)),
            *(
                (sign * flavour, _NEUTRAL)
                for flavour in (_ELECTRON, _MUON, _TAU)
                for sign in (1, -1)
            ),
        ),
    },
)
"""The class by Monte Carlo truth, for files of the generator gSeaGen.

The first Monte Carlo track is the neutrino. ``track``: charged current of a muon (anti)neutrino,
the only one with a long muon. ``shower``: charged current of an electron (anti)neutrino, and every
neutral current. The charged current of a tau neutrino may look like either and has no class.
"""

MC_LABEL_MUON = LabelRule(
    columns=(MC_LABEL.columns[0], Column(branch="interaction")),
    classes={
        **MC_LABEL.values,
        "muon": tuple((kind, _NONE) for kind in (_MUON_BUNDLE, _MUON_ITSELF, -_MUON_ITSELF)),
    },
)
"""The classes of `MC_LABEL` and, for files of MUPAGE beside those of gSeaGen, ``muon``: atmospheric
muons. The first Monte Carlo track of MUPAGE is the bundle, or in older files a muon. It reads the
column ``interaction`` that the schemas here derive."""

OFFLINE_SNAPSHOT = Schema(
    name="km3net-offline-snapshot",
    description=(
        "KM3NeT offline files, all hits of an event: the triggered ones and the snapshot around "
        "them, mostly noise."
    ),
    tree="E",
    derive={
        "interaction": (
            f"where(count(`Evt/w2list`) > {_W2LIST_GSEAGEN_CC}, "
            f"`Evt/w2list`[{_W2LIST_GSEAGEN_CC}], {_NONE})"
        )
    },
    positions=Positions(
        branches=(f"{_HITS}pos.x", f"{_HITS}pos.y", f"{_HITS}pos.z"),
        unit="m",
    ),
    features=(
        Feature(name="t", branch=f"{_HITS}t", unit="ns", relative_to="median"),
        Feature(name="tot", branch=f"{_HITS}tot", unit="ns"),
        Feature(name="dir.x", branch=f"{_HITS}dir.x"),
        Feature(name="dir.y", branch=f"{_HITS}dir.y"),
        Feature(name="dir.z", branch=f"{_HITS}dir.z"),
    ),
    hit_columns={
        "dom_id": f"{_HITS}dom_id",
        "channel_id": f"{_HITS}channel_id",
        "trig": f"{_HITS}trig",
    },
    observers={
        "run_id": Column(branch="Evt/run_id"),
        "det_id": Column(branch="Evt/det_id"),
        "energy": Column(branch=f"{_TRACKS}E", index=0),
        "mc_type": Column(branch=f"{_TRACKS}type", index=0),
        "mc_dir_z": Column(branch=f"{_TRACKS}dir.z", index=0),
    },
)
"""All hits: PMT positions in m, time in ns after the event's median, time over threshold in ns, PMT
direction. Observers: run, detector, and of the first Monte Carlo track the energy in GeV, the PDG
code and the z component of its direction (1: upwards); NaN in data."""

OFFLINE = OFFLINE_SNAPSHOT.model_copy(
    update={
        "name": "km3net-offline",
        "description": (
            "KM3NeT offline files, the triggered hits. No class by itself: for data, and for "
            "samples that are each of one class."
        ),
        "select_hits": (HitSelection(branch=f"{_HITS}trig", min=1),),
    }
)
"""The same for the triggered hits alone: those with a bit set in ``trig``."""

OFFLINE_MC = OFFLINE.model_copy(
    update={
        "name": "km3net-offline-mc",
        "description": (
            "KM3NeT offline files made with gSeaGen, the triggered hits; the class (track, "
            "shower) by Monte Carlo truth."
        ),
        "label": MC_LABEL,
    }
)
"""The triggered hits, with the class by `MC_LABEL`."""

OFFLINE_MC_MUON = OFFLINE_MC.model_copy(
    update={
        "name": "km3net-offline-mc-muon",
        "description": (
            "KM3NeT offline files made with gSeaGen and MUPAGE, the triggered hits; the class "
            "(track, shower, muon) by Monte Carlo truth."
        ),
        "label": MC_LABEL_MUON,
    }
)
"""The triggered hits, with the class by `MC_LABEL_MUON`."""
