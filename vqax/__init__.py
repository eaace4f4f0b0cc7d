"""Where a VQA model looks, how sure it is, and whether that agrees with people.

Letters in shape annotations, everywhere in this package:

``b`` batch, ``l`` grid cells or regions, ``h w`` grid height and width, ``d`` visual width,
``t`` tokens of the question, ``a`` answers, ``s`` Monte-Carlo samples, ``k`` boxes,
``q`` width of the question vector, ``c`` width of the combined vector, ``n`` records.
"""
