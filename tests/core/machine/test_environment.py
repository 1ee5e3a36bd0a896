from core.machine.environment import worker_environment


def test_what_a_gpu_must_know_before_it_starts_is_in_a_workers_environment(monkeypatch):
    for name in ("CUDA_DEVICE_ORDER", "CUBLAS_WORKSPACE_CONFIG", "PYTORCH_ENABLE_MPS_FALLBACK"):
        monkeypatch.delenv(name, raising=False)
    environment = worker_environment()
    assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert environment["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8", "without it cuBLAS refuses to be repeatable"
    assert environment["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    assert worker_environment()["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST", "what people set stays"


def test_a_worker_keeps_freed_memory_unless_told_otherwise(monkeypatch):
    assert worker_environment()["MALLOC_TRIM_THRESHOLD_"] == "2147483647"
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "5")
    monkeypatch.setenv("SOME_SETTING", "kept")
    assert worker_environment()["MALLOC_TRIM_THRESHOLD_"] == "5"
    assert worker_environment()["SOME_SETTING"] == "kept"
