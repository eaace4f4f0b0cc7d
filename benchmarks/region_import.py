"""Import of a TSV of bottom-up features: resident memory and speed, whatever the file's size.

36 boxes of 2,048 channels an image as in the published files (25 GB for COCO train and val).
The peer only reads the same lines and decodes their base64. The issue asks for less than 1 GB.
"""

import argparse
import base64
import csv
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from vqax.vision.imported import import_regions, open_source

BOXES, CHANNELS, DISTINCT = 36, 2048, 32
LIMIT_GB = 1.0


def write_tsv(path: Path, size_gb: float) -> int:
    """Lines of noise until the file is large enough; returns their number."""
    rng = np.random.default_rng(0)
    low = np.sort(rng.uniform(0, 600, (BOXES, 2, 2)), axis=1).reshape(BOXES, 4)
    boxes = base64.b64encode((low + np.array([0, 0, 1, 1])).astype("<f4").tobytes())
    noise = rng.standard_normal((DISTINCT, BOXES, CHANNELS), dtype=np.float32)
    features = [base64.b64encode(one.tobytes()) for one in noise]
    number = 0
    with path.open("wb") as file:
        while file.tell() < size_gb * 1e9:
            head = b"%d\t640\t640\t%d\t" % (number, BOXES)
            file.write(head + boxes + b"\t" + features[number % DISTINCT] + b"\n")
            number += 1
    return number


def read_only(path: Path) -> None:
    """What any reader of the format has to do."""
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="") as file:
        for row in csv.reader(file, delimiter="\t"):
            for field in row[4:]:
                np.frombuffer(base64.b64decode(field), dtype="<f4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="where the file is made; none: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        path = Path(name) / "features.tsv"
        images = write_tsv(path, options.gb)
        started = process_time()
        skipped = import_regions(open_source(path), Path(name) / "regions.h5")
        ours = process_time() - started
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        started = process_time()
        read_only(path)
        peer = process_time() - started
        size_gb = path.stat().st_size / 1e9
    print(
        f"{size_gb:.1f} GB, {images} images, {len(skipped)} left out: {ours:.1f} s of the "
        f"processor, {ours / peer:.2f} times as long as reading alone; resident memory "
        f"{peak_gb:.2f} GB at most (limit {LIMIT_GB:.0f})"
    )
    if peak_gb >= LIMIT_GB:
        sys.exit("the limit is exceeded")


if __name__ == "__main__":
    main()
