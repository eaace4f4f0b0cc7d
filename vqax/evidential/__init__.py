"""Evidential classifiers of images: do they know when they do not know, and where do they look?

Agarwal, Mitra, Kapoor and Sharma, *Visual Explanation to Uncertainty via Gradient based
Localization* (EDL); the losses are those of Sensoy, Kaplan and Kandemir, *Evidential Deep Learning
to Quantify Classification Uncertainty* (NeurIPS 2018). Beside the letters of `vqax`: ``k``
classes, ``c y x`` channels, height and width of an image, ``m`` thresholds.
"""
