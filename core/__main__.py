"""`python -m core`: the engine without the browser."""

import sys

from core.cli import main

sys.exit(main())
