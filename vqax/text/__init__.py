"""Questions and answers as tokens, vocabularies, soft targets and word vectors."""

from vqax.text.answers import AnswerVocabulary, normalise_answer, soft_scores, soft_target
from vqax.text.glove import WordVectors, glove_6b_50d, read_glove
from vqax.text.tokens import QuestionVocabulary, tokenise

__all__ = [
    "AnswerVocabulary",
    "QuestionVocabulary",
    "WordVectors",
    "glove_6b_50d",
    "normalise_answer",
    "read_glove",
    "soft_scores",
    "soft_target",
    "tokenise",
]
