"""What a wheel has beside the library: the command, and the settings that `vqax init` copies.

A wheel adds one top-level name, so they lie in vqax/program, which the command puts on its path
(vqax/__main__.py). An editable install needs no copies: there the clone itself is on the path.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAM = ("cli", "stages", "studies", "project", "profiles")
SETTINGS = ("params.yaml", "dvc.yaml", "tolerances.yaml", ".dvcignore")


class ProgramInWheel(BuildHookInterface):
    """Called by hatchling before it builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            copies = {name: f"vqax/program/{name}" for name in (*PROGRAM, *SETTINGS)}
            build_data["force_include"].update(copies)
