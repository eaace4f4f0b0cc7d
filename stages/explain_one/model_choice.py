"""Which model the command line means: a run of params.yaml, or one from a file."""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

from project.params import load
from project.workspace import Workspace
from stages.explain_one.loaded_model import LoadedModel, chosen_run, load_run, loaded_foreign
from stages.explain_one.vision_language import Speech, load_pretrained
from vqax.adapters import Foreign
from vqax.adapters.vision_language import is_pretrained
from vqax.errors import BadData, MissingArtefact, UsageError, VqaxError

REMEDY = "return a vqax.adapters.Foreign: of_forward, of_function, of_vilt or of_blip make one"

ROOT = Path(__file__).resolve().parents[2]
OURS = [ROOT / "cli", ROOT / "stages", ROOT / "vqax"]


class Model(NamedTuple):
    """A trained run by its name, if there is more than one, or a model from elsewhere, ``source``.

    That is FILE.py:FUNCTION, or hf:ORG/NAME or a folder of a vision-language model, which answers
    as ``speech`` says.
    """

    run: str | None = None
    source: str | None = None
    speech: Speech = Speech()

    def load(self, device: str) -> LoadedModel:
        """It, ready to be asked.

        Raises:
            UsageError: no such run, several are trained and none is named, both are given, or the
                file's function returns something else.
            MissingArtefact: the run is not trained, or there is no such file.
            BadData: the file cannot be imported, or weights or features are of other settings.
        """
        if self.source is not None:
            if self.run is not None:
                raise UsageError(f"{self.run} and --model {self.source}: give one of the two")
            if is_pretrained(self.source):
                return load_pretrained(self.source, self.speech, device=device)
            return loaded_foreign(load_foreign(self.source), self.source, device=device)
        params = load()
        workspace = Workspace(groups=params.groups)
        name = chosen_run(params, workspace, self.run)
        return load_run(params, workspace, name, device=device)


def load_foreign(source: str) -> Foreign:
    """What ``FUNCTION()`` of ``FILE.py:FUNCTION`` returns. The file is run, as ``import`` does."""
    file, colon, function = source.rpartition(":")
    if not colon or not file.endswith(".py") or not function:
        raise UsageError(
            f"--model {source}: not of the form FILE.py:FUNCTION or hf:ORG/NAME, and no folder; "
            f"{REMEDY}"
        )
    make = getattr(_imported(Path(file)), function, None)
    if not callable(make):
        raise UsageError(f"--model {source}: {file} has no function {function}; {REMEDY}")
    with _foreign_code(f"{source}: stopped"):
        made = make()
    if not isinstance(made, Foreign):
        raise UsageError(f"--model {source}: returns {type(made).__name__}; {REMEDY}")
    return made


def _imported(path: Path) -> Any:
    """The module in a file, which may import its neighbours."""
    if not path.is_file():
        raise MissingArtefact(f"--model {path}: no such file; name one that is there")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # its name ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with _foreign_code(f"{path}: cannot be imported"):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def told_with_its_line(run: Callable[..., Any]) -> Callable[..., Any]:
    """``run(model, …)``, where a mistake in the model's own code is BadData with file and line."""

    @wraps(run)
    def told(model: Model, **options: Any) -> Any:
        try:
            return run(model, **options)
        except VqaxError:
            raise
        except Exception as error:
            place = None if model.source is None else place_in(error, model.source)
            if place is None:
                raise
            kind = type(error).__name__
            raise BadData(
                f"--model {model.source}: stopped at {place} ({kind}: {error}); mend it, "
                "--debug shows the calls"
            ) from error

    return told


def place_in(error: Exception, source: str) -> str | None:
    """FILE.py:LINE of the user's code nearest to where it stopped; None if none of it ran."""
    home = Path(source.rpartition(":")[0]).resolve().parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename).resolve()
        ours = any(path.is_relative_to(folder) for folder in OURS)
        if path.is_relative_to(home) and not ours and "site-packages" not in path.parts:
            return f"{path.relative_to(home)}:{frame.lineno}"
    return None


@contextmanager
def _foreign_code(what: str) -> Iterator[None]:
    """Whatever code of somebody else's raises is a mistake in that code."""
    try:
        yield
    except VqaxError:
        raise
    except Exception as error:
        raise BadData(
            f"--model {what} ({type(error).__name__}: {error}); mend it, --debug shows where"
        ) from error
