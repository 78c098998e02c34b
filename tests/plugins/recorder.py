"""A plugin that has every hook, and notes each call with what it got."""

from __future__ import annotations

from matplotlib.figure import Figure

import hitclr
from hitclr.reports import Code, Drawing, Note, ReportSection, Table, Text
from hitclr.studies import Estimate

HITCLR_HOOKS = 1
CALLS: list[tuple[str, dict[str, object]]] = []


def share_right(events):
    return (events.predicted == events.labels).mean()


def width(events):
    return Estimate(float(events.embedding.std()), 0.0, 9.0, "no more than a guess")


def never(events):
    return None


class Seen(ReportSection):
    title = "What <the> recorder saw"

    def of_run(self, tables):
        return self._content(f"{len(tables.events.embedding)} events")

    def of_study(self, table):
        return self._content(f"{len(table.throws)} throws")

    def _content(self, what):
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([0, 1])
        return [
            Text(f"The recorder saw {what}."),
            Note("Remember", ["one <line>"]),
            Table("A table", ["name", "number"], [["one", "1"]]),
            Drawing(figure, "A line.", "A line, from 0 to 1."),
            Code("Code", "1 < 2"),
        ]


class Nothing(ReportSection):
    title = "Never to be seen"


@hitclr.hookimpl
def register_schemas(registrar):
    CALLS.append(("register_schemas", {"registrar": registrar}))


@hitclr.hookimpl
def register_schema_makers(registrar):
    CALLS.append(("register_schema_makers", {"registrar": registrar}))


@hitclr.hookimpl
def register_augmentations(registrar):
    CALLS.append(("register_augmentations", {"registrar": registrar}))


@hitclr.hookimpl
def register_detectors(registrar):
    CALLS.append(("register_detectors", {"registrar": registrar}))


@hitclr.hookimpl
def register_edges(registrar):
    CALLS.append(("register_edges", {"registrar": registrar}))


@hitclr.hookimpl
def register_encoders(registrar):
    CALLS.append(("register_encoders", {"registrar": registrar}))


@hitclr.hookimpl
def register_methods(registrar):
    CALLS.append(("register_methods", {"registrar": registrar}))


@hitclr.hookimpl
def register_validators(registrar):
    CALLS.append(("register_validators", {"registrar": registrar}))


@hitclr.hookimpl
def register_metrics(registrar):
    CALLS.append(("register_metrics", {"registrar": registrar}))
    registrar.add("recorder-share-right", share_right)
    registrar.add("recorder-width", width)
    registrar.add("recorder-never", never)


@hitclr.hookimpl
def register_report_sections(registrar):
    CALLS.append(("register_report_sections", {"registrar": registrar}))
    registrar.add("recorder-seen", Seen())
    registrar.add("recorder-nothing", Nothing())


@hitclr.hookimpl
def register_demos(registrar):
    CALLS.append(("register_demos", {"registrar": registrar}))


@hitclr.hookimpl
def before_training(settings, prepared):
    there = prepared.feed.store is not None
    CALLS.append(("before_training", {"settings": settings, "prepared": there}))


@hitclr.hookimpl
def after_loading(views, split, epoch, step):
    shape = (len(views), views[0].num_graphs, "edge_index" in views[0])
    CALLS.append(("after_loading", {"views": shape, "split": split, "epoch": epoch, "step": step}))


@hitclr.hookimpl
def after_training(settings, run):
    CALLS.append(("after_training", {"settings": settings, "run": run}))


@hitclr.hookimpl
def after_study(folder):
    CALLS.append(("after_study", {"folder": folder}))
