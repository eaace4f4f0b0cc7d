"""``vqax explain`` on one image from a cold start: when its first line comes, and when it ends.

With attention and Grad-CAM, of a run that is trained in this folder (argument; mcb_p_gca). Seconds
of the clock, and of the processor for who measures on a busy machine; the median of five.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
MAIN = "from cli.main import main; main()"


class Start(NamedTuple):
    first_line: float
    all: float
    processor: float


def start(run: str, image: Path, out: str) -> Start:
    asked = ["--image", str(image), "--question", "What color is the chair?"]
    methods = ["--method", "attention", "--method", "grad_cam"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", MAIN, "explain", run, *asked, *methods, "--out", out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first = time.perf_counter() - begun
        process.stdout.read()
    if process.returncode or not line:
        raise SystemExit(f"vqax explain {run} failed with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Start(first, time.perf_counter() - begun, spent)


def main() -> None:
    run = sys.argv[1] if len(sys.argv) > 1 else "mcb_p_gca"
    image = min(Path().glob("data/scenes/*/images/val2014/*"))
    with tempfile.TemporaryDirectory() as out:
        starts = [start(run, image, out) for _ in range(ROUNDS + 1)][1:]
    for name, values in zip(Start._fields, zip(*starts, strict=True), strict=True):
        print(f"{name.replace('_', ' '):12s} {statistics.median(values):5.1f} s")


if __name__ == "__main__":
    main()
