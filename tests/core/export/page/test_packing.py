"""What a page carries comes out of it as it went in."""

import numpy as np
import pytest

from core.export.page.packing import Packer, Unpacked


def test_words_and_arrays_come_back():
    random = np.random.default_rng(0)
    kept = {
        "f4": random.normal(size=(3, 5)).astype(np.float32),
        "f2": random.normal(size=7).astype(np.float16),
        "u1": random.integers(0, 256, (2, 2, 3), dtype=np.uint8),
        "i1": np.array([-128, 0, 127], dtype=np.int8),
    }
    packer = Packer()
    words = {"places": {kind: packer.add(values, kind) for kind, values in kept.items()}, "names": ["</script>", "Öl"]}
    text = packer.packed(words)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    found = Unpacked(text)
    assert found.words["names"] == words["names"]
    for kind, place in found.words["places"].items():
        assert place["at"] % 4 == 0  # a browser looks at arrays of 4 bytes in place
        assert np.array_equal(found.array(place), kept[kind]) and found.array(place).dtype == kept[kind].dtype


def test_what_is_no_number_is_not_packed_as_one():
    with pytest.raises(ValueError, match="JSON"):
        Packer().packed({"temperature": float("nan")})
