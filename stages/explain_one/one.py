"""Questions about one picture: answers, figures and, if asked for, a page."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from stages.explain_one import summary
from stages.explain_one.answer import Asker
from stages.explain_one.asked import Model, told_with_its_line
from stages.explain_one.eyes import Looked
from stages.explain_one.files import folder_of, write_question
from stages.explain_one.methods import check_methods
from stages.explain_one.question import PREDICTED, ask, check_question
from stages.explain_one.subject import Subject
from stages.explain_one.summary import Say, quiet
from vqax.data.pictures import load_upright
from vqax.ownership import OwnFiles
from vqax.report.one_picture import Explained


@told_with_its_line
def run(
    model: Model,
    *,
    image: Path,
    questions: Sequence[str],
    answer: str = PREDICTED,
    methods: Sequence[str] = (),
    out: Path | None = None,
    html: bool = False,
    panels: bool = False,
    device: str = "cpu",
    progress: Any = None,
    say: Say = quiet,
) -> summary.Summary:
    """Answer ``questions`` about ``image`` and write a figure and the raw maps of each.

    ``answer``: the one to explain, ``predicted``, ``truth`` or a text. ``methods``: members of
    the families; none: the usual ones. Into ``out``, by default data/explained/MODEL/PICTURE.
    Answers are said before any map is made.

    Raises:
        UsageError: an unknown run, method or answer, or a question without a word.
        MissingArtefact: the run is not trained, or there is no such picture.
        BadData: the picture cannot be read, or a file cannot be written or is not ours to
            replace.
    """
    check_methods(methods)
    for question in questions:
        check_question(question)
    picture = load_upright(image)
    subject = model.load(device)
    looked = subject.eyes.look(image, picture)
    asked = [ask(subject, question) for question in questions]
    asker = Asker(subject, methods)
    opening = [f"{subject.label} looks at {image}, {picture.width} × {picture.height} px"]

    def answered(one: Explained) -> None:
        say("\n".join([*opening, *summary.lines(one)]))
        opening.clear()

    explained = asker(
        looked,
        [(one, answer) for one in asked],
        progress,
        answered,
    )
    own = OwnFiles(folder_of(subject.name, image.stem, out))
    written = [
        write_question(one, own, number, panels=panels) for number, one in enumerate(explained, 1)
    ]
    values = {
        "run": subject.name,
        "picture": str(image),
        "size_px": list(picture.size),
        "grid": list(subject.grid or ()),
        "questions": [
            summary.of_question(*one) for one in zip(explained, asked, written, strict=True)
        ],
        "meanings": summary.meanings(),
        "left_out": {method: list(needs) for method, needs in asker.methods.left_out.items()},
    }
    for text in summary.closing(explained[0], written, asker.methods.left_out):
        say(text)
    if html:
        from vqax.report.one_picture_html import write_page

        page = own.folder / "page.html"
        own.claim(page)
        write_page(page, explained, _facts(subject, looked))
        values["page"] = str(page)
        say(f"page: {page}")
    return values


def _facts(subject: Subject, looked: Looked) -> dict[str, str]:
    """What a reader of the page needs to make it again."""
    width, height = looked.picture.size
    sampled = hasattr(subject.model, "head")
    return {
        "picture": f"{looked.path.name}, {width} × {height} px",
        **subject.facts,
        "uncertainty": f"{subject.samples} dropout samples of the head, seed {subject.seed}"
        if sampled
        else "of one pass: the model has no head that could be sampled",
        "vqax": metadata.version("vqax"),
    }
