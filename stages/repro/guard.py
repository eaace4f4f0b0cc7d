"""Run a command, and end it with all it has started when standard input ends.

The worker that starts this holds the other end of standard input: however the worker ends, its
stage does not live on beside the one that repeats it elsewhere. A program of its own, run without
site packages, so that it starts in no time.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(command: list[str]) -> int:
    """The exit status of ``command``; 128 and the number of the signal that ended it."""
    # a queue that wants its place back sends SIGTERM to all; what runs saves itself and ends
    signal.signal(signal.SIGTERM, lambda *_: None)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=(process.pid,), daemon=True).start()
    status = process.wait()
    return status if status >= 0 else 128 - status


def _end_with_input(group: int) -> None:
    os.read(0, 1)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
