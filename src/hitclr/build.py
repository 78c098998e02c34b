"""From settings and registries to objects."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import ConfigDict, ValidationError, create_model
from pydantic_core import to_jsonable_python
from torch import Tensor, nn

from hitclr import fields
from hitclr.augment import Augmentation, Chain, Choose
from hitclr.config import SampleSettings, Settings, Spec, ViewSettings
from hitclr.detectors.deposits_file import read_deposits
from hitclr.errors import SchemaError, SettingsError
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.io import BadInput, FileName, Sample, Schema, expand_files, load_schema
from hitclr.io.files import identity
from hitclr.methods import Method, Optimisation
from hitclr.nn import InputNorm
from hitclr.plugins import Plugins, Registry
from hitclr.rng import seed_for
from hitclr.studies.validators import Validator
from hitclr.validation import explain, read_mapping
from hitclr.views import PairedViews, ResimulatedViews, ViewSource

__all__ = [
    "REQUIRED",
    "build_augmentation",
    "build_deposits",
    "build_edges",
    "build_method",
    "build_samples",
    "build_schema",
    "build_validator",
    "build_views",
    "construct",
    "find_schema",
    "options_of",
    "spell_out_schema",
    "spell_out_views",
]

REQUIRED = "(required)"
"""Stands for the default of an option that has none, in `options_of`."""

T = TypeVar("T")


def construct(registry: Registry[Any], spec: Spec, *given: Any, base: Path | None = None) -> Any:
    """Make the object that ``spec`` names, with its options checked against the signature.

    Args:
        registry: where the name is looked up.
        spec: the name and the options.
        given: the leading arguments, which are not options.
        base: the folder that relative file names among the options, which the signature calls a
            `Path`, start from; None for the working folder.

    Raises:
        UnknownNameError: nobody registered the name.
        SettingsError: an option is unknown (with the nearest known ones) or of the wrong type.
    """
    options, extra = _checked_options(registry, spec, len(given), base)
    return registry.get(spec.name)(*given, **options, **extra)


def _checked_options(
    registry: Registry[Any], spec: Spec, given: int, base: Path | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that the signature names, and others where it takes any."""
    model, taken = _options_model(registry.get(spec.name), given)
    try:
        checked = model.model_validate(spec.options)
    except ValidationError as error:
        message = f"the options of the {registry.kind} {spec.name!r}:\n{explain(error, model)}"
        raise SettingsError(message) from error
    options = {
        name: _from_base(getattr(checked, name), base) for name in spec.options if name in taken
    }
    return options, checked.model_extra or {}


def _from_base(value: Any, base: Path | None) -> Any:
    """An option; file names in it, or in a list of them, start from ``base``."""
    if isinstance(value, Path):
        return (base or Path()) / value.expanduser()
    if isinstance(value, (tuple, list)):
        return type(value)(_from_base(one, base) for one in value)
    return value


def _options_model(make: Callable[..., Any], given: int) -> tuple[type[Any], set[str]]:
    """A pydantic model of the arguments of ``make`` after the first ``given`` ones."""
    parameters = list(inspect.signature(make).parameters.values())[given:]
    target = make.__init__ if inspect.isclass(make) else make
    try:
        hints = typing.get_type_hints(target)
    except (NameError, TypeError):  # hints for type checkers only, or a callable without any
        hints = {}
    fields: dict[str, Any] = {}
    extra: typing.Literal["allow", "forbid"] = "forbid"
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            extra = "allow"
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[parameter.name] = (hints.get(parameter.name, Any), default)
    config = ConfigDict(extra=extra, arbitrary_types_allowed=True, protected_namespaces=())
    return create_model("Options", __config__=config, **fields), set(fields)


def options_of(registry: Registry[Any], name: str) -> dict[str, Any]:
    """The options that settings may give to what is registered, with their defaults.

    Args:
        registry: of things that are constructed by name and options.
        name: which one.

    Returns:
        Plain values, as in a settings file; `REQUIRED` for an option that must be given.

    Raises:
        UnknownNameError: nobody registered the name.
    """
    given = {"encoder": 1, "method": 4}.get(registry.kind, 0)
    model, _ = _options_model(registry.get(name), given)
    return {
        name: REQUIRED
        if field.is_required()
        else to_jsonable_python(field.default, exclude_none=True)
        for name, field in model.model_fields.items()
    }


def build_schema(settings: Settings, plugins: Plugins, base: Path) -> Schema:
    """The schema that the settings mean: a registered one, a YAML file, or a mapping.

    Raises:
        HitclrError: as `find_schema`.
    """
    source = settings.schema_source
    if isinstance(source, str):
        return find_schema(source, plugins, base)
    return _made_schema(source, plugins, base) or load_schema(source)


