"""U-CAM written out from its equations: loops over samples, cells, channels, answers and passes.

The slow twins of ``vqax.learning``. Nothing here comes from there but what a twin is given: a
model and the noise. Numbers are float64 tensors without axes, for autograd to pass through.
A ``row`` is one sample's number per answer; ``passes`` has one row per Monte-Carlo pass.
"""

import math

import torch


def softmax(row):
    total = sum(value.exp() for value in row)
    return [value.exp() / total for value in row]


def weights(target):
    """Soft scores that sum to 1; all zero where no annotator's answer is in the vocabulary."""
    total = sum(target)
    return [score / total if total > 0 else 0.0 * score for score in target]


def cross_entropy(row, target):
    return -sum(y * p.log() for y, p in zip(weights(target), softmax(row), strict=True))


def mean_of_passes(passes, entry):
    return sum(row[entry] for row in passes) / len(passes)


def predictive_variance(passes, variances):
    """Equations 4 and 5: one number per variance."""
    probabilities = [softmax(row) for row in passes]
    p = [mean_of_passes(probabilities, c) for c in range(len(passes[0]))]
    entropy = -sum(value * value.log() for value in p)
    return [entropy + mean_of_passes(variances, v) for v in range(len(variances[0]))]


def distorted(passes, variance, noise, scale):
    """Equation 2; one pass is distorted by every noise, of several each by its own."""
    result = []
    for t, drawn in enumerate(noise):
        row = passes[t] if len(passes) > 1 else passes[0]
        result.append([])
        for c, epsilon in enumerate(drawn):
            sigma_squared = variance[c] if len(variance) > 1 else variance[0]
            factor = sigma_squared.sqrt() if scale == "sigma" else sigma_squared
            result[-1].append(row[c] + epsilon * factor)
    return result


def log_mean_exp(rows, target):
    """Equation 3 with a minus sign, for every answer, weighted by its share of the target."""
    loss = 0.0
    for c, y in enumerate(weights(target)):
        inner = 0.0
        for row in rows:
            inner = inner + (row[c] - sum(value.exp() for value in row).log()).exp()
        loss = loss - y * (inner / len(rows)).log()
    return loss


def mean_ce(rows, target):
    """The released code: the mean over the passes of their cross entropies."""
    return sum(cross_entropy(row, target) for row in rows) / len(rows)


def equaliser_eq10(aleatoric, distorting, sigma0_squared):
    """Equation 10, the mean over the variances of the sample."""
    return sum(value.exp() - math.exp(sigma0_squared) for value in aleatoric) / len(aleatoric)


def equaliser_alg1(aleatoric, distorting, sigma0_squared):
    """Algorithm 1, line 14, also the mean over the variances."""
    above = [value.exp() - math.e for value in distorting]
    return sum(value if value > 0 else 0 * value for value in above) / len(above)


def elu(value, alpha):
    return value if value >= 0 else alpha * (value.exp() - 1)


def udl_elu(rows, target, lp, ly, alpha):
    """Equation 11."""
    return elu(lp - ly, alpha)


def udl_alg1(rows, target, lp, ly, alpha):
    """Algorithm 1, line 19: the square of the exponential."""
    return (ly - lp).exp() ** 2


def udl_released_per_sample(rows, target, lp, ly, alpha):
    """The formula of the released code, which takes batch means, for one sample."""
    return sum(-elu(ly - cross_entropy(row, target), alpha) for row in rows) / len(rows)


LIKELIHOODS = {"log_mean_exp": log_mean_exp, "mean_ce": mean_ce}
EQUALISERS = {"eq10": equaliser_eq10, "paper_alg1": equaliser_alg1}
UDL_FORMS = {
    "elu": udl_elu,
    "paper_alg1": udl_alg1,
    "released_per_sample": udl_released_per_sample,
}
"""Of one sample; "released" is of a batch."""


