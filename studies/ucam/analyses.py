"""What U-CAM is measured by beyond maps and scores."""

from studies.ucam import attention_samples, explanation_masks, noise

ANALYSES = {
    "explanation_masks": explanation_masks.run,
    "noise": noise.run,
    "attention_samples": attention_samples.run,
}
