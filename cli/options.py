"""Options that many commands share."""

import os
from typing import Any

import click


def change_folder(_ctx: click.Context, option: click.Parameter, folder: str | None) -> None:
    """Work in ``folder``, as ``make -C`` does; None: stay."""
    if folder is None:
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise click.BadParameter(
            f"{folder}: {error.strerror}; name a folder that exists", param=option
        ) from error


FOLDER_NAMES = ["-C", "working_folder"]
FOLDER_SETTINGS: dict[str, Any] = {
    "metavar": "FOLDER",
    "callback": change_folder,
    "expose_value": False,
    "is_eager": True,
    "help": "Work in this folder instead of the current one.",
}
folder_option: Any = click.option(*FOLDER_NAMES, **FOLDER_SETTINGS)
