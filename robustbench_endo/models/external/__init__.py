"""Users' own models: files, libraries and factories, wrapped so that they meet the Model contract."""

from robustbench_endo.models.external.class_mapping import ClassMapping, bind
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel, find_io_spec, parse_io_spec, read_io_spec
from robustbench_endo.models.external.loaders import load_external

__all__ = [
    "ClassMapping",
    "IOSpec",
    "LoadedModel",
    "bind",
    "find_io_spec",
    "load_external",
    "parse_io_spec",
    "read_io_spec",
]
