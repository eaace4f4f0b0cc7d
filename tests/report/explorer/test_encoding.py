"""What an explorer's page holds, before a browser sees it."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.report.explorer.sample import GRID, HUMAN, explorer_content
from tests.report.sample import HOSTILE
from tests.report.test_html import Page
from vqax.errors import BadData
from vqax.report.explorer import write_explorer
from vqax.report.explorer.data import columns, in_script
from vqax.report.explorer.eight_bit import eight_bit, places
from vqax.report.explorer.measures import measures, values
from vqax.report.explorer.write import SCRIPTS, part_starts
from vqax.report.overlay import prob_scale


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(2, 4)),
        elements=st.floats(-4, 4, width=32),
    )
)
def test_a_byte_is_the_map_of_the_report_to_half_a_step(raw_maps):
    for raw_map, drawn in zip(raw_maps, eight_bit(raw_maps), strict=True):
        np.testing.assert_allclose(drawn / 255, prob_scale(raw_map), atol=0.5 / 255 + 1e-6)


def test_a_question_without_a_map_takes_no_bytes_and_has_no_place():
    raw_maps = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    assert places(raw_maps) is None
    raw_maps[1] = np.nan
    assert places(raw_maps) == [0, -1, 1]
    assert eight_bit(raw_maps).shape == (2, 2, 2)


def test_the_columns_say_what_the_runs_answered():
    content = explorer_content()
    found = columns(content, measures(content))
    assert found["pair"] == ["run_1", "run_0"]
    run = found["runs"][2]
    texts = [run["answer"]["texts"][code] for code in run["answer"]["codes"]]
    assert texts == list(content.runs[2].answers["answer"])
    assert [found["image_id"][place] for place in found["image"]] == list(
        content.questions["image_id"]
    )
    assert found["human_answers"][0][0][1] == 8
    assert found["human_shape"] == list(HUMAN)
    assert run["methods"]["grad_cam"] == {"name": "Grad-CAM", "shape": list(GRID), "places": None}
    assert found["runs"][0]["methods"]["attention"]["places"][-1] == -1
    assert found["human"][-1] == -1


def test_a_measure_that_no_run_has_is_not_offered():
    content = explorer_content()
    assert measures(content) == [
        *["accuracy_official", "entropy", "aleatoric", "attention_rank_correlation"]
    ]
    assert values(content.runs[0].answers, "aleatoric") is None
    assert values(content.runs[0].answers, "margin") is None
    kept = values(content.runs[1].answers.assign(entropy=[np.nan, *[1.23456] * 29]), "entropy")
    assert kept == [None, *[1.235] * 29]


def test_a_frame_without_its_columns_is_named():
    content = explorer_content()
    with pytest.raises(BadData, match="explorer: questions: lacks the columns truth"):
        replace(content, questions=content.questions.drop(columns="truth"))


def test_data_cannot_end_their_script():
    text = in_script({"question": "</script><!-- \u2028"})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"question": "</script><!-- \u2028"}


def test_the_page_fetches_nothing_and_runs_one_script(tmp_path: Path):
    (path,) = write_explorer(tmp_path, "scenes", explorer_content(), report="../report.html")
    text = path.read_text(encoding="utf-8")
    parsed = Page(text)
    kinds = [script.get("type") for script in parsed.all("script")]
    assert kinds.count(None) == 1
    assert not any("src" in script for script in parsed.all("script"))
    assert HOSTILE not in text
    assert parsed.all("link") == [{"rel": "icon", "href": "data:,"}]
    assert "url(" not in text
    for source in json.loads(text.split('id="images">')[1].split("</script>")[0]):
        assert source.startswith("data:image/webp;base64,")


def test_every_map_is_in_the_page_byte_for_byte(tmp_path: Path):
    content = explorer_content()
    (path,) = write_explorer(tmp_path, "scenes", content)
    text = path.read_text(encoding="utf-8")
    block = text.split('data-maps="2/grad_cam">')[1].split("</script>")[0]
    expected = eight_bit(content.runs[2].maps["grad_cam"]).tobytes()
    assert base64.b64decode(block) == expected


def test_the_same_content_gives_the_same_bytes(tmp_path: Path):
    first, second = (
        write_explorer(tmp_path / name, "scenes", explorer_content())[0].read_bytes()
        for name in ("a", "b")
    )
    assert first == second


def test_a_large_study_is_divided_into_parts_that_name_each_other(tmp_path: Path):
    content = explorer_content(questions=60)
    (tmp_path / "scenes.part9.html").write_text("of an earlier, larger study", encoding="utf-8")
    paths = write_explorer(tmp_path, "scenes", content, megabytes=0.02)
    assert len(paths) > 2
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    ids: list[int] = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        ids += json.loads(text.split('id="data">')[1].split("</script>")[0])["question_id"]
        parts = [a["href"] for a in Page(text).all("a") if a.get("class") == "part"]
        assert parts == [other.name for other in paths if other != path]
    assert ids == list(content.questions["question_id"])


def test_parts_cover_every_question_once_however_small_they_are():
    content = explorer_content(questions=9)
    images = dict.fromkeys(map(int, content.questions["image_id"]), "x" * 100)
    assert part_starts(content, images, 1) == list(range(10))
    assert part_starts(content, images, 10**9) == [0, 9]


def test_the_page_has_every_script_of_its_folder():
    from vqax.report.explorer.write import PAGE

    assert {path.stem for path in PAGE.glob("*.js")} == set(SCRIPTS)
