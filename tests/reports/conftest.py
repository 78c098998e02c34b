"""Made-up result tables: track and shower neutrino events in a detector of strings, 400 m high."""

import json

import numpy as np
import pytest

CLASSES = ["track", "shower"]
SAMPLES = ["nominal", "aged (20 % less light)"]
# Rows of sample, class, then the events for training, validation and test.
COUNTS = [(0, 0, 50, 10, 14), (0, 1, 26, 5, 8), (1, 0, 46, 9, 13), (1, 1, 27, 5, 9)]


def detector_hits(rng, kind):
    """Hits of one event: along a line for a track, around a point for a shower."""
    n = 180
    if kind == "track":
        direction = np.array([0.45, 0.3, -0.84])
        true = rng.uniform(-260, 260, n)[:, None] * direction + rng.normal(0, 14, (n, 3))
    else:
        true = rng.normal([40, -30, 60], 38, (n, 3))
    true = np.concatenate([true, rng.uniform([-210, -210, -200], [210, 210, 200], (25, 3))])
    # Modules sit on strings 20 m apart, 9 m from one another along each string.
    pos = np.concatenate([np.round(true[:, :2] / 20) * 20, np.round(true[:, 2:] / 9) * 9], axis=1)
    pos = pos[(np.hypot(pos[:, 0], pos[:, 1]) < 210) & (np.abs(pos[:, 2]) < 200)]
    charge = rng.lognormal(0.5, 1.0, len(pos))
    time = (pos[:, 2].max() - pos[:, 2]) * 3.5 + rng.normal(0, 20, len(pos))
    return pos.astype(np.float32), np.stack([time, charge], 1).astype(np.float32)


def fed(sample, events, *, split="train", use="steps", unlabelled=0):
    """A row of what the method was fed."""
    return {
        "set": split,
        "use": use,
        "sample": sample,
        "events": events,
        "unlabelled": unlabelled,
    }


def results():
    """The content of ``results.json``."""
    return {
        "title": "Track or shower: contrastive training on 220 simulated neutrino events",
        "created": "2026-05-12T14:03:22+00:00",
        "versions": {
            "hitclr": "0.1.0",
            "torch": "2.13.0",
            "torch-geometric": "2.8.0",
            "uproot": "5.7.1",
        },
        "seed": 7,
        "method": {"name": "contrastive", "alpha": 0.5, "temperature": 0.1},
        "encoder": {"name": "edgeconv", "width": 64, "layers": 3, "parameters": 48_322},
        "settings": {
            "training": {
                "epochs": 40,
                "batch_size": 32,
                "optimiser": {"name": "adamw", "lr": 1e-3},
            },
            "views": ["hits.drop", "positions.jitter"],
        },
        "notes": [
            "Simulated events from two files of one production, not a physics sample: no weights.",
            "The sample “aged” was made from the nominal one by scaling the light yield by 0.8.",
        ],
        "classes": CLASSES,
        "samples": SAMPLES,
        "position_unit": "m",
        "counts": [
            {"sample": SAMPLES[s], "class": CLASSES[c], "train": a, "validation": b, "test": t}
            for s, c, a, b, t in COUNTS
        ],
        "fed": [
            fed(SAMPLES[s], sum(row[2 + part] for row in COUNTS if row[0] == s), split=split)
            for part, split in enumerate(("train", "validation"))
            for s in (0, 1)
        ],
        "skipped": [
            {
                "unit": "event",
                "reason": "no hits",
                "sample": SAMPLES[0],
                "class": "track",
                "count": 3,
            },
            {
                "unit": "event",
                "reason": "all positions zero",
                "sample": SAMPLES[1],
                "class": "shower",
                "count": 1,
            },
            {
                "unit": "file",
                "reason": "damaged file",
                "sample": SAMPLES[1],
                "class": "",
                "count": 1,
            },
        ],
        "scores": [
            {
                "set": "test",
                "sample": "",
                "metric": "accuracy",
                "value": 0.818,
                "low": 0.682,
                "high": 0.909,
                "events": 44,
                "note": "logistic probe on the frozen representation",
            },
            {
                "set": "test",
                "sample": SAMPLES[0],
                "metric": "accuracy",
                "value": 0.864,
                "low": 0.682,
                "high": 1.0,
                "events": 22,
                "note": "",
            },
            {
                "set": "test",
                "sample": SAMPLES[1],
                "metric": "accuracy",
                "value": 0.773,
                "low": 0.591,
                "high": 0.909,
                "events": 22,
                "note": "",
            },
            {
                "set": "test",
                "sample": "",
                "metric": "AUC",
                "value": None,
                "low": None,
                "high": None,
                "events": 44,
                "note": "not worked out for this made-up run",
            },
        ],
        "confusion": [{"set": "test", "sample": "", "matrix": [[24, 3], [5, 12]]}],
        "history": [
            {
                "epoch": e,
                "train_loss": 2.1 + 1.6 * np.exp(-e / 9) + 0.03 * np.sin(5.0 * e),
                "validation_loss": 2.4 + 1.3 * np.exp(-e / 8) + 0.05 * np.cos(3.0 * e),
            }
            for e in range(1, 41)
        ],
        "seconds": {"read": 2.4, "train": 93.0, "evaluate": 1.3},
    }


