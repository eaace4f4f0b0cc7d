"""Every figure of the family through the same tests: files, captions, refusals."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.report.figures import frames
from vqax.errors import BadData, UsageError
from vqax.report.figures import FIGURES, GROUPS
from vqax.report.figures.style import PAGE
from vqax.report.figures.write import caption_of, write_section
from vqax.report.frames import Part
from vqax.report.loss_terms import from_history
from vqax.report.svg import inline_svg

MAPS = {
    (7, name): np.eye(2, 3, dtype=np.float32)
    for name in ("where people looked", "baseline", "P-GCA")
}
IMAGE = frames.image()
ARRAYS = {"images": {7: IMAGE}, "maps": MAPS}
SAMPLE_MAPS = frames.sample_maps()
QUESTIONS = frames.questions()
OBJECTS = frames.object_maps()
PARTS = {
    "noise_top5": Part("noise_top5", frames.top5()),
    "noise_flips": Part("noise_flips", frames.flips()),
    "variance_inputs_maps": Part("variance_inputs_maps", frames.map_rows(), ARRAYS),
    "variance_inputs": Part("variance_inputs", frames.metrics()),
    "uncertainty_error": Part("uncertainty_error", QUESTIONS),
    "uncertainty_histograms": Part("uncertainty_histograms", QUESTIONS),
    "top2_distance": Part("top2_distance", QUESTIONS),
    "loss_variance": Part("loss_variance", from_history(frames.history())),
    "mask_comparison": Part("mask_comparison", frames.map_rows(), ARRAYS),
    "ranks": Part("ranks", frames.ranks()),
    "attention_samples": Part(
        "attention_samples", frames.samples(), {"image": IMAGE, "maps": SAMPLE_MAPS}
    ),
    "controls": Part("controls", frames.controls()),
    "training_share": Part("training_share", frames.shares()),
    "detections": Part(
        "detections",
        pd.concat([frames.detections().assign(image_id=k) for k in range(4)]),
        {"images": dict.fromkeys(range(4), IMAGE)},
    ),
    "detection_scores": Part("detection_scores", frames.metrics()),
    "rotated_image": Part(
        "rotated_image", frames.rotated_example(), {"images": np.eye(6)[None].repeat(3, 0)}
    ),
    **{
        name: Part(name, frames.curves())
        for name in ("lambda_sweep", "choices", "ignored", "faithfulness")
    },
    "rotated_curves": Part("rotated_curves", frames.rotated_curves()),
    "ood_example": Part(
        "ood_example",
        frames.rotated_example().query("angle == 0"),
        {"image": np.eye(6)},
    ),
    "ood_histograms": Part("ood_histograms", frames.out_of_distribution()),
    "reliability": Part("reliability", frames.reliability()),
    "rejection": Part("rejection", frames.rejection()),
    "object_maps": Part("object_maps", OBJECTS[0], {"maps": OBJECTS[1]}),
    "threshold_curves": Part("threshold_curves", frames.threshold_curves()),
    "overlap_dots": Part("overlap_dots", frames.metrics()),
    "uncertainty_map_correlation": Part("uncertainty_map_correlation", frames.metrics()),
    "importance_maps": Part("importance_maps", frames.map_rows(), ARRAYS),
    "importance_agreement": Part("importance_agreement", frames.metrics()),
    "word_importance": Part("word_importance", frames.word_kinds()),
    "word_heat": Part("word_heat", frames.words()),
    "answer_changes": Part("answer_changes", frames.metrics()),
    "failure_prediction": Part("failure_prediction", frames.metrics()),
    "topn_sweep": Part("topn_sweep", frames.sweep()),
    "topn_maps": Part("topn_maps", frames.map_rows(), ARRAYS),
}


def group_of(kind):
    return next(name for name, group in GROUPS.items() if kind in group.kinds)


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_is_written_the_same_every_time(kind, tmp_path):
    first = write_section(group_of(kind), [PARTS[kind]], tmp_path / "a")
    again = write_section(group_of(kind), [PARTS[kind]], tmp_path / "b")
    assert first == again
    for name in (f"{kind}.png", f"{kind}.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with Image.open(tmp_path / "a" / f"{kind}.png") as image:
        assert image.width > 600
        assert len(np.unique(np.asarray(image.convert("L")))) > 10


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_refuses_what_it_cannot_draw(kind):
    part = PARTS[kind]
    with pytest.raises(BadData, match="no rows to draw"):
        FIGURES[kind].draw(part.frame[:0], **part.arrays)
    column = FIGURES[kind].columns[-1]
    if column != "n":
        with pytest.raises(BadData, match=f"lacks the columns {column}"):
            FIGURES[kind].draw(part.frame.drop(columns=column), **part.arrays)


@pytest.mark.parametrize("kind", FIGURES)
def test_a_caption_is_filled_in(kind):
    caption = caption_of(kind, PARTS[kind].frame)
    assert caption.endswith(".")
    assert not re.search(r"[{}]|nan|  ", caption)


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_follows_the_pages_colours(kind, tmp_path):
    section = write_section(group_of(kind), [PARTS[kind]], tmp_path)
    inlined = inline_svg(section.drawings[0].svg, prefix="x-", title="t", colours=PAGE)
    assert "currentColor" in inlined
    left = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", inlined))
    assert not left, f"colours that do not follow the theme: {left}"


def test_every_kind_belongs_to_one_figure_and_is_tested_here():
    assert sorted(kind for group in GROUPS.values() for kind in group.kinds) == sorted(FIGURES)
    assert set(PARTS) == set(FIGURES)


def test_captions_count_questions_and_name_them():
    assert "1,500" in caption_of("noise_flips", frames.flips().assign(n=1500))
    assert "24 questions" in caption_of("uncertainty_error", QUESTIONS)
    assert "“What?”" in caption_of("attention_samples", frames.samples())
    fewer = frames.shares()
    fewer.loc[0, "n"] = 12
    assert "12 to 24 test questions" in caption_of("training_share", fewer)


def test_labels_replace_run_names_in_the_drawing(tmp_path):
    labels = {"baseline": "MCB", "P-GCA": "MCB + P-GCA"}
    section = write_section("noise", [PARTS["noise_flips"]], tmp_path, labels=labels)
    assert ">MCB + P-GCA<" in section.drawings[0].svg
    assert "baseline" not in section.drawings[0].svg
    with pytest.raises(BadData, match="the labels MCB name 2 runs"):
        write_section(
            "noise", [PARTS["noise_flips"]], tmp_path, labels={"baseline": "MCB", "P-GCA": "MCB"}
        )


def test_nothing_measured_is_said_and_writes_no_file(tmp_path):
    empty = Part("controls", frames.controls()[:0])
    section = write_section("controls", [empty], tmp_path)
    assert (section.drawings, section.note) == ((), "Not measured in this study.")
    assert list(tmp_path.iterdir()) == []
    noted = write_section("controls", [], tmp_path, note="No control was trained.")
    assert noted.note == "No control was trained."


def test_several_drawings_of_a_kind_need_suffixes(tmp_path):
    part = PARTS["attention_samples"]
    one = Part(part.kind, part.frame, part.arrays, "7")
    other = Part(part.kind, part.frame, part.arrays, "8")
    section = write_section("attention_samples", [one, other], tmp_path)
    assert [drawing.name for drawing in section.drawings] == [
        "attention_samples_7",
        "attention_samples_8",
    ]
    with pytest.raises(UsageError, match="'attention_samples' twice"):
        write_section("attention_samples", [part, part], tmp_path)


def test_a_figure_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no figure 'fig4'; there are .*noise, "):
        write_section("fig4", [], tmp_path)
    with pytest.raises(UsageError, match="has no part 'controls'; it has noise_top5, noise_flips"):
        write_section("noise", [PARTS["controls"]], tmp_path)


def test_the_label_of_nothing_changes_a_frame_without_runs(tmp_path):
    frame: pd.DataFrame = PARTS["mask_comparison"].frame
    part = Part("mask_comparison", frame, ARRAYS)
    assert write_section("mask_comparison", [part], tmp_path, labels={"a": "b"}).drawings
