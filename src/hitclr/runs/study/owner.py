"""Worker processes end with the process that started them."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

__all__ = ["end_with"]


@cache
def end_with(owner: int) -> None:
    """End this process within a second or so of its parent's end, however that came about.

    A worker that outlived a killed study would go on with a cell that the resumed study runs, too.
    Where joblib has no processes, cells run in the parent itself, and nothing is done.

    Args:
        owner: the number of the parent process.
    """
    if os.getpid() == owner:
        return

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="end with the study", daemon=True).start()
