"""Trains the cross-encoder on what stage 1 really finds.

    python training/reranker.py --base work/embedder --embedder work/first --lines 1731: --pool work/pool.jsonl --out work/reranker

Requests are the written ones of `--lines` and MADE ones; each is searched by the bi-encoder of `--embedder` and by words, as the
program does. That bi-encoder must not have been trained on these written requests: it would find them as it finds no
stranger's, and the network would learn to leave everything to it. A list is one right skill that was found and
NEGATIVES others of the first DEPTH, those that may be right too left out. Loss: cross-entropy over the list of what the
program sorts by, the network's score and PRIOR of stage 1's, so that it learns what stage 1 does not know (of the score alone
for made requests, which stage 1 finds by the very words that they were made of); and a little binary cross-entropy of the score
alone, so that one score means the same for every request.

Every skill must be wrong about as often as others for each time that it is right, or the network learns which skills are right
and not which requests they are for: so written requests are searched among the skills that written requests need, and made
ones, whose skills are drawn at random, in the whole pool without the held-out skills.

State is kept under OUT (loop.py); the same command goes on from there.
"""

import random

import torch
from torch.nn import functional

import embedder
import lexical
import loop
import measure
import network
import requests

LISTS, NEGATIVES, WRITTEN, MADE, DEPTH = 8, 7, 0.7, 6000, 24
# Less than the 20 that was best for the network before: the stage 1 that is shipped is better than the one that is trained
# against. decide.py chooses the profile's score_prior anew.
PRIOR = 15.0
# What the profile reads of a pair. A list is trained on its request and one of these many tokens of the skills, at most TOKENS
# together: what a skill is for stands at its beginning, and more pairs teach more than longer ones, but what is never seen is not
# learned.
TOKENS, TRAINED_DOCUMENT = 320, (144, 280)
LOOK, POINTWISE = 200, 0.3


def longest_first(request, document, limit):
    """Lengths that stay when the longer text loses first (transformers' longest_first; src/text/tokens.rs)."""
    if request + document <= limit:
        return request, document
    half = limit // 2
    if min(request, document) <= half:
        return (limit - document, document) if request > document else (request, limit - request)
    return (limit - half, half) if request > document else (half, limit - half)


class Pairs:
    """`[CLS] request [SEP] document [SEP]` of texts that are tokenised once."""

    def __init__(self, reader):
        self.reader, self.known = reader, {}
        self.start, self.end = reader.token_to_id("[CLS]"), reader.token_to_id("[SEP]")

    def ids(self, text):
        if text not in self.known:
            self.known[text] = self.reader.encode(text, add_special_tokens=False).ids[:TOKENS]
        return self.known[text]

    def pair(self, request, document, limit=TOKENS):
        a, b = self.ids(request), self.ids(document)
        na, nb = longest_first(len(a), len(b), limit - 3)
        ids = [self.start, *a[:na], self.end, *b[:nb], self.end]
        return ids, [0] * (na + 2) + [1] * (nb + 1)


@torch.no_grad()
def score_all(net, pairs, budget=8192):
    out = torch.empty(len(pairs))
    with torch.autocast("cpu", torch.bfloat16):
        for batch in network.batches([len(ids) for ids, _ in pairs], budget):
            out[batch] = net.score([pairs[i] for i in batch])
    return out


class Shortlists:
    """Stage 1 as the program runs it: vectors and BM25, fused; the lists are read 1,000 deep."""

    def __init__(self, net, skills, read):
        self.net, self.read, self.skills, self.order = net, read, skills, list(skills)
        self.texts = {i: requests.document(s) for i, s in skills.items()}
        self.vectors = network.embed_all(net, read([self.texts[i] for i in self.order], embedder.TOKENS))
        self.words = lexical.Lexical(skills)

    def scores(self, asked):
        """[requests, skills]: what the shortlist is sorted by."""
        cosines = embedder.embed_requests(self.net, self.read, asked) @ self.vectors.T
        return lexical.fused(cosines.numpy(), self.words.scores(asked))

    def find(self, asked, depth):
        """For each request its best skills and their scores, {skill: score}, best first."""
        found, row = [], {skill: row for row, skill in enumerate(self.order)}
        for start in range(0, len(asked), 256):
            scores = self.scores(asked[start : start + 256])
            for line, ranked in zip(scores, measure.best(scores, self.order, depth)):
                found.append({skill: float(line[row[skill]]) for skill in ranked})
        return found


