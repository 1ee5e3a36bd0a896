"""`python -m core`: the engine without the browser, and the commands that set up and open all of it."""

import sys

from core.cli.setup import begin

if (status := begin(sys.argv[1:])) is not None:
    sys.exit(status)

# before the commands are imported: what starts anew would import them once more
from core.machine.environment import worker_environment  # noqa: E402
from core.machine.posix import begin_anew_in  # noqa: E402

begin_anew_in(worker_environment(), "core")  # a training from the command line is as fast as one from the browser

# what follows needs what has been installed by now
from core.cli.main import main  # noqa: E402
from core.machine.garbage import end_quickly  # noqa: E402

end_quickly()
sys.exit(main())
