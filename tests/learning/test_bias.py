import numpy as np

from vqax.data.records import Example
from vqax.learning.bias import answer_bias
from vqax.text.answers import AnswerVocabulary

VOCABULARY = AnswerVocabulary(("yes", "no", "2"))


def example(kind, *answers):
    return Example(1, 1, "is it?", kind, "other", answers[0], answers)


def test_bias_is_the_mean_soft_score_of_a_type():
    examples = [
        example("is it", *["yes"] * 10),
        example("is it", *["no"] * 2, *["yes"] * 8),
        example("is it", *["maybe"] * 10),
        example("how many", *["two"] * 3, *["3"] * 7),
    ]
    bias = answer_bias(iter(examples), VOCABULARY)
    assert set(bias) == {"is it", "how many"}
    np.testing.assert_allclose(bias["is it"], [2 / 3, 0.6 / 3, 0.0], rtol=1e-6)
    np.testing.assert_allclose(bias["how many"], [0.0, 0.0, 0.9], rtol=1e-6)
    assert bias["is it"].dtype == np.float32


def test_a_type_whose_answers_are_all_outside_has_zeros():
    bias = answer_bias([example("what is", *["maybe"] * 10)], VOCABULARY)
    assert bias["what is"].tolist() == [0.0, 0.0, 0.0]
