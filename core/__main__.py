"""`python -m core`: the engine without the browser."""

import os
import sys

from core.cli.main import main
from core.workers.launch import worker_environment

if os.name == "posix" and not set(worker_environment()) <= set(os.environ):
    # some of it is read when a process starts: a training from the command line is as fast as one from the browser
    os.execve(sys.executable, [sys.executable, "-m", "core", *sys.argv[1:]], worker_environment())
sys.exit(main())
