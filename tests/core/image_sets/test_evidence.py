"""What was found out of own pictures lies beside the dataset."""

import pytest

from core.image_sets.evidence import TRANSFER, Evidence, evidence_of, keep_evidence
from tests.core.image_sets.test_suggest import SEEN, looked
from tests.own import own_dataset


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    return own_dataset(tmp_path / "data", tmp_path, {"dots": 110, "rings": 110})


def test_evidence_that_is_damaged_is_none_and_that_without_times_is_not_complete(dataset):
    keep_evidence(dataset, 1, SEEN)
    assert evidence_of(dataset) == SEEN and not SEEN.is_complete()
    assert looked(seconds={TRANSFER: 3.0}).is_complete() and Evidence().is_complete()
    (dataset.folder / "probe1.json").write_text("[1")
    assert evidence_of(dataset) is None
