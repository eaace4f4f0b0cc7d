import numpy as np
import pytest

from vqax.data.fixations import CANVAS, read_fixations
from vqax.errors import BadData

HEAD = "question_id,annotator,x,y,width,height,duration\n"


def written(folder, text: str):
    path = folder / "31.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_person_s_fixations_are_counted_where_they_fell(tmp_path):
    path = written(
        tmp_path,
        HEAD + "007,a,0,0,6,4,200\n007,a,5.9,3.9,6,4,90\n007,a,5.2,3,6,4,90\n007,b,2,1,6,4,80\n"
        "8,a,1,1,3,3,5\n",
    )
    found = list(read_fixations(path))
    assert [one.name for one in found] == ["007", "007", "8"]
    expected = np.zeros((4, 6))
    expected[0, 0], expected[3, 5] = 1, 2
    np.testing.assert_array_equal(found[0].counts, expected)
    assert found[1].counts[1, 2] == 1
    assert found[2].counts.shape == (3, 3)


def test_without_an_id_the_file_s_name_is_the_question(tmp_path):
    (one,) = read_fixations(written(tmp_path, "x,y,width,height\n1,1,3,2\n-4,1,3,2\n1,2,3,2\n"))
    assert (one.name, one.outside, one.counts.sum()) == ("31", 2, 1)


def test_a_large_image_is_counted_on_a_small_canvas(tmp_path):
    (one,) = read_fixations(written(tmp_path, "x,y,width,height\n3999,1999,4000,2000\n"))
    assert one.counts.shape == (CANVAS // 2, CANVAS)
    assert one.counts[-1, -1] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n", "no column width and no column height"),
        ("x,y,width,height\n1,two,3,4\n", "line 2: y is 'two'"),
        ("x,y,width,height\n1,2,3,4\n1,2,0,4\n", "line 3: width is '0'"),
        ("x,y,width,height\n1,2,3,4\n1,2,5,4\n", "2 sizes"),
        ("", "not a readable CSV"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(tmp_path, text, words):
    with pytest.raises(BadData, match=words) as caught:
        list(read_fixations(written(tmp_path, text)))
    assert "31.csv" in str(caught.value)
