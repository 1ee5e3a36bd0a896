"""What is printed is UTF-8, also where the system takes another encoding."""

import os
import subprocess
import sys

from core.paths import HOME

PROGRAM = """
import os, subprocess, sys
from core.text.encoding import print_utf8
print_utf8()
print("数字 ± \\udc80")
sys.stdout.flush()
del os.environ["PYTHONIOENCODING"]
subprocess.run([sys.executable, "-c", "import sys; print(chr(0x6570), sys.flags.utf8_mode)"], check=True)
"""


def test_what_this_process_prints_and_those_that_it_starts():
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    environment.pop("PYTHONUTF8", None)
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=HOME, env=environment, capture_output=True)
    assert done.stdout.decode().splitlines() == ["数字 ± \\udc80", "数 1"], done.stderr.decode()