def look(net, pairs, lists, held, title, priors=(0.0, 5.0, 10.0, 15.0, 20.0, 30.0)):
    """The held-out shortlists of 20, reordered: by the network alone and with so much of stage 1's score."""
    flat = [pairs.pair(r["request"], lists.texts[s]) for r, ranked in zip(held, lists.held) for s in ranked]
    scores, at, by_list = score_all(net, flat).tolist(), 0, []
    for ranked in lists.held:
        by_list.append(scores[at : at + len(ranked)])
        at += len(ranked)
    measure.show(f"{title} stage 1", measure.measures([list(ranked) for ranked in lists.held], held))
    for prior in priors:
        ordered = [
            [s for _, s in sorted((-(x + prior * ranked[s]), s) for x, s in zip(xs, ranked))]
            for xs, ranked in zip(by_list, lists.held)
        ]
        measure.show(f"{title} prior {prior}", measure.measures(ordered, held))


class Lists:
    """Lists to train on: pairs of ids and stage 1's scores, one right skill first."""

    def __init__(self, skills, written, made, same, pairs, seed):
        """`written` (by style), `made`: requests as `Maker` makes them, each with its shortlist."""
        self.skills, self.same, self.pairs, self.draw = skills, same, pairs, random.Random(seed)
        self.written, self.made = written, made

    def next(self):
        while True:
            # Every style as often as the others.
            kind = self.written[self.draw.choice(list(self.written))] if self.draw.random() < WRITTEN else self.made
            (text, gold, document, edit), ranked = self.draw.choice(kind)
            wrong = [s for s in ranked if not self.same.any(gold, s)]
            found = [s for s in gold[: 1 if document else None] if s in ranked]
            if len(wrong) < NEGATIVES or not found:
                continue
            # The top of the list twice as often as its end.
            picked = self.draw.sample(wrong[:10], 4)
            picked += self.draw.sample([skill for skill in wrong if skill not in picked], NEGATIVES - len(picked))
            right = self.draw.choice(found)
            texts = [document or requests.document(self.skills[right]), *(edit(self.skills[s]) for s in picked)]
            limit = min(TOKENS, len(self.pairs.ids(text)) + self.draw.choice(TRAINED_DOCUMENT))
            return [self.pairs.pair(text, other, limit) for other in texts], [ranked[s] for s in [right, *picked]]


def loss_of(scores, stage1):
    """Both [lists, 1 + NEGATIVES], the right one first."""
    target = torch.zeros_like(scores)
    target[:, 0] = 1.0
    listwise = functional.cross_entropy(scores + PRIOR * stage1, torch.zeros(len(scores), dtype=torch.long))
    return listwise + POINTWISE * functional.binary_cross_entropy_with_logits(scores, target)


def lists_of(args, skills, stage1, pairs, seed):
    """What is trained on, as the head of this file says."""
    trained, held, _ = requests.split(args.queries, skills, args.lines)
    never = {skill for request in held for skill in request["skills"]}
    needed = {skill for row in trained for skill in row["skills"]}
    among = Shortlists(stage1.net, {i: s for i, s in skills.items() if i in needed}, stage1.read)
    written = {}
    for row, ranked in zip(trained, among.find([row["request"] for row in trained], DEPTH)):
        written.setdefault(row["style"], []).append(((row["request"], row["skills"], None, requests.document), ranked))
    maker, draw = requests.Maker(skills, never, args.seed), random.Random(args.seed)
    made = [maker.make(draw.choice(maker.order)) for _ in range(MADE)]
    whole = stage1.find([text for text, *_ in made], DEPTH + 8)
    whole = [dict.fromkeys([skill for skill in ranked if skill not in never][:DEPTH], 0.0) for ranked in whole]
    print(f"{len(trained)} written requests, {len(made)} made ones, {len(held)} held out", flush=True)
    same = requests.Same(skills, stage1.vectors)
    return Lists(skills, written, list(zip(made, whole)), same, pairs, seed), held


def main():
    args = loop.arguments(steps=2000, seed=2, more=["--embedder"])
    skills = requests.read_pool(args.pool)
    training, pairs = loop.Training(args, cross=True), Pairs(network.tokenizer())
    stage1 = Shortlists(network.load(args.embedder or args.base), skills, network.Reader())
    lists, held = lists_of(args, skills, stage1, pairs, args.seed + training.done)
    stage1.held = stage1.find([row["request"] for row in held], 20)
    for step in training.steps():
        drawn = [lists.next() for _ in range(LISTS)]
        with torch.autocast("cpu", torch.bfloat16):
            scores = training.net.score([pair for listed, _ in drawn for pair in listed])
        training.learn(step, loss_of(scores.view(LISTS, NEGATIVES + 1), torch.tensor([known for _, known in drawn])))
        if (step + 1) % LOOK == 0 or step + 1 == args.steps:
            look(training.net, pairs, stage1, held, f"step {step + 1}")
    network.save_mean(sorted(training.kept.iterdir()), args.out, cross=True)


if __name__ == "__main__":
    main()
