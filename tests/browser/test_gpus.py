"""What the pages offer where torch has found GPUs."""

import tempfile

import pytest
from playwright.sync_api import expect

from core.machine.torch_devices import TorchDevice
from core.workers.dispatch import gpu_runs
from tests.browser.conftest import serving
from tests.core.machine.test_torch_devices import torch_said
from tests.helpers import wait_until

pytestmark = pytest.mark.browser


def test_how_many_small_trainings_share_a_gpu_is_chosen_on_the_page_of_the_computer(
    visit, data_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    torch_said(TorchDevice("cuda:0", "NVIDIA H100", "GPU-1", 80 * 10**9))
    runs = tmp_path / "runs"
    runs.mkdir()
    with serving(runs, data_folder) as server:
        page = visit().page
        page.goto(f"{server.url}/system")
        number = page.get_by_role("spinbutton", name="Small trainings at once on a GPU (1 to 8)")
        expect(number).to_have_value("3")
        number.fill("2")
        number.press("Enter")
        wait_until(lambda: gpu_runs(runs) == 2)
        number.fill("9")
        number.press("Enter")
        expect(page.get_by_text("must be")).to_be_visible()
        assert gpu_runs(runs) == 2
