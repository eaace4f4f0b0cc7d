"""How long commands take to start, as multiples of Python that does nothing.

Wall time and processor time; the smallest of several runs each. `table` and `doctor` are to stay
at or below 8: they are timed as they answer again what did not change since they answered it.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAIN = "from cli.main import main; main()"
REPEATS = 10
COMMANDS = {
    "--help": ["--help"],
    "table": ["table", "ucam/II", "--study", "ucam"],
    "doctor": ["doctor"],
    "runs": ["runs"],
    "metrics": ["metrics"],
}


def seconds(code: str, arguments: list[str]) -> tuple[float, float]:
    """The smallest wall time and processor time of a process."""
    times = []
    for _ in range(REPEATS):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        times.append((wall, processor))
    walls, processors = zip(*times, strict=True)
    return min(walls), min(processors)


def main() -> None:
    wall, processor = seconds("pass", [])
    print(f"{'python':<8}  {1000 * wall:4.0f} ms")
    for name, arguments in COMMANDS.items():
        walls, processors = seconds(MAIN, arguments)
        print(f"{name:<8}  {walls / wall:5.1f} x wall  {processors / processor:5.1f} x processor")


if __name__ == "__main__":
    main()
