"""Datasets, one file each. A new file that registers a settings class is in the form, the validation and the tests."""

from core.datasets._base import DATASETS, DatasetError, DatasetInfo, DatasetSettings, ImageData, Preparation
from core.settings.registry import import_all

import_all(__name__)

__all__ = ["DATASETS", "DatasetError", "DatasetInfo", "DatasetSettings", "ImageData", "Preparation"]
