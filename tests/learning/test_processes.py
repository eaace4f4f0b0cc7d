import subprocess
import sys

import pytest

FAULTS_OF_FIVE_BLOCKS = """
import resource, sys
from vqax.learning.processes import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
block = b"x" * 50_000_000
del block
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    block = b"x" * 50_000_000
    del block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(kept: str) -> int:
    """In a process of its own, because the switch counts for a whole process."""
    command = [sys.executable, "-c", FAULTS_OF_FIVE_BLOCKS, kept]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has the switch")
def test_freed_blocks_are_used_again():
    assert 4 * page_faults("kept") < page_faults("not kept")