def events(rng):
    """The arrays of ``events.npz``."""
    columns = np.concatenate(
        [
            np.repeat([[s, c, split]], n, axis=0)
            for s, c, *numbers in COUNTS
            for split, n in enumerate(numbers)
        ]
    )
    domain, label, split = columns.T
    embedding = rng.normal(0, 1, (len(domain), 16))
    embedding[:, :2] += np.stack([2.6 * label, 1.2 * domain], axis=1)
    embedding[:, 5] *= 2
    p = 1 / (1 + np.exp(2.6 - 2 * embedding[:, 0]))
    return {
        "embedding": embedding.astype(np.float32),
        "y": label,
        "domain": domain,
        "split": split.astype(np.int8),
        "event_id": np.stack([domain, np.arange(len(domain))], axis=1),
        "scores": np.stack([1 - p, p], axis=1).astype(np.float32),
    }


def views(rng):
    """The arrays of ``views.npz``."""
    pos, x = detector_hits(rng, "track")
    made = {"event_pos": pos, "event_x": x}
    for prefix in ("first", "second"):
        keep = rng.random(len(pos)) < 0.75
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array(
            [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        )
        made[f"{prefix}_pos"] = pos[keep] @ turn.T + rng.normal(0, 1, (keep.sum(), 3))
        made[f"{prefix}_x"] = x[keep] * rng.normal(1, 0.1, (keep.sum(), 2))
    return {
        **{key: value.astype(np.float32) for key, value in made.items()},
        "feature_names": np.array(["t", "charge"]),
        "feature_units": np.array(["ns", "p.e."]),
        "event_id": np.array([0, 12]),
        "colour": np.array("charge"),
        "steps": np.array(
            [
                "turn about z by an angle from 0 to 360 degrees",
                "drop 25 % of the hits",
                "shift positions by 1 m (normal)",
            ]
        ),
    }


@pytest.fixture
def content():
    """The three tables as they would be written, to change at will."""
    rng = np.random.default_rng(3)
    return {"results": results(), "events": events(rng), "views": views(rng)}


@pytest.fixture
def fed_row():
    return fed


@pytest.fixture
def write(tmp_path, content):
    """Writes the (changed) tables and returns their folder."""

    def write_tables():
        (tmp_path / "results.json").write_text(json.dumps(content["results"]), encoding="utf-8")
        np.savez(tmp_path / "events.npz", **content["events"])
        np.savez(tmp_path / "views.npz", **content["views"])
        return tmp_path

    return write_tables
