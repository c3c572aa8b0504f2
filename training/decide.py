"""Chooses, on the held-out requests, what words are worth beside vectors, how much of stage 1 stays in the final order, and when
nothing fits.

    python training/decide.py --embedder work/embedder --reranker work/reranker --pool work/pool.jsonl

Prints the lines for assets/profiles/builtin.toml, and what they were chosen from. `words` goes into lexical.py too.
"""

import argparse
import pathlib

import numpy

import fits
import lexical
import measure
import network
import requests
from embedder import embed_requests
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


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--embedder", required=True)
    flags.add_argument("--reranker", required=True)
    flags.add_argument("--pool", required=True)
    flags.add_argument("--queries", default=pathlib.Path(__file__).parent / "queries.jsonl")
    args = flags.parse_args()

    skills = requests.read_pool(args.pool)
    _, held, nothing = requests.split(args.queries, skills)
    lists = Shortlists(network.load(args.embedder), skills, network.Reader())
    asked = [row["request"] for row in held + nothing]
    all_cosines = (embed_requests(lists.net, lists.read, asked) @ lists.vectors.T).numpy()
    cosines = all_cosines[: len(held)]
    by_words = lists.words.scores(asked[: len(held)])
    fused = lambda words: measure.best(lexical.fused(cosines, by_words, words), lists.order)
    measure.show("vectors", measure.measures(measure.best(cosines, lists.order), held))
    measure.show("BM25F", measure.measures(measure.best(by_words, lists.order), held))
    words = best_of("fused, words", WORDS, fused, held)

    stage1 = lexical.fused(cosines, by_words, words)
    ranked = measure.best(stage1, lists.order, DEPTH)
    place = {skill: at for at, skill in enumerate(lists.order)}
    stage1 = numpy.array([[row[place[skill]] for skill in found] for row, found in zip(stage1, ranked)])
    pairs, net = Pairs(network.tokenizer()), network.load(args.reranker)
    flat = [pairs.pair(r["request"], lists.texts[s]) for r, found in zip(held, ranked) for s in found]
    scores = score_all(net, flat).numpy().reshape(len(held), DEPTH)
    ranks = numpy.log(numpy.arange(1, DEPTH + 1))
    by_rank = best_of("rank_prior", RANK_PRIORS, lambda prior: reorder(scores - prior * ranks, ranked), held)
    by_score = best_of("score_prior", SCORE_PRIORS, lambda prior: reorder(scores + prior * stage1, ranked), held)
    lengths = numpy.array([[len(pairs.ids(row["request"]))] for row in held])
    with_tokens = lambda each: reorder(scores + (by_score + each * lengths) * stage1, ranked)
    each = best_of("score_prior_per_token", TOKEN_PRIORS, with_tokens, held)

    found = fits.gather(skills, all_cosines, held, nothing)
    fits.show(found, len(asked))
    factors = fits.fitted(found, numpy.full(len(asked), True))
    named = ", ".join(f"{name} = {factor:.3f}" for name, factor in zip(("cosine", "covered", "length", "library", "offset"), factors))
    print(f"\n[embedder]\nfit = {{ {named}, threshold = 0.5 }}")
    print(f"\n[embedder.fusion]\nwords = {words}\n\n[reranker]\nrank_prior = {by_rank}")
    print(f"score_prior = {by_score}\nscore_prior_per_token = {each}")


if __name__ == "__main__":
    main()
