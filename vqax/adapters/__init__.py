"""Models from elsewhere behind one face: images and questions in, ``Forward`` out."""

from vqax.adapters.foreign import Foreign, Reading
from vqax.adapters.plain import OpenWords, of_forward, of_function, reader

__all__ = ["Foreign", "OpenWords", "Reading", "of_forward", "of_function", "reader"]
