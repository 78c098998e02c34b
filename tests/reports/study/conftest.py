"""A made-up study: five methods along the kept crosstalk of a scintillator cube, three seeds."""

import json
from itertools import combinations

import numpy as np
import pytest

CLASSES = ["electron", "muon", "pion", "proton"]
EVENTS = 160  # test events, each under every throw
WIDTH = 6  # of the embedding

# Name, registered method, sees the target, views, accuracy at nominal (as a logit's scale), and how
# much of it a shift of 1 in kept crosstalk takes away.
METHODS = [
    ("contrastive", "contrastive", False, 2, 2.2, 0.35),
    ("classifier", "classifier", False, 1, 2.1, 1.5),
    ("classifier, same views", "classifier", False, 2, 2.0, 0.55),
    ("random throws", "classifier", False, 1, 1.8, 0.3),
    ("DANN", "dann", True, 1, 2.0, 0.4),
]
DOMAINS = [("kept-0", 0.0), ("kept-50", 0.5)]
SHARPNESS = 1.6  # above 1: too sure of itself


def throw_name(value):
    return f"kept-{round(100 * value)}"


def scores_of(rng, label, base, loss, shift):
    """Logits of a method under a throw: the truth's grow less far with the shift."""
    logits = rng.normal(0, 1, (len(label), len(CLASSES)))
    logits[np.arange(len(label)), label] += base - loss * 1.4 * abs(shift)
    return SHARPNESS * logits


def metrics(scores, label):
    """Every score of one cell under one throw, by name."""
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    guess, sure = p.argmax(1), p.max(1)
    right = guess == label
    parts = np.minimum((sure * 10).astype(int), 9)
    ece = sum(
        abs(right[parts == i].mean() - sure[parts == i].mean()) * (parts == i).mean()
        for i in np.unique(parts)
    )
    found = {"accuracy": right.mean(), "ECE": ece}
    recalls = []
    for index, name in enumerate(CLASSES):
        mine, said = label == index, guess == index
        recalls.append((mine & said).sum() / mine.sum())
        found[f"efficiency {name}"] = recalls[-1]
        found[f"purity {name}"] = (mine & said).sum() / said.sum() if said.any() else None
    found["balanced accuracy"] = np.mean(recalls)
    order = (p[label == 0, 0][:, None] > p[label != 0, 0][None]).mean()
    found["AUC"] = order
    return found


def around(value, count):
    """A value with an interval of two standard errors."""
    if value is None:
        return {"value": None, "low": None, "high": None}
    value = float(value)
    error = 2 * (max(value * (1 - value), 1e-4) / count) ** 0.5
    return {"value": value, "low": max(0.0, value - error), "high": min(1.0, value + error)}


def holm(rows):
    """Put Holm's corrected p values and verdicts in."""
    largest = 0.0
    for place, row in enumerate(sorted(rows, key=lambda row: row["p"])):
        largest = max(largest, min(1.0, row["p"] * (len(rows) - place)))
        row.update(p_holm=largest, survives=largest < 0.05)


