"""Users' own models: files, libraries and factories, each in the Model contract by way of an adapter."""

from robustbench_endo.models.users.adapter import Adapter
from robustbench_endo.models.users.adapter_file import adapter_beside, adapter_of, read_adapter
from robustbench_endo.models.users.class_mapping import ClassMapping, bind
from robustbench_endo.models.users.loaded import Loaded
from robustbench_endo.models.users.loaders import load_users

__all__ = ["Adapter", "ClassMapping", "Loaded", "adapter_beside", "adapter_of", "bind", "load_users", "read_adapter"]
