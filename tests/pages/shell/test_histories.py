"""What is read once for all visitors is read again when its file is another one."""

import os

from pages.components.shell.histories import changed_at


def test_a_file_of_the_same_moment_and_another_size_is_another_one(tmp_path):
    path = tmp_path / "best.pt"
    seen = {changed_at(path)}
    for content in (b"1", b"22"):
        path.write_bytes(content)
        os.utime(path, ns=(5, 5))
        seen.add(changed_at(path))
    assert seen == {(0, 0), (5, 1), (5, 2)}
