"""What the C library does with memory that is freed.

glibc takes every block of a few megabytes from the system and gives it back when it is freed. A
training step allocates and frees dozens of them, and each time the system clears all their
pages: that is a third of the processor time of a training.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
KEEP = {M_MMAP_THRESHOLD: 2**30, M_TRIM_THRESHOLD: 2**30, M_TOP_PAD: 2**26}


def keep_freed_memory() -> bool:
    """Keep the blocks that this process frees, for its next allocations; True if glibc does.

    A process then never holds less than it once needed, which suits those that repeat one step.
    It counts for the whole process, so a command asks for it, not the library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return min(mallopt(option, value) for option, value in KEEP.items()) == 1