def find_schema(name: str, plugins: Plugins, base: Path) -> Schema:
    """A registered schema, or that of a YAML file.

    The file holds a schema, or the name of a schema maker with its options.

    Args:
        name: the schema's name, or the file's.
        plugins: the registries.
        base: the folder that relative file names start from; those in a YAML file start from its
            own folder.

    Raises:
        UnknownNameError: no such schema is registered, and it is not the name of a YAML file; or
            no such schema maker.
        SettingsError: the options of a schema maker are not valid.
        SchemaError: the schema is not valid, or the maker cannot make it.
    """
    if Path(name).suffix in (".yaml", ".yml"):
        path = base / Path(name).expanduser()
        content = read_mapping(path, "the schema file", "name: ..., tree: ...", SchemaError)
        return _made_schema(content, plugins, path.parent) or load_schema(path)
    return _made_schema({"name": name}, plugins, base) or plugins.schemas.get(name)


def _made_schema(source: Mapping[str, Any], plugins: Plugins, base: Path) -> Schema | None:
    """The schema that a maker makes by its options; None where the source names none."""
    if not _is_made(source, plugins):
        return None
    made: Schema = construct(plugins.schema_makers, Spec.model_validate(source), base=base)
    return made


def _is_made(source: Mapping[str, Any], plugins: Plugins) -> bool:
    name = source.get("name")
    return "tree" not in source and isinstance(name, str) and name in plugins.schema_makers


def spell_out_schema(settings: Settings, plugins: Plugins, base: Path) -> Settings:
    """The same settings, with absolute names of the files that a schema maker reads.

    Args:
        settings: of the run.
        plugins: the registries, whose schema makers say which options are files.
        base: the folder that relative file names start from.

    Raises:
        SettingsError: an option of the schema maker is unknown or of the wrong type.
    """
    source = settings.schema_source
    if isinstance(source, str) or not _is_made(source, plugins):
        return settings
    spec = Spec.model_validate(source)
    options, _ = _checked_options(plugins.schema_makers, spec, 0, base.absolute())
    named = {name: _file_names(value) for name, value in options.items()}
    files = {name: value for name, value in named.items() if value is not None}
    return settings.model_copy(update={"schema_source": {**source, **files}})


def _file_names(value: Any) -> str | list[Any] | None:
    """An option as a settings file has it, if it is a file or a list of files."""
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, (tuple, list)) or not all(isinstance(one, Path) for one in value):
        return None
    return [str(one) for one in value] or None


def build_samples(settings: Settings, base: Path, bad_input: BadInput) -> list[Sample]:
    """The samples, with globs and text files of names expanded; relative names start from ``base``.

    Raises:
        InputError: a glob matches nothing and the policy is ``raise``.
        SettingsError: a file is in two samples, or a name cannot be used.
    """

    def build(name: str, sample: SampleSettings) -> Sample:
        files = expand_files(sample.files, base=base, sample=name, bad_input=bad_input)
        return Sample(
            name,
            files,
            sample.label,
            sample.labelled,
            sample.use,
            entries=sample.entries,
            fraction=sample.fraction,
        )

    samples = [build(name, sample) for name, sample in settings.data.samples.items()]
    owners: dict[str, str] = {}
    for sample in samples:
        for file in sample.files:
            other = owners.setdefault(identity(file), sample.name)
            if other != sample.name:
                message = (
                    f"the file {file} is in two samples, {other!r} and {sample.name!r}: its events "
                    f"would count twice, and could be trained on and tested with. Name it in one."
                )
                raise SettingsError(message)
    return samples


def spell_out_views(settings: Settings, plugins: Plugins) -> Settings:
    """The same settings, with a detector's augmentations where the views name the detector.

    Raises:
        SettingsError: the detector has none.
        UnknownNameError: it is not registered.
    """
    name = settings.views.detector
    if name is None:
        return settings
    own = plugins.detectors.get(name).augmentations
    if not own:
        message = (
            f"views.detector: the detector {name!r} brings no augmentations; name some under "
            f"views.augmentations (`hitclr plugins` lists those that there are)"
        )
        raise SettingsError(message)
    parts = tuple(Spec.model_validate(dict(part)) for part in own)
    views = settings.views.model_copy(update={"detector": None, "augmentations": parts})
    return settings.model_copy(update={"views": views})


