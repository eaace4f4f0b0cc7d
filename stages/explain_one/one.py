"""Questions about one picture: answers, figures and, if asked for, a page."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from stages.explain_one import summary
from stages.explain_one.answer import Asker
from stages.explain_one.files import folder_of, write_question
from stages.explain_one.methods import check_methods
from stages.explain_one.picture import load_upright
from stages.explain_one.question import PREDICTED, ask, check_question
from stages.explain_one.subject import Looked, Subject, chosen_run, load_subject
from stages.params import Params
from stages.workspace import Workspace
from vqax.report.one_picture import unsure
from vqax.report.one_picture_html import write_page


def run(
    params: Params,
    workspace: Workspace,
    name: str | None,
    *,
    image: Path,
    questions: Sequence[str],
    answer: str = PREDICTED,
    methods: Sequence[str] = (),
    out: Path | None = None,
    html: bool = False,
    device: str = "cpu",
    progress: Any = None,
) -> summary.Outcome:
    """Answer ``questions`` about ``image`` and write a figure and the raw maps of each.

    ``answer``: the one to explain, ``predicted``, ``truth`` or a text. ``methods``: members of
    the families; none: the usual ones. Into ``out``, by default
    data/explained/RUN/PICTURE.

    Raises:
        UsageError: an unknown run, method or answer, or a question without a word.
        MissingArtefact: the run is not trained, or there is no such picture.
        BadData: the picture cannot be read, or a file not be written.
    """
    check_methods(methods)
    for question in questions:
        check_question(question)
    name = chosen_run(params, workspace, name)
    picture = load_upright(image)
    subject = load_subject(params, workspace, name, device=device)
    looked = subject.look(image, picture)
    asked = [ask(subject, question) for question in questions]
    asker = Asker(subject, methods)
    explained = asker(looked, [(one, answer) for one in asked], progress)
    folder = folder_of(workspace, name, image.stem, out)
    written = [write_question(one, folder, number) for number, one in enumerate(explained, 1)]
    values = {
        "run": name,
        "picture": str(image),
        "size_px": list(picture.size),
        "grid": list(subject.grid),
        "questions": [
            summary.of_question(*one) for one in zip(explained, asked, written, strict=True)
        ],
        "meanings": summary.meanings(),
        "left_out": {method: list(needs) for method, needs in asker.methods.left_out.items()},
    }
    text = [line for one in zip(explained, written, strict=True) for line in summary.lines(*one)]
    text += [f"{name}: {meaning}" for name, _, meaning in unsure(explained[0])]
    text += summary.left_out_lines(asker.methods.left_out)
    if html:
        page = folder / "page.html"
        write_page(page, explained, _facts(subject, looked))
        values["page"] = str(page)
        text.append(f"page: {page}")
    return summary.Outcome(values, "\n".join(text))


def _facts(subject: Subject, looked: Looked) -> dict[str, str]:
    """What a reader of the page needs to make it again."""
    width, height = looked.picture.size
    rows, columns = subject.grid
    trunk = subject.trunk
    return {
        "picture": f"{looked.path.name}, {width} × {height} px",
        "run": f"{subject.label} ({subject.name}), {type(subject.model).__name__}",
        "data set": subject.dataset,
        "features": f"{trunk.name}, {trunk.input_px} px, {rows} × {columns} cells",
        "uncertainty": f"{subject.samples} dropout samples of the head, seed {subject.seed}",
        "vqax": metadata.version("vqax"),
    }
