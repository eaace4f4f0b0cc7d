"""Human attention: anybody's maps against anybody's human maps, with ceiling and floors."""

from vqax.alignment.align import align
from vqax.alignment.result import Alignment

__all__ = ["Alignment", "align"]