def build_augmentation(settings: ViewSettings, plugins: Plugins) -> Augmentation | None:
    """What makes a view; None where no augmentation is named.

    Raises:
        SettingsError: an option does not fit.
        UnknownNameError: an augmentation is not registered.
    """
    parts = [construct(plugins.augmentations, spec) for spec in settings.augmentations]
    if not parts:
        return None
    return Chain(parts) if settings.choose is None else Choose(parts, settings.choose)


def build_deposits(
    settings: ViewSettings, plugins: Plugins, schema: Schema, base: Path
) -> tuple[FileName, ...]:
    """The files that views are re-simulated from; none where views are not re-simulated.

    All is checked that can be before files are read.

    Args:
        settings: of the views.
        plugins: the registries.
        schema: how branches become events.
        base: the folder that relative names start from.

    Raises:
        InputError: a glob matches nothing.
        SettingsError: the detector has no such parameter, or the schema does to hits what the
            detector does not.
        UnknownNameError: the detector is not registered.
    """
    resimulate = settings.resimulate
    if resimulate is None:
        return ()
    detector = plugins.detectors.get(resimulate.detector)
    try:
        detector.draw(1, torch.Generator().manual_seed(0), resimulate.vary)
    except SettingsError as error:
        message = f"views.resimulate.vary: {error}"
        raise SettingsError(message) from error
    changed = [feature.name for feature in schema.features if feature.relative_to != "nothing"]
    if schema.select_hits or changed:
        what = "selects hits" if schema.select_hits else f"shifts {', '.join(changed)}"
        message = (
            f"views.resimulate: the schema {schema.name!r} {what} "
            f"({'select_hits' if schema.select_hits else 'relative_to'}), which the hits that the "
            f"detector makes anew do not undergo\n"
            f"  what to do: take it out of the schema, as in that of the detector"
        )
        raise SettingsError(message)
    return expand_files(
        resimulate.deposits, base=base, sample="views.resimulate.deposits", bad_input=BadInput()
    )


def build_views(
    settings: ViewSettings,
    plugins: Plugins,
    schema: Schema,
    store: EventStore,
    deposits: Sequence[FileName],
    training: Tensor,
) -> ViewSource | None:
    """What gives the hits of views; None for the events as they are.

    Args:
        settings: of the views.
        plugins: the registries.
        schema: how branches became events.
        store: the events.
        deposits: the files of `build_deposits`.
        training: [M] int64, the events that are trained on.

    Raises:
        InputError: a file of deposits cannot be read.
        SettingsError: events, deposits and detector do not fit together.
    """
    if settings.pair:
        return PairedViews(store, settings.pair)
    resimulate = settings.resimulate
    if resimulate is None:
        return None
    return ResimulatedViews(
        store,
        {str(file): read_deposits(file) for file in deposits},
        plugins.detectors.get(resimulate.detector),
        resimulate.vary,
        resimulate.probability,
        required=training,
        columns=[fields.POS, fields.X, *(fields.HIT_PREFIX + name for name in schema.hit_columns)],
    )


def build_method(
    settings: Settings, plugins: Plugins, *, num_features: int, num_classes: int
) -> Method:
    """The method with its encoder, initialised by the seed alone.

    Args:
        settings: of the run.
        plugins: the registries.
        num_features: F, the number of columns of ``x``.
        num_classes: C.

    Raises:
        SettingsError: an option does not fit, or the method needs classes and there are too few.
        UnknownNameError: the encoder or the method is not registered.
    """
    if plugins.methods.get(settings.method.name).needs.labels and num_classes < 2:
        message = (
            f"the method {settings.method.name!r} needs events of at least two classes, the "
            f"samples have {num_classes}: give more samples, or a label rule"
        )
        raise SettingsError(message)
    optimisation = Optimisation(**settings.optimizer.model_dump())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(settings.seed, "weights"))
        encoder: nn.Module = construct(plugins.encoders, settings.encoder, num_features)
        norm = InputNorm(num_features)
        method: Method = construct(
            plugins.methods, settings.method, encoder, norm, num_classes, optimisation
        )
    if settings.edges is not None:
        encoder.edges = construct(plugins.edges, settings.edges)
    return method


def build_validator(settings: Settings, plugins: Plugins) -> Validator | None:
    """What chooses the epoch whose model is kept; None for the last one.

    Raises:
        SettingsError: an option does not fit.
        UnknownNameError: the validator is not registered.
    """
    if settings.select.name == "last":
        return None
    validator: Validator = construct(plugins.validators, settings.select)
    return validator


def build_edges(method: Method) -> EdgeBuilder | None:
    """The edges that the method's encoder wants; None where it wants none."""
    edges: EdgeBuilder | None = getattr(method.encoder, "edges", None)
    return edges
