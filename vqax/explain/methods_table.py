"""Which method needs what, and which models have it, as a table for the docs."""

from collections.abc import Mapping

from vqax.explain import EXPLAINERS, WORD_EXPLAINERS


def methods_table(offers: Mapping[str, frozenset[str]]) -> str:
    """A table in Markdown: a row for each method, a column for each kind of model in ``offers``.

    ``offers`` are the needs that a kind meets, and ``cells`` where it has cells.
    """
    header = ["method", "of", "needs", *offers]
    rows = [
        [f"`{name}`", "image", *_meets(explain.needs, offers, image=True)]
        for name, explain in EXPLAINERS.items()
    ]
    rows += [
        [f"`{name}`", "words", *_meets(explain.needs, offers, image=False)]
        for name, explain in WORD_EXPLAINERS.items()
    ]
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _meets(
    needs: frozenset[str], offers: Mapping[str, frozenset[str]], *, image: bool
) -> list[str]:
    """What a method needs, then yes or nothing for each kind of model."""
    wanted = needs | ({"cells"} if image and "pixels" not in needs else set())
    met = ["yes" if wanted <= offered else "" for offered in offers.values()]
    return [", ".join(sorted(needs)) or "answers alone", *met]
