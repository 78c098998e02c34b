"""Reading out a trained method and scoring it on the test events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hitclr import fields
from hitclr.augment import Augmentation
from hitclr.config import Settings, ViewSettings
from hitclr.data import SPLITS, EventDataModule
from hitclr.errors import HitclrError
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.io import Feed, Sample
from hitclr.methods import Method
from hitclr.nn import LinearProbe
from hitclr.rng import generator, seed_for, uniform_hash
from hitclr.studies import (
    Embedded,
    Estimate,
    ProbeWeights,
    Score,
    ScoredEvents,
    class_scores,
    confusion_matrix,
    embed_events,
    fit_probe,
    score_events,
)
from hitclr.views import StoredViews, ViewSource

__all__ = ["Evaluation", "evaluate", "fed_table"]

_VERSIONS = (
    "hitclr",
    "torch",
    "torch-geometric",
    "lightning",
    "uproot",
    "awkward",
    "numpy",
    "scikit-learn",
)

Metrics: TypeAlias = Mapping[str, Callable[[ScoredEvents], Estimate | None]]


@dataclass(frozen=True)
class Evaluation:
    """The scores of a run and what they were made from.

    Attributes:
        store: the events.
        truth: [M] int64, the labels of all events.
        splits: the events of each part.
        scores: ``{"set", "sample", "metric", "value", "low", "high", "events", "note"}``.
        few_labels: as ``scores``, of probes on a ``fraction`` of the training events, so many
            ``labels``; one row without a value where these leave a class out.
        confusion: ``{"set", "sample", "matrix"}``, rows truth, columns predicted.
        events: one row per event of a part: the arrays of ``events.npz``.
        views: one event and two views of it: the arrays of ``views.npz``.
        parameters: the number of weights of the encoder.
    """

    store: EventStore
    truth: Tensor
    splits: Mapping[str, Tensor]
    scores: list[dict[str, Any]]
    few_labels: list[dict[str, Any]]
    confusion: list[dict[str, Any]]
    events: dict[str, NDArray[Any]]
    views: dict[str, NDArray[Any]]
    parameters: int

    def results(
        self,
        settings: Settings,
        samples: Sequence[Sample],
        skipped: Sequence[Mapping[str, Any]],
        history: Sequence[Mapping[str, Any]],
        seconds: Mapping[str, float],
    ) -> dict[str, Any]:
        """The content of ``results.json``."""
        return {
            "title": settings.title,
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "versions": {name: version(name) for name in _VERSIONS},
            "seed": settings.seed,
            "method": settings.method.model_dump(),
            "encoder": {**settings.encoder.model_dump(), "parameters": self.parameters},
            "settings": settings.plain(),
            "notes": list(settings.notes),
            "classes": list(self.store.class_names),
            "samples": [sample.name for sample in samples],
            "position_unit": self.store.position_unit,
            "counts": _counts(self.store, self.truth, self.splits),
            "skipped": [dict(row) for row in skipped],
            "scores": self.scores,
            "few_labels": self.few_labels,
            "confusion": self.confusion,
            "history": [dict(row) for row in history],
            "seconds": dict(seconds),
        }


def evaluate(
    settings: Settings,
    method: Method,
    feed: Feed,
    splits: Mapping[str, Tensor],
    truth: Tensor,
    *,
    metrics: Metrics,
    edges: EdgeBuilder | None,
    augmentation: Augmentation | None,
    source: ViewSource | None = None,
) -> Evaluation:
    """Fit the probe where the method has one, embed the events, score the test events.

    Where the training events are of fewer than two classes, there is neither probe nor score. The
    probe sees training events only. Every test event is scored, as it is, none is dropped.

    Args:
        settings: of the run.
        method: the trained method; its probe is set.
        feed: the events.
        splits: the events of each part.
        truth: [M] int64, the labels of all events, by which they are scored; the probe sees those
            that the feed has.
        metrics: what the test events are scored by, the most important first.
        edges: the edges that the encoder wants.
        augmentation: what changes the hits of a view; None for nothing.
        source: what gives the hits of a view; None for the events as they are.
    """
    store, size = feed.store, settings.data.batch_size
    probe = getattr(method, "probe", None)
    counts = torch.bincount(
        store.labels[splits["train"]].clamp(min=-1) + 1, minlength=len(store.class_names) + 1
    )[1:]
    classes = len(store.class_names) if counts.numel() > 1 and bool((counts > 0).all()) else 0
    few: list[_FewLabels] = []
    weights: ProbeWeights | None = None
    if classes and (isinstance(probe, LinearProbe) or settings.probe.fractions):
        train = splits["train"][store.labels[splits["train"]] >= 0]
        seen = embed_events(
            method,
            feed,
            train,
            edges=edges,
            batch_size=size,
            views=0 if augmentation is None and source is None else settings.probe.views,
            augmentation=augmentation,
            seed=settings.seed,
            purpose="probe views",
            source=source,
        )
        if isinstance(probe, LinearProbe):
            weights = fit_probe(
                seen.embedding,
                seen.labels,
                len(store.class_names),
                inverse_penalty=settings.probe.inverse_penalty,
            )
            probe.set_(weights.mean, weights.scale, weights.weight, weights.bias)
        few = _few_label_probes(settings, seen, store, train, weights)
    part = torch.full((len(store),), -1, dtype=torch.int8)
    for number, name in enumerate(SPLITS):
        part[splits[name]] = number
    everything = (part >= 0).nonzero()[:, 0]  # but what is there for the views of others alone
    embedding = embed_events(method, feed, everything, edges=edges, batch_size=size).embedding
    lost = int((~embedding.isfinite()).any(1).sum())
    if lost:
        message = (
            f"the embeddings of {lost} of {len(everything)} events have NaN or inf: the training "
            f"diverged\n  what to do: a lower optimizer.lr or trainer.gradient_clip"
        )
        raise HitclrError(message)
    scores = torch.empty(len(everything), 0)
    if classes:
        scores = class_scores(method, embedding).softmax(-1)
    events = {
        "embedding": embedding.numpy(),
        "y": truth[everything].numpy(),
        "domain": store.events[fields.DOMAIN][everything].numpy(),
        "split": part[everything].numpy(),
        "event_id": store.events[fields.EVENT_ID][everything].numpy(),
        "scores": scores.numpy(),
    }
    if fields.KEY in store.events:
        events[fields.KEY] = store.events[fields.KEY][everything].numpy()
    bootstrap = seed_for(settings.seed, "bootstrap")
    rows, matrices = _score_tests(store, events, metrics, bootstrap)
    few_labels: list[dict[str, Any]] = []
    for one in few:
        about = {"fraction": one.fraction, "labels": one.labels}
        if one.probe is None:
            names = ", ".join(one.lacking)
            none = Score(
                next(iter(metrics), "accuracy").replace("-", " "),
                None,
                None,
                None,
                0,
                f"no probe: no event of class {names} is among the {one.labels} labels",
            )
            few_labels.append({**about, "set": "test", "sample": "", **asdict(none)})
            continue
        read_out = {**events, "scores": one.probe.probabilities(embedding).numpy()}
        found, _ = _score_tests(store, read_out, metrics, bootstrap)
        few_labels += [{**about, **score} for score in found]
    return Evaluation(
        store,
        truth,
        splits,
        rows,
        few_labels,
        matrices,
        events,
        _two_views(settings, feed, splits, augmentation, source),
        sum(p.numel() for p in method.encoder.parameters()),
    )


@dataclass(frozen=True)
class _FewLabels:
    """A probe on a fraction of the labels; None where classes are lacking among them."""

    fraction: float
    labels: int
    probe: ProbeWeights | None
    lacking: tuple[str, ...]


def _few_label_probes(
    settings: Settings,
    seen: Embedded,
    store: EventStore,
    train: Tensor,
    on_all: ProbeWeights | None,
) -> list[_FewLabels]:
    """Probes on fractions of the labelled training events; a smaller one is part of a larger one.

    Args:
        settings: of the run.
        seen: views of the labelled training events.
        store: the events.
        train: [M] int64, these events.
        on_all: the probe on all of them, where there is one already.
    """
    file, entry = store.events[fields.EVENT_ID][train].unbind(1)
    drawn = uniform_hash(seed_for(settings.seed, "few labels"), file, entry)
    classes = len(store.class_names)
    probes = []
    for fraction in sorted(settings.probe.fractions):
        chosen = drawn < fraction
        counts = torch.bincount(store.labels[train][chosen], minlength=classes)
        rows = chosen.repeat(len(seen.labels) // len(train))
        lacking = [store.class_names[label] for label in (counts == 0).nonzero()[:, 0].tolist()]
        weights = on_all if fraction == 1 else None
        if not lacking and weights is None:
            weights = fit_probe(
                seen.embedding[rows],
                seen.labels[rows],
                classes,
                inverse_penalty=settings.probe.inverse_penalty,
            )
        probes.append(_FewLabels(fraction, int(chosen.sum()), weights, tuple(lacking)))
    return probes


def _score_tests(
    store: EventStore, events: Mapping[str, NDArray[Any]], metrics: Metrics, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Scores and confusion matrices of all test events, and of each sample among them."""
    test = events["split"] == SPLITS.index("test")
    domains = np.unique(events["domain"][test])
    groups: list[tuple[str, NDArray[np.bool_]]] = [("", test)]
    groups += [(store.domain_names[d], test & (events["domain"] == d)) for d in domains]
    rows: list[dict[str, Any]] = []
    matrices: list[dict[str, Any]] = []
    if not events["scores"].shape[1]:
        return rows, matrices
    for sample, chosen in groups if len(domains) > 1 else groups[:1]:
        labels, scores = events["y"][chosen], events["scores"][chosen]
        embedding = events["embedding"][chosen]
        found: list[Score] = score_events(labels, scores, embedding, metrics, seed=seed)
        rows += [{"set": "test", "sample": sample, **asdict(score)} for score in found]
        known = labels >= 0
        matrix = confusion_matrix(labels[known], scores[known].argmax(1), len(store.class_names))
        matrices.append({"set": "test", "sample": sample, "matrix": matrix.tolist()})
    return rows, matrices


