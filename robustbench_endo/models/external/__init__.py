"""Users' own models: files, libraries and factories, each in the Model contract by way of an adapter."""

from robustbench_endo.models.external.class_mapping import ClassMapping, bind
from robustbench_endo.models.external.io_spec import Adapter, adapter_beside, adapter_of, read_adapter
from robustbench_endo.models.external.loaded import LoadedModel
from robustbench_endo.models.external.loaders import load_users

__all__ = ["Adapter", "ClassMapping", "Loaded", "adapter_beside", "adapter_of", "bind", "load_users", "read_adapter"]