def make_study(seeds=(1, 2, 3), steps=11, domains=DOMAINS, methods=METHODS, events=EVENTS):
    """The content of ``study.json``, and the arrays of each cell by (method, domain, target, seed).

    Args:
        seeds: of the study.
        steps: how many throws from kept crosstalk 0 to 1.
        domains: rows of name and kept crosstalk.
        methods: rows as in ``METHODS``.
        events: how many test events there are under each throw.
    """
    rng = np.random.default_rng(5)
    values = np.linspace(0, 1, steps) if steps > 1 else np.array([0.0])
    names = [throw_name(value) for value in values]
    label = np.arange(events) % len(CLASSES)
    right = {}  # (method, domain) -> [seeds, throws, events]
    tables = {key: [] for key in ("scores", "summary", "curve", "comparisons", "invariance",
                                  "confusion", "cost", "losses", "selection")}  # fmt: skip
    cells = {}
    for name, _, target, views, base, loss in methods:
        for domain, trained in domains:
            hits = np.zeros((len(seeds), steps, events), dtype=bool)
            matrices = np.zeros((steps, len(CLASSES), len(CLASSES)), dtype=int)
            for s, seed in enumerate(seeds):
                luck = rng.normal(0, 0.06)
                parts = {}
                for t, value in enumerate(values):
                    shift = value - trained
                    scores = scores_of(rng, label, base + luck, loss, shift)
                    hits[s, t] = scores.argmax(1) == label
                    np.add.at(matrices[t], (label, scores.argmax(1)), 1)
                    for metric, number in metrics(scores, label).items():
                        tables["scores"].append(
                            {"method": name, "domain": domain, "throw": names[t], "seed": seed,
                             "target": names[t] if target else None, "metric": metric,
                             "events": events, **around(number, events)}
                        )  # fmt: skip
                    embedding = rng.normal(0, 1, (events, WIDTH))
                    embedding[:, 0] += 3 * label
                    embedding[:, 1] += 2 * (label % 2) + 8 * loss * shift
                    parts[t] = (scores, embedding)
                    if t and not target:
                        for metric, number in (
                            ("alignment", 0.1 + loss * abs(shift)),
                            ("domain accuracy", 0.5 + 0.3 * loss * abs(shift)),
                            ("CKA", 1 - 0.4 * loss * abs(shift)),
                        ):
                            tables["invariance"].append(
                                {"method": name, "domain": domain, "seed": seed,
                                 "throw": names[t], "metric": metric,
                                 "value": float(number + rng.normal(0, 0.01))}
                            )  # fmt: skip
                for targets in [[t] for t in parts] if target else [list(parts)]:
                    towards = names[targets[0]] if target else None
                    cell = {"method": name, "domain": domain, "target": towards, "seed": seed}
                    cells[tuple(cell.values())] = {
                        "throw": np.repeat(targets, events).astype(np.int32),
                        "key": np.tile(np.arange(events), len(targets)),
                        "y": np.tile(label, len(targets)).astype(np.int8),
                        "scores": np.concatenate([parts[t][0] for t in targets]),
                        "embedding": np.concatenate([parts[t][1] for t in targets]).astype("f2"),
                    }
                    tables["cost"].append(
                        {**cell, "epochs": 20, "steps": 400, "views": views,
                         "encoded": 40_000 * views,
                         "seconds": {"read": 0.4, "train": 20.0 * views + seed, "evaluate": 1.5},
                         "parameters": 21_344, "events": 2000, "device": "cpu", "threads": 1,
                         "select": "soft density" if target else "last"}
                    )  # fmt: skip
                    tables["losses"].append(
                        {**cell, "history": [
                            {"epoch": e, "train_loss": float(1.1 * np.exp(-e / 6) + 0.4),
                             "validation_loss": float(1.0 * np.exp(-e / 6) + 0.5 + luck)}
                            for e in range(1, 21)
                        ]}
                    )  # fmt: skip
                    if target:
                        score = float(hits[s, targets[0]].mean())
                        tables["selection"].append(
                            {**cell, "validator": "soft density", "chosen_epoch": 12 + seed,
                             "by_validator": score, "by_oracle": min(1.0, score + 0.012)}
                        )  # fmt: skip
            right[name, domain] = hits
            summarise(tables, name, domain, hits, names, seeds, values)
            for t, throw in enumerate(names):
                tables["confusion"].append(
                    {"method": name, "domain": domain, "throw": throw,
                     "matrix": matrices[t].tolist()}
                )  # fmt: skip
    for domain, _ in domains:
        for quantity in ("mean", "worst"):
            tables["comparisons"] += compare(right, domain, quantity, methods, seeds, rng)
    content = {
        "title": "Does it hold when the light leaks? Kept crosstalk in a scintillator cube",
        "notes": ["Made-up numbers, of no detector."],
        "created": "2026-06-02T09:15:00+00:00",
        "versions": {"hitclr": "0.1.0", "torch": "2.13.0", "torch-geometric": "2.8.0"},
        "detector": "cube",
        "classes": list(CLASSES),
        "seeds": list(seeds),
        "nominal": names[0],
        "throws": [
            {"name": name, "values": {"kept crosstalk": float(value)}}
            for name, value in zip(names, values, strict=True)
        ],
        "axes": [
            {"parameter": "kept crosstalk", "unit": "", "nominal": float(values[0]),
             "throws": names}
        ] if steps > 1 else [],
        "domains": [
            {"name": name, "values": {"kept crosstalk": value}} for name, value in domains
        ],
        "methods": [
            {"name": name, "method": method, "target": target, "views": views,
             "settings": {"views": {"choose": 2}} if views == 2 else {}}
            for name, method, target, views, _, _ in methods
        ],
        "skipped": [
            {"sample": names[0], "reason": "no hits", "count": 3, "unit": "event"},
            {"sample": names[-1], "reason": "damaged file", "count": 1, "unit": "file"},
        ],
        "settings": {"training": {"epochs": 20}},
        "cells": [
            {**dict(zip(("method", "domain", "target", "seed"), cell, strict=True)), "done": True}
            for cell in cells
        ],
        **tables,
    }  # fmt: skip
    return content, cells


