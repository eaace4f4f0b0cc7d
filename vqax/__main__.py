"""``python -m vqax`` and the command ``vqax``.

A wheel adds one top-level name. The command and what it runs (``cli``, ``stages``, ``studies``,
``project``) lie in its folder ``program``, which only a process of the command has on its path; in
a clone they lie beside this package.
"""

import sys
from importlib import import_module
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def main() -> None:
    """Run the command line."""
    program = PACKAGE / "program"
    sys.path.insert(0, str(program if program.is_dir() else PACKAGE.parent))
    import_module("cli.main").main(prog_name="vqax")


if __name__ == "__main__":
    main()
