"""The results in plain words, and what they cannot show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hitclr.reports.results import Fed, Results, Score

__all__ = ["cautions", "count_of", "interval", "number", "summary"]

_FEW_EVENTS = 100
_FEW_OF_A_CLASS = 10
_WIDE = 0.1
_MOST_NAMES = 8
_NONE = "—"
_LOOKS_AT = {
    "loss": " on validation events",
    "source": " on validation events of the source",
    "target": ", without labels, on validation events of the target",
    "truth": ", which looks at labels of the target's validation events",
}


def summary(results: Results) -> list[str]:
    """What was trained on what, how it was tested, and the main score, in sentences."""
    test = sum(row.test for row in results.counts)
    encoder, method = results.encoder, results.method
    size = encoder.get("parameters")
    of_size = f" with {size:,} parameters" if isinstance(size, int) else ""
    lines = [
        (
            f"The encoder {encoder['name']}{of_size} was trained by the method {method['name']}"
            f"{_trained_on(results)}"
        )
    ]
    chosen = results.selection
    if chosen is not None and chosen.epoch is not None:
        lines.append(
            f"Of the models of {count_of(len(chosen.scores), 'epoch')}, that of epoch "
            f"{chosen.epoch + 1} was kept, chosen by {chosen.validator}"
            f"{_LOOKS_AT[chosen.looks_at or 'loss']}."
        )
    elif chosen is not None and chosen.scores:
        lines.append(
            f"The score by {chosen.validator} was infinite in each epoch, so none was chosen: the "
            f"model of the last epoch was kept."
        )
    if not test:
        lines.append("No event was kept for testing.")
        return lines
    main = _main_score(results)
    if main is None or main.value is None:
        unlabelled = main is not None and not main.events
        lack = (
            "None of them has a label" if unlabelled else "No score over all of them was recorded"
        )
        lines.append(f"Kept for testing: {count_of(test, 'event')}. {lack}.")
        return lines
    line = (
        f"It was tested on {count_of(main.events, 'event')} kept out of the training: "
        f"{main.metric} {number(main.value)}{_with_interval(main)}."
    )
    chance = _chance(results, main.metric)
    if chance is not None:
        level, rule = chance
        line = f"{line} For comparison, {rule} would reach {number(level)}."
    if test > main.events:
        more = test - main.events
        line = (
            f"{line} {count_of(more, 'more test event')} had no label and "
            f"{'was' if more == 1 else 'were'} not scored."
        )
    return [*lines, line, *_sample_lines(results, main.metric)]


def _trained_on(results: Results) -> str:
    """How the sentence that names the method goes on, and what else the method was fed."""
    if not results.fed:
        return ". What it was fed is not recorded."
    own, beside, after = (_fed(results, "train", use) for use in ("steps", "beside", "after"))
    unlabelled = sum(row.unlabelled for row in own)
    if unlabelled == sum(row.events for row in own):
        lines = [f" on {_from_samples(own, ' without labels')}."]
    else:
        classes = count_of(len(results.classes), "class", "classes")
        of_classes = f" of {classes} ({_listed(results.classes)})"
        some = f", {unlabelled:,} of them without a label" if unlabelled else ""
        lines = [f" on {_from_samples(own, of_classes)}{some}."]
    if beside:
        lines.append(
            f"In each step they had as many events of the target beside them, without labels, out "
            f"of {_from_samples(beside)}."
        )
    if after:
        lines.append(
            f"After the training it looked at the target, without labels: {_from_samples(after)}."
        )
    followed = sum(row.events for row in _fed(results, "validation", "steps"))
    paired = _fed(results, "validation", "beside")
    with_target = ", with as many of the target beside them" if followed and paired else ""
    lines.append(
        f"{count_of(followed, 'more event') if followed else 'None'} served to follow the training"
        f"{with_target}."
    )
    return " ".join(lines)


def _fed(results: Results, split: str, use: str) -> list[Fed]:
    return [row for row in results.fed if row.split == split and row.use == use]


def _from_samples(rows: Sequence[Fed], kind: str = "") -> str:
    """How many events these are, of what kind, and from which samples."""
    events = count_of(sum(row.events for row in rows), "event")
    samples = count_of(len(rows), "sample")
    return f"{events}{kind} from {samples} ({_listed([row.sample for row in rows])})"


def _sample_lines(results: Results, metric: str) -> list[str]:
    """The main score on each sample by itself, of those with several classes among others."""
    lines = []
    for score in results.scores:
        if score.split != "test" or not score.sample or score.metric != metric:
            continue
        chance = _chance(results, metric, score.sample)
        if score.value is not None and chance is not None:
            level, rule = chance
            lines.append(
                f"On {score.sample} alone ({count_of(score.events, 'test event')}) the {metric} is "
                f"{number(score.value)}{_with_interval(score)}, where {rule} would reach "
                f"{number(level)}."
            )
    return lines


def cautions(results: Results) -> list[str]:
    """What cannot be concluded from these numbers, in sentences; none where they are firm."""
    main = _main_score(results)
    scored = 0 if main is None else main.events
    lines = []
    if not scored:
        lines.append(
            "Nothing was tested, so this report does not say how well the representation works on "
            "events that the training has not seen."
        )
    if results.selection is not None and results.selection.looks_at == "truth":
        lines.append(
            "The model was chosen by labels of the target domain. On real data nobody has them, so "
            "its scores there are a ceiling, not what the method would reach."
        )
    if len(results.classes) < 2:
        lines.append("With fewer than two classes no score can say whether classes are told apart.")
    if 0 < scored < _FEW_EVENTS:
        lines.append(
            f"Only {count_of(scored, 'test event')}: one event classified differently moves an "
            f"accuracy by {1 / scored:.3f}. A ranking of methods or settings cannot be "
            f"concluded from so few."
        )
    if main is not None and main.value is not None:
        lines.extend(_about_interval(results, main))
    small = [
        f"{name} ({count})" for name, count in _tested(results).items() if count < _FEW_OF_A_CLASS
    ]
    if scored and small and len(results.classes) > 1:
        lines.append(
            f"Fewer than {_FEW_OF_A_CLASS} test events of: {', '.join(small)}. How well these are "
            f"recognised cannot be concluded."
        )
    if len(results.samples) < 2:
        lines.append(
            "All events come from one sample, so nothing here shows whether the representation "
            "stays the same when the detector changes."
        )
    return lines


def count_of(count: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> count_of(1, "event"), count_of(1200, "event"), count_of(2, "class", "classes")
    ('1 event', '1,200 events', '2 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: float | None) -> str:
    """A score as it is written everywhere: three decimals, a dash where there is none."""
    return _NONE if value is None else f"{value:.3f}"


def interval(score: Score) -> str:
    """The 95 % interval of a score; a dash where there is none."""
    if score.low is None or score.high is None:
        return _NONE
    return f"{number(score.low)} to {number(score.high)}"


def _listed(names: Sequence[str]) -> str:
    """The names, or the first few of many."""
    more = len(names) - _MOST_NAMES
    if more <= 0:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {more} more"


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return ", without an interval"
    return f" (95 % interval {interval(score)})"


def _about_interval(results: Results, main: Score) -> list[str]:
    if main.low is None or main.high is None:
        return [f"The {main.metric} has no interval, so nothing says how far chance moved it."]
    lines = []
    width = main.high - main.low
    if width > _WIDE:
        lines.append(
            f"The interval of the {main.metric} is wide, {interval(main)}: the true value may lie "
            f"anywhere in it, and another result inside it cannot be called better or worse."
        )
    chance = _chance(results, main.metric)
    if chance is not None and main.low <= chance[0]:
        lines.append(
            f"The interval does not lie above {number(chance[0])}, which {chance[1]} would reach: "
            f"that the classes are told apart at all cannot be concluded."
        )
    return lines


def _main_score(results: Results) -> Score | None:
    """The first score over all test events: the table has the most important one first."""
    for score in results.scores:
        if score.split == "test" and not score.sample:
            return score
    return None


def _tested(results: Results, sample: str = "") -> dict[str, int]:
    """The number of scored test events of each class, of all samples or one."""
    counts: Counter[str] = Counter()
    for row in results.counts:
        if sample in ("", row.sample):
            counts[row.label] += row.test
    return {name: counts[name] for name in results.classes}


def _chance(results: Results, metric: str, sample: str = "") -> tuple[float, str] | None:
    """What a rule that does not look at the hits would score, and the rule."""
    tested = [count for count in _tested(results, sample).values() if count]
    name = metric.lower().replace("_", " ").replace("-", " ")
    if len(tested) < 2:
        return None
    if name == "accuracy":
        return max(tested) / sum(tested), "always naming the most frequent class"
    if name == "balanced accuracy":
        return 1 / len(tested), "always naming one class"
    if name in ("auc", "roc auc", "auroc"):
        return 0.5, "guessing"
    return None