def summarise(tables, name, domain, hits, names, seeds, values):
    """Rows of ``curve`` and ``summary``."""
    by_seed = hits.mean(2)
    count = hits.shape[0] * hits.shape[2]
    spread = (lambda x: float(x.std(ddof=1))) if len(seeds) > 1 else (lambda x: None)
    for t, throw in enumerate(names):
        tables["curve"].append(
            {"method": name, "domain": domain, "throw": throw, "spread": spread(by_seed[:, t]),
             **around(by_seed[:, t].mean(), count)}
        )  # fmt: skip
    worst = by_seed.mean(0).argmin()
    quantities = {"mean": by_seed.mean(1), "worst": by_seed[:, worst], "nominal": by_seed[:, 0]}
    if len(names) > 1:
        between = (by_seed[:, 1:] + by_seed[:, :-1]) / 2
        quantities["area kept crosstalk"] = between @ np.diff(values)
    for quantity, found in quantities.items():
        tables["summary"].append(
            {"method": name, "domain": domain, "quantity": quantity, "spread": spread(found),
             "seeds": {str(s): float(x) for s, x in zip(seeds, found, strict=True)},
             **around(found.mean(), count)}
        )  # fmt: skip


def compare(right, domain, quantity, methods, seeds, rng):
    """Rows of ``comparisons`` of one domain and quantity."""
    rows = []
    for first, second in combinations([row[0] for row in methods], 2):
        a, b = (right[name, domain].mean(0) for name in (first, second))
        a, b = (x.mean(0) if quantity == "mean" else x[x.mean(1).argmin()] for x in (a, b))
        event = rng.integers(0, len(a), (400, len(a)))
        drawn = (a - b)[event].mean(1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        p = min(1.0, 2 * max(min((drawn <= 0).mean(), (drawn >= 0).mean()), 1 / 800))
        rows.append(
            {"domain": domain, "first": first, "second": second, "quantity": quantity,
             "difference": float((a - b).mean()), "low": float(low), "high": float(high),
             "p": float(p), "events": len(a), "seeds": len(seeds)}
        )  # fmt: skip
    if rows:
        holm(rows)
    return rows


def write_study(folder, content, cells=None):
    """Write the table and the cells, and return the folder."""
    (folder / "study.json").write_text(json.dumps(content), encoding="utf-8")
    for (method, domain, target, seed), arrays in (cells or {}).items():
        parts = [method, domain, *([f"to-{target}"] if target else []), f"seed-{seed}"]
        place = folder.joinpath("cells", *parts)
        place.mkdir(parents=True)
        names = {"method": method, "domain": domain, "target": target, "seed": seed}
        (place / "cell.json").write_text(json.dumps(names))
        np.savez(place / "cell.npz", **arrays)
    return folder


@pytest.fixture(scope="session")
def make():
    """`make_study`."""
    return make_study


@pytest.fixture(scope="session")
def put():
    """`write_study`."""
    return write_study


@pytest.fixture(scope="session")
def small():
    """Makes a small study: three methods, three throws, one domain, two seeds."""

    def made(**changes):
        few = {"seeds": (1, 2), "steps": 3, "domains": DOMAINS[1:], "events": 40,
               "methods": [METHODS[0], METHODS[1], METHODS[4]]}  # fmt: skip
        return make_study(**{**few, **changes})

    return made


@pytest.fixture(scope="session")
def _whole():
    return json.dumps(make_study()[0])


@pytest.fixture
def content(_whole):
    """The table of a whole study, to change at will."""
    return json.loads(_whole)
