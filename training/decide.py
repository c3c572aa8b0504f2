"""Chooses, on the held-out requests, how much of stage 1 stays in the final order and when nothing fits.

    python training/decide.py --embedder work/embedder --reranker work/reranker --pool work/pool.jsonl

Prints the lines for assets/profiles/builtin.toml, and what they were chosen from.
"""

import argparse
import math
import pathlib

import torch

import measure
import network
import requests
from reranker import Pairs, Shortlists, TOKENS, score_all

DEPTH = 20
PRIORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)


def reorder(scores, ranked, prior):
    weights = [score - prior * math.log(place + 1) for place, score in enumerate(scores)]
    return [ranked[i] for i in sorted(range(len(ranked)), key=lambda i: -weights[i])]


def platt(scores, answered):
    """Slope and offset of the logistic curve with the least loss, both classes weighing the same."""
    x, y = torch.tensor(scores, dtype=torch.double), torch.tensor([float(a) for a in answered], dtype=torch.double)
    weight = torch.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    mean, spread = x.mean(), x.std()
    line = torch.tensor([1.0, 0.0], dtype=torch.double, requires_grad=True)
    learner = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        learner.zero_grad()
        curve = line[0] * (x - mean) / spread + line[1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(curve, y, weight)
        value.backward()
        return value

    learner.step(loss)
    slope, offset = line.detach().tolist()
    return slope / spread.item(), offset - slope * (mean / spread).item()


def told_apart(best, answered):
    """The share of pairs, one answerable and one not, in which the answerable one has the higher score (area under ROC)."""
    right, wrong = ([b for b, a in zip(best, answered) if a is which] for which in (True, False))
    return sum((r > w) + 0.5 * (r == w) for r in right for w in wrong) / (len(right) * len(wrong))


def rates(confidences, answered, threshold):
    """(answerable requests refused, unanswerable ones accepted), as shares."""
    refused = [c < threshold for c, a in zip(confidences, answered) if a]
    accepted = [c >= threshold for c, a in zip(confidences, answered) if not a]
    return sum(refused) / len(refused), sum(accepted) / len(accepted)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--embedder", required=True)
    flags.add_argument("--reranker", required=True)
    flags.add_argument("--pool", required=True)
    flags.add_argument("--queries", default=pathlib.Path(__file__).parent / "queries.jsonl")
    args = flags.parse_args()

    reader = network.tokenizer()
    skills = requests.read_pool(args.pool)
    _, held, nothing = requests.split(args.queries, skills)
    reader.enable_truncation(TOKENS)
    encode = lambda texts: [one.ids for one in reader.encode_batch(texts)]
    lists = Shortlists(network.load(args.embedder), skills, encode)
    asked = [row["request"] for row in held + nothing]
    ranked = lists.find(asked[: len(held)], DEPTH)
    best = (network.embed_all(lists.net, encode(asked)) @ lists.vectors.T).max(dim=1).values.tolist()
    reader.no_truncation()
    pairs, net = Pairs(reader), network.load(args.reranker)
    flat = [pairs.pair(r["request"], lists.texts[s]) for r, found in zip(held, ranked) for s in found]
    scores, by_list = score_all(net, flat).tolist(), []
    for found in ranked:
        by_list.append(scores[: len(found)])
        scores = scores[len(found) :]

    measure.show("stage 1", measure.measures(ranked, held))
    gains = {}
    for prior in PRIORS:
        found = measure.measures([reorder(s, r, prior) for s, r in zip(by_list, ranked)], held)
        measure.show(f"rank_prior {prior}", found)
        gains[prior] = found["all"][0] + found["all"][1]
    prior = max(gains, key=gains.get)

    answered = [True] * len(held) + [False] * len(nothing)
    print(f"the best cosine tells {told_apart(best, answered):.3f} of the pairs apart")
    slope, offset = platt(best, answered)
    sure = [1 / (1 + math.exp(-(slope * s + offset))) for s in best]
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        refused, accepted = rates(sure, answered, threshold)
        print(f"threshold {threshold}: {refused:.1%} of the answerable refused, {accepted:.1%} of the others accepted")
    # Each fifth judged by what the other four chose: how the rates carry over.
    folds = []
    for fold in range(5):
        inside = [i for i in range(len(best)) if i % 5 != fold]
        a, b = platt([best[i] for i in inside], [answered[i] for i in inside])
        folds += [(1 / (1 + math.exp(-(a * best[i] + b))), answered[i]) for i in range(fold, len(best), 5)]
    refused, accepted = rates(*zip(*folds), 0.5)
    print(f"five-fold, threshold 0.5: {refused:.1%} of the answerable refused, {accepted:.1%} of the others accepted")
    print(f"\n[embedder]\nfit = {{ slope = {slope:.4f}, offset = {offset:.4f}, threshold = 0.5 }}\n\n[reranker]\nrank_prior = {prior}")


if __name__ == "__main__":
    main()
