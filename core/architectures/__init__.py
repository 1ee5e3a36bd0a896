"""Architectures, one file each. A new file that registers a settings class is in the form, the validation and the tests."""

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.settings.registry import import_all

import_all(__name__)

__all__ = ["ARCHITECTURES", "ArchitectureSettings", "Shape"]
