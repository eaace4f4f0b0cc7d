"""``vqax methods`` and ``vqax metrics``: the families, told by what they declare themselves."""

import inspect
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

import studies

CITATION = re.compile(r"\(([^()]*\b(?:19|20)\d\d\b[^()]*)\)")
Entry = dict[str, Any]


def methods() -> dict[str, Entry]:
    """Explainer -> what its map is of, what it needs, its source, and a sentence."""
    from vqax.explain import EXPLAINERS, WORD_EXPLAINERS

    return {
        name: {
            "of": of,
            "needs": sorted(explainer.needs),
            "source": source_of(explainer.compute),
            "meaning": sentence_of(explainer.compute),
        }
        for of, family in (("image", EXPLAINERS), ("words", WORD_EXPLAINERS))
        for name, explainer in family.items()
    }


def metrics() -> dict[str, dict[str, Entry]]:
    """Family -> metric -> its unit, which values are better, its source, and a sentence."""
    from vqax.evaluation.measures import MEASURES
    from vqax.metrics.alignment import ALIGNMENT_METRICS
    from vqax.metrics.catalogue import FAMILIES

    declared = {
        family.__name__.rpartition(".")[2].replace("_", " "): {
            name: {
                "unit": metric.unit,
                "better": metric.better,
                "source": "" if metric.compute is None else source_of(metric.compute),
                "meaning": metric.meaning or metric.name,
            }
            for name, metric in family.METRICS.items()
        }
        for family in FAMILIES
    }
    return {
        **declared,
        "alignment (vqax align)": _formulas(ALIGNMENT_METRICS.items()),
        "faithfulness (vqax faithfulness)": _formulas(MEASURES.items()),
    }


def _formulas(members: Iterable[tuple[str, Any]]) -> dict[str, Entry]:
    """Of metrics that are declared with a formula and a source."""
    return {
        name: {
            "unit": metric.unit,
            "better": metric.direction,
            "source": metric.source,
            "meaning": metric.formula,
        }
        for name, metric in members
    }


def source_of(member: Any) -> str:
    """Where it comes from, as its docstring or that of its module says: (Selvaraju et al. 2017).

    Otherwise the paper of this repository that the module names; "" where none is named.
    """
    texts = (inspect.getdoc(member) or "", _module_doc(member))
    for text in texts:
        if citation := CITATION.search(text.replace("\n", " ")):
            return citation[1]
    return next((paper for text in texts for paper in _papers() if paper in text), "")


def sentence_of(member: Any) -> str:
    """The first sentence of its module: what the method is."""
    return " ".join(_module_doc(member).partition("\n\n")[0].split())


def _module_doc(member: Any) -> str:
    """The docstring of the module that a function, or the class of a callable object, is in."""
    return sys.modules[getattr(member, "__module__", "")].__doc__ or ""


@cache
def _papers() -> tuple[str, ...]:
    """Names of the papers as their tables give them: U-CAM, AttReg …"""
    return tuple(studies.captions().papers.values())