def _counts(store: EventStore, truth: Tensor, splits: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for name in SPLITS:
        events = splits[name]
        keys = torch.stack([store.events[fields.DOMAIN][events], truth[events]], 1)
        for (domain, label), count in zip(
            *(part.tolist() for part in torch.unique(keys, dim=0, return_counts=True)), strict=True
        ):
            row = rows.setdefault(
                (domain, label),
                {
                    "sample": store.domain_names[domain],
                    "class": store.class_names[label] if label >= 0 else "",
                    **dict.fromkeys(SPLITS, 0),
                },
            )
            row[name] = count
    return [rows[key] for key in sorted(rows)]


def fed_table(data: EventDataModule) -> list[dict[str, Any]]:
    """What the method was fed, sample by sample: the rows ``fed`` of ``results.json``.

    Each is ``{"set", "use", "sample", "events", "unlabelled"}``; see `hitclr.reports.results.Fed`.
    """
    store, of_target = data.feed.store, data.needs.target
    parts = [(name, "steps", data.splits[name]) for name in ("train", "validation")]
    if of_target in ("beside", "after"):
        parts.append(("train", of_target, data.target["train"]))
    if of_target == "beside":
        parts.append(("validation", of_target, data.target["validation"]))
    rows = []
    for name, use, events in parts:
        domains, unlabelled = store.events[fields.DOMAIN][events], store.labels[events] < 0
        for domain in torch.unique(domains).tolist():
            own = domains == domain
            rows.append(
                {
                    "set": name,
                    "use": use,
                    "sample": store.domain_names[domain],
                    "events": int(own.sum()),
                    "unlabelled": int((own & unlabelled).sum()),
                }
            )
    return rows


def _two_views(
    settings: Settings,
    feed: Feed,
    splits: Mapping[str, Tensor],
    augmentation: Augmentation | None,
    source: ViewSource | None,
) -> dict[str, NDArray[Any]]:
    """An event with more hits than most, and two views of it as the training would make them."""
    store = feed.store
    pool = splits["test"] if splits["test"].numel() else splits["train"]
    hits = store.hits_per_event()[pool]
    event = pool[torch.argsort(hits, stable=True)[3 * hits.numel() // 4]].reshape(1)
    (batch,) = feed.batches([event])
    names = ("first", "second")
    random = [generator(settings.seed, "display", name) for name in names]
    views = (StoredViews() if source is None else source).views(batch, random)
    made = {"event": batch, **dict(zip(names, views, strict=True))}
    if augmentation is not None:
        for name, own in zip(names, random, strict=True):
            made[name], _ = augmentation.view(made[name], own)
    units = store.feature_units or ("",) * len(store.feature_names)
    arrays: dict[str, NDArray[Any]] = {
        f"{name}_{field}": view[field].numpy()
        for name, view in made.items()
        for field in (fields.POS, fields.X)
    }
    arrays["feature_names"] = np.array(store.feature_names, dtype=np.str_)
    arrays["feature_units"] = np.array(units, dtype=np.str_)
    arrays["event_id"] = batch.event_id[0].numpy()
    arrays["colour"] = np.array(store.feature_names[0], dtype=np.str_)
    arrays["steps"] = np.array(_steps(settings.views), dtype=np.str_)
    return arrays


def _steps(settings: ViewSettings) -> list[str]:
    """How a view is made, in words."""
    changes = []
    for spec in settings.augmentations:
        options = ", ".join(f"{key}={value}" for key, value in spec.options.items())
        changes.append(f"{spec.name} {options}" if options else spec.name)
    if changes and settings.choose is not None:
        listed = "; ".join(changes)
        changes = [f"{settings.choose} of these, drawn per event with replacement: {listed}"]
    return [*_source_steps(settings), *changes]


def _source_steps(settings: ViewSettings) -> list[str]:
    """Where the hits of the views come from, in words."""
    if settings.pair:
        return [f"pair: each view is one of the event's simulations in {', '.join(settings.pair)}"]
    resimulate = settings.resimulate
    if resimulate is None:
        return []
    vary = resimulate.vary
    if isinstance(vary, dict):
        drawn = ", ".join(
            f"{name} {low:g}" if low == high else f"{name} from {low:g} to {high:g}"
            for name, (low, high) in vary.items()
        )
    else:
        drawn = "all parameters" if vary is None else ", ".join(vary)
    step = (
        f"resimulate: hits made anew by {resimulate.detector}, with probability "
        f"{resimulate.probability:g}; drawn per event: {drawn or 'nothing'}"
    )
    return [step]
