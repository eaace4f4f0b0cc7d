"""Questions about one image: answers, figures and, if asked for, a page."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from stages.explain_one import summary
from stages.explain_one.loaded_model import LoadedModel
from stages.explain_one.methods import check_methods
from stages.explain_one.model_choice import Model, told_with_its_line
from stages.explain_one.output import folder_of, write_question
from stages.explain_one.question import PREDICTED, ask, check_question
from stages.explain_one.summary import Say, quiet
from stages.explain_one.vision import VisualInput
from stages.explain_one.vision_language import answerer_of
from vqax.data.images import load_upright
from vqax.ownership import OwnFiles
from vqax.report.one_image import Explained


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
        MissingArtefact: the run is not trained, or there is no such image.
        BadData: the image cannot be read, or a file cannot be written or is not ours to
            replace.
    """
    check_methods(methods)
    for question in questions:
        check_question(question)
    photograph = load_upright(image)
    loaded = model.load(device)
    visual_input = loaded.encoder.encode(image, photograph)
    encoded = [ask(loaded, question) for question in questions]
    answerer = answerer_of(loaded, methods)
    opening = [f"{loaded.label} looks at {image}, {photograph.width} × {photograph.height} px"]

    def answered(one: Explained) -> None:
        say("\n".join([*opening, *summary.lines(one)]))
        opening.clear()

    explained = answerer(
        visual_input,
        [(one, answer) for one in encoded],
        progress,
        answered,
    )
    own = OwnFiles(folder_of(loaded.name, image.stem, out))
    written = [
        write_question(one, own, number, panels=panels) for number, one in enumerate(explained, 1)
    ]
    values = {
        "run": loaded.name,
        "image": str(image),
        "size_px": list(photograph.size),
        "grid": list(loaded.grid or ()),
        "questions": [
            summary.of_question(*one) for one in zip(explained, encoded, written, strict=True)
        ],
        "meanings": summary.meanings(),
        "left_out": {method: list(needs) for method, needs in answerer.methods.left_out.items()},
    }
    for text in summary.closing(explained[0], written, answerer.methods.left_out):
        say(text)
    if html:
        from vqax.report.one_image_html import write_page

        page = own.folder / "page.html"
        own.claim(page)
        write_page(page, explained, _facts(loaded, visual_input))
        values["page"] = str(page)
        say(f"page: {page}")
    return values


def _facts(loaded: LoadedModel, visual_input: VisualInput) -> dict[str, str]:
    """What a reader of the page needs to make it again."""
    width, height = visual_input.image.size
    sampled = hasattr(loaded.model, "head")
    return {
        "image": f"{visual_input.path.name}, {width} × {height} px",
        **loaded.facts,
        "uncertainty": f"{loaded.samples} dropout samples of the head, seed {loaded.seed}"
        if sampled
        else "of one pass: the model has no head that could be sampled",
        "vqax": metadata.version("vqax"),
    }
