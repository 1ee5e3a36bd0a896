"""Names of the things a run is made of: name -> settings class, registered beside the thing itself."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Generic, TypeVar

from core.settings.settings import Problem, Settings, SettingsError, parse

S = TypeVar("S", bound=type[Settings])


class Registry(Generic[S]):
    """All settings classes of one kind (architectures, datasets, optimizers ...), in the order of registration."""

    def __init__(self, kind: str, default: str = ""):
        """`default` is the name of what is taken when nobody chooses."""
        self.kind, self.default = kind, default
        self._classes: dict[str, S] = {}

    def register(self, settings_class: S) -> S:
        """Class decorator; the class has a `name` field (a Literal) and a `label`. Raises ValueError on a duplicate."""
        name = settings_class.model_fields["name"].default  # type: ignore[call-overload]
        if name in self._classes:
            other = self._classes[name]
            raise ValueError(
                f"{self.kind} '{name}' is registered twice: {other.__module__} and {settings_class.__module__}"
            )
        self._classes[name] = settings_class
        return settings_class

    def names(self) -> list[str]:
        """In the order of registration."""
        return list(self._classes)

    def items(self) -> list[tuple[str, S]]:
        """(name, settings class) in that order."""
        return list(self._classes.items())

    def get(self, name: str) -> S:
        """The class of that name. Raises SettingsError that lists the known names."""
        if name not in self._classes:
            known = ", ".join(self._classes)
            raise SettingsError(
                [Problem(self.kind, f"Unknown {self.kind} '{str(name)[:60]}'; choose one of: {known}.")]
            )
        return self._classes[name]

    def parse(self, data: Any) -> Settings:
        """Settings made from `{"name": ..., field: value}` or from a bare name. Raises SettingsError."""
        if isinstance(data, Settings):
            return data
        if isinstance(data, str):
            data = {"name": data}
        name = data.get("name") if isinstance(data, dict) else data
        return parse(self.get(name if isinstance(name, str) else str(name)), data, self.kind)


def import_all(package: str) -> None:
    """Imports every module of a package (names that begin with `_` excepted), so that each registers itself."""
    path = importlib.import_module(package).__path__
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