def uncertainty_parts(
    passes,
    variances,
    epsilons,
    target,
    ly,
    *,
    source,
    noise="sigma",
    likelihood="log_mean_exp",
    ve_form="eq10",
    udl_form="elu",
    alpha=1.0,
    sigma0_squared=0.0,
):
    """ul, ve and udl of one sample and the variances they used (Algorithm 1, lines 8 to 20)."""
    aleatoric = [mean_of_passes(variances, v) for v in range(len(variances[0]))]
    variance = predictive_variance(passes, variances) if source == "predictive" else aleatoric
    rows = distorted(passes, variance, epsilons, noise)
    lp = LIKELIHOODS[likelihood](rows, target)
    return {
        "ul": lp,
        "ve": EQUALISERS[ve_form](aleatoric, variance, sigma0_squared),
        "udl": UDL_FORMS[udl_form](rows, target, lp, ly, alpha),
        "variance": sum(aleatoric) / len(aleatoric),
        "noise_variance": sum(variance) / len(variance),
    }


def reduced(reduction, gy, gu, f):
    """The product of equation 6 at one cell: a list of one number, or of one per channel."""
    channels = range(len(f))
    if reduction == "per_channel":
        return [gy[d] * gu[d] for d in channels]
    if reduction == "product":
        return [sum(gy[d] * gu[d] for d in channels)]
    return [sum(gy[d] * f[d] for d in channels) * sum(gu[d] * f[d] for d in channels)]


def certainty_mask(
    gy, gu, f, *, gain=1.0, negative_gain=-10.0, normaliser="softmax", reduction="activation"
):
    """Equations 6 to 8 of one sample; arguments and result are [cell][channel]."""
    rectified = []
    for cell in range(len(f)):
        c = [-gain * float(value) for value in reduced(reduction, gy[cell], gu[cell], f[cell])]
        rectified.append([value if value > 0 else negative_gain * -value for value in c])
    mask = [[0.0] * len(row) for row in rectified]
    for d in range(len(rectified[0])):
        column = [row[d] for row in rectified]
        if normaliser == "softmax":
            column = [math.exp(value - max(column)) for value in column]
        for cell, value in enumerate(column):
            mask[cell][d] = value / sum(column)
    return mask


def losses(model, sample, epsilons, *, samples, options):
    """Ly, the parts of Lu, and the outputs they come from, of a batch of one sample.

    Every pass is a call of the head, or with ``mc_scope`` full of the model.
    """
    forms = {key: value for key, value in options.items() if key not in ("terms", "mc_scope")}
    output = model(sample.visual, sample.tokens)
    outputs, passes, variances = [output], [output.logits[0]], [output.variance[0]]
    if options["source"] == "predictive":
        passes, variances = [], []
        for _ in range(samples):
            if options.get("mc_scope") == "full":
                outputs.append(model(sample.visual, sample.tokens))
                logits, variance = outputs[-1].logits, outputs[-1].variance
            else:
                logits, variance = model.head(output.combined)
            passes.append(logits[0])
            variances.append(variance[0])
    ly = cross_entropy(output.logits[0], sample.targets[0])
    parts = uncertainty_parts(passes, variances, epsilons, sample.targets[0], ly, **forms)
    return ly, parts, outputs


def certain_gradient(model, sample, epsilons, *, samples, eta, options, certainty):
    """d/dθ of Ly + η Lu of one sample with equation 9, in two passes; adds it to ``grad``.

    The first pass makes the mask. The second adds sign · Σ m f, whose gradient at f is the mask.
    """
    certainty = dict(certainty)
    sign, inject = certainty.pop("sign", 1), certainty.pop("inject", "attended")

    def retain_graph():
        model.head.dropout.restart()
        ly, parts, outputs = losses(model, sample, epsilons, samples=samples, options=options)
        lu = sum(parts[term] for term in options.get("terms", ("ul", "ve", "udl")))
        return ly, lu, [getattr(output, inject) for output in outputs]

    def by_cell(values):
        values = values[0].detach()
        return values if values.ndim == 2 else values[:, None]

    ly, lu, nodes = retain_graph()
    (gy,) = torch.autograd.grad(ly, nodes[0], retain_graph=True)
    gu = sum(g for g in torch.autograd.grad(lu, nodes, allow_unused=True) if g is not None)
    mask = certainty_mask(by_cell(gy), by_cell(gu), by_cell(nodes[0]), **certainty)
    ly, lu, nodes = retain_graph()
    pushed = 0.0
    for cell, row in enumerate(mask):
        value = nodes[0][0, cell]
        for d, channel in enumerate(value if value.ndim else [value]):
            pushed = pushed + row[d if len(row) > 1 else 0] * channel
    (ly + eta * lu + sign * pushed).backward()
