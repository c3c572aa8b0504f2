"""Chooses, on the held-out requests, what words are worth beside vectors, how much of stage 1 stays in the final order, and when
nothing fits.

    python training/decide.py --embedder work/embedder --reranker work/reranker --pool work/pool.jsonl

Prints the lines for assets/profiles/builtin.toml, and what they were chosen from. `words` goes into lexical.py too.
"""

import argparse
import math
import pathlib

import numpy
import torch

import lexical
import measure
import network
import requests
from embedder import TOKENS
from reranker import Pairs, Shortlists, score_all

DEPTH = 20
WORDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
RANK_PRIORS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
TOKEN_PRIORS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
SCORE_PRIORS = (0.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0)


def best_of(title, options, rankings, held):
    """The option whose rankings have the largest sum of nDCG@10 and Hit@1, every option shown."""
    gains = {}
    for option in options:
        found = measure.measures(rankings(option), held)
        measure.show(f"{title} {option}", found)
        gains[option] = found["all"][0] + found["all"][1]
    return max(gains, key=gains.get)


def reorder(weights, ranked):
    """Each list of `ranked` by its row of weights, equal ones as they stand."""
    return [[skills[at] for at in numpy.argsort(-row, kind="stable")] for row, skills in zip(weights, ranked)]


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
    cosines = (network.embed_all(lists.net, encode(asked)) @ lists.vectors.T).numpy()
    best, cosines = cosines.max(axis=1).tolist(), cosines[: len(held)]
    by_words = lists.words.scores(asked[: len(held)])
    fused = lambda words: measure.best(lexical.fused(cosines, by_words, words), lists.order)
    measure.show("vectors", measure.measures(measure.best(cosines, lists.order), held))
    measure.show("BM25F", measure.measures(measure.best(by_words, lists.order), held))
    words = best_of("fused, words", WORDS, fused, held)

    stage1 = lexical.fused(cosines, by_words, words)
    ranked = measure.best(stage1, lists.order, DEPTH)
    place = {skill: at for at, skill in enumerate(lists.order)}
    stage1 = numpy.array([[row[place[skill]] for skill in found] for row, found in zip(stage1, ranked)])
    reader.no_truncation()
    pairs, net = Pairs(reader), network.load(args.reranker)
    flat = [pairs.pair(r["request"], lists.texts[s]) for r, found in zip(held, ranked) for s in found]
    scores = score_all(net, flat).numpy().reshape(len(held), DEPTH)
    ranks = numpy.log(numpy.arange(1, DEPTH + 1))
    by_rank = best_of("rank_prior", RANK_PRIORS, lambda prior: reorder(scores - prior * ranks, ranked), held)
    by_score = best_of("score_prior", SCORE_PRIORS, lambda prior: reorder(scores + prior * stage1, ranked), held)
    lengths = numpy.array([[len(pairs.ids(row["request"]))] for row in held])
    with_tokens = lambda each: reorder(scores + (by_score + each * lengths) * stage1, ranked)
    each = best_of("score_prior_per_token", TOKEN_PRIORS, with_tokens, held)

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
    print(f"\n[embedder]\nfit = {{ slope = {slope:.4f}, offset = {offset:.4f}, threshold = 0.5 }}")
    print(f"\n[embedder.fusion]\nwords = {words}\n\n[reranker]\nrank_prior = {by_rank}")
    print(f"score_prior = {by_score}\nscore_prior_per_token = {each}")


if __name__ == "__main__":
    main()
