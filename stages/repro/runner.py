"""What runs the commands of stages: another engine is another class with two methods."""

from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple, Protocol


class Job(NamedTuple):
    """The commands of one stage, run in ``folder`` one after another until one fails.

    When the last one has ended well, and before anybody is told, ``receipt`` is written
    (``stages.repro.receipts``): so what was made is known even if nobody is left to be told.
    """

    stage: str
    commands: tuple[str, ...]
    folder: Path
    outs: tuple[str, ...]
    inputs: str


class LeftOver(NamedTuple):
    """A stage that an earlier ``vqax repro`` began and that runs still."""

    stage: str
    inputs: str
    status: Future[int]


class Runner(Protocol):
    """Runs jobs; how many at a time is its own affair."""

    def submit(self, job: Job) -> Future[int]:
        """Begin the job; its exit status, in time."""

    def left_over(self) -> list[LeftOver]:
        """What runs already although nobody here has submitted it."""

    def stop(self, stage: str) -> None:
        """End the job of a stage, whatever it has come to."""
