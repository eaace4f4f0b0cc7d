"""HINT, SCR, CSS and the rest a sample, region and answer at a time, from their definitions.

Slow twins of ``vqax.learning``. Numbers are float64 tensors without axes, for autograd.
"""

import torch

from tests.learning.hinted import one


def bce(logits, target):
    """Summed over the answers, of one sample."""
    total = 0.0
    for x, y in zip(logits, target, strict=True):
        p = torch.sigmoid(x)
        total = total - y * p.log() - (1 - y) * (1 - p).log()
    return total


def run(model, sample):
    """The output for one sample whose regions gradients can be taken at."""
    return model(sample.visual.detach().clone().requires_grad_(), sample.tokens)


def influence(output, score):
    (slope,) = torch.autograd.grad(score, output.visual, create_graph=True)
    return [sum(slope[0, k, d] for d in range(slope.shape[2])) for k in range(slope.shape[1])]


def given(output, sample):
    pairs = zip(output.logits[0], sample.targets[0].tolist(), strict=True)
    return sum(x for x, y in pairs if y > 0)


def ranking(importance, hints, ties):
    """Violations of the order of the hints, over the number of regions."""
    total, count = 0.0, len(hints)
    if max(hints) <= 0:
        return total
    for i in range(count):
        for j in range(count):
            ahead = hints[i] >= hints[j] if ties else hints[i] > hints[j]
            if ahead and importance[j] > importance[i]:
                total = total + (importance[j] - importance[i])
    return total / count


def hint(model, batch, ties=True):
    answers, losses = [], []
    for b in range(len(batch.tokens)):
        sample = one(batch, b)
        output = run(model, sample)
        answers.append(bce(output.logits[0], sample.targets[0]))
        found = influence(output, given(output, sample))
        losses.append(ranking(found, sample.hints[0].tolist(), ties))
    return mean(answers), mean(losses)


def att_align(model, batch, form):
    answers, losses = [], []
    for b in range(len(batch.tokens)):
        sample = one(batch, b)
        output = run(model, sample)
        answers.append(bce(output.logits[0], sample.targets[0]))
        hints, loss = sample.hints[0].tolist(), 0.0
        if form == "rank":
            loss = ranking(list(output.attention[0]), hints, True)
        else:
            for h, a in zip(hints, output.attention[0], strict=True):
                if h > 0:
                    loss = loss + h / sum(hints) * (torch.as_tensor(h / sum(hints) / a).log())
        losses.append(loss)
    return mean(answers), mean(losses)


def scr(model, batch, proposals, bucket):
    """Answer, strengthening and self-critical loss; margin, threshold and minimum as released."""
    answers, stronger, critical = [], [], []
    for b in range(len(batch.tokens)):
        sample = one(batch, b)
        output = run(model, sample)
        answers.append(bce(output.logits[0], sample.targets[0]))
        e, hints = influence(output, given(output, sample)), sample.hints[0].tolist()
        threshold = sorted(hints, reverse=True)[proposals] - 1e-5
        threshold += 0.1 if threshold < 0.2 else 0.0
        key = [h > threshold for h in hints]
        order = sorted(range(len(hints)), key=lambda k: (-hints[k], k))
        losses = []
        for place, j in enumerate(order[:proposals]):
            total = torch.zeros(())
            for other, k in enumerate(order):
                first, second = (j, k) if place < other else (k, j)
                short = 1e-4 - (e[first] - e[second])
                if key[first] and not key[second] and short > 0:
                    total = total + short
            losses.append(total)
        nonzero = [k for k, value in enumerate(losses) if value.item() > 1e-7]
        chosen = order[0]
        if nonzero:
            enough = min(losses[k].item() for k in nonzero) * (1 + 1e-5) + 1e-7
            least = next(k for k in nonzero if losses[k].item() <= enough)
            stronger.append(losses[least])
            chosen = order[least]
        logits = output.logits[0]
        right = torch.sigmoid(logits[int(sample.targets[0].argmax())])
        for a in sorted(range(len(logits)), key=lambda a: -logits[a].item())[:bucket]:
            likelier = torch.sigmoid(logits[a]) - right
            if likelier > 0:
                gap = influence(output, logits[a])[chosen] - e[chosen]
                critical.append(likelier * gap * key[chosen])
    return mean(answers), mean(stronger), mean(critical)


def mean(values):
    return sum(values) / len(values)


def critical_regions(slopes, hints, candidates, order):
    chosen = sorted(range(len(hints)), key=lambda k: (-hints[k], k))[:candidates]
    ordered = sorted(chosen, key=lambda k: -slopes[k])
    weights = torch.tensor([10 * slopes[k] for k in ordered], dtype=torch.float64).softmax(0)
    count, mass = 0, 0.0
    for weight in weights.tolist():
        mass += weight
        count += mass <= 0.65
    taken = ordered if order == "gradient" else chosen
    return sorted(taken[: max(1, count)])


def css_regions(model, batch, candidates, order):
    """The mean counterfactual loss, and the critical regions of each sample."""
    losses, critical = [], []
    for b in range(len(batch.tokens)):
        sample = one(batch, b)
        output = run(model, sample)
        slopes = [value.item() for value in influence(output, given(output, sample))]
        critical.append(critical_regions(slopes, sample.hints[0].tolist(), candidates, order))
        others = [k for k in range(len(slopes)) if k not in critical[-1]]
        positive = model(sample.visual[:, critical[-1]], sample.tokens).logits[0]
        negative = model(sample.visual[:, others], sample.tokens).logits[0]
        losses.append(bce(negative, unsure(positive, sample.targets[0].tolist())))
    return mean(losses), critical


def unsure(logits, target):
    found = logits.tolist()
    sure = sorted(range(len(target)), key=lambda a: -found[a])[:5]
    return [0.0 if a in sure else y for a, y in enumerate(target)]


def css_words(model, batch, slopes, count):
    """The mean over the samples with a word that is not of the type; ``slopes`` of its words."""
    losses, critical = [], []
    for b in range(len(batch.tokens)):
        sample, tokens = one(batch, b), batch.tokens[b].tolist()
        words = [t for t, token in enumerate(tokens) if token != 0]
        content = words[int(batch.question_type_words[b]) :]
        critical.append(sorted(content, key=lambda t: -float(slopes[b][t]))[:count])
        if not content:
            continue
        kept = [1 if t in content and t not in critical[-1] else k for t, k in enumerate(tokens)]
        lost = [1 if t in critical[-1] else k for t, k in enumerate(tokens)]
        positive = model(sample.visual, torch.tensor([kept])).logits[0]
        negative = model(sample.visual, torch.tensor([lost])).logits[0]
        losses.append(bce(negative, unsure(positive, sample.targets[0].tolist())))
    return mean(losses), [sorted(row) for row in critical]
