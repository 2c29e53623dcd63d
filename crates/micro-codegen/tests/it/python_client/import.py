"""Imports packages, and resolves all that they offer and say of their types."""

import dataclasses
import importlib
import sys
import typing

folder, *packages = sys.argv[1:]
sys.path.insert(0, folder)
for name in packages:
    package = importlib.import_module(name)
    assert package.__all__, name
    for offered in package.__all__:
        value = getattr(package, offered)
        if dataclasses.is_dataclass(value):
            assert typing.get_type_hints(value) or not dataclasses.fields(value)
            assert value() == value(), offered
