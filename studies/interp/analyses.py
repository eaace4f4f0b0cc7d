"""What Interp is measured by: importance of pixels and of words."""

from studies.interp import images, words

ANALYSES = {
    "interp_images": images.run,
    "interp_words": words.run,
}
