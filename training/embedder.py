"""Trains the bi-encoder.

    python training/embedder.py --base CHECKPOINT --pool work/pool.jsonl --out work/embedder [--steps 970]

Each step: BATCH requests (written ones and ones made from the skills), their documents, and for one in EVERY a document that is
near. The loss is a softmax over all documents of the step, and one over the whole pool as it was when it was last read (`Bank`); those
that may be right are masked (`requests.Same`). The second teaches the request's side only, but has all likely wrong answers.
The right answer of it is as old as the wrong ones: with a new one, the network learns to tell new vectors from old ones.
State is kept under OUT (loop.py); the same command goes on from there.
"""

import random

import torch
from torch.nn import functional

import lexical
import loop
import measure
import network
import requests

# EVERY so many requests get a hard negative.
BATCH, EVERY, WRITTEN = 64, 2, 44
# The profile reads 256 tokens. Training on the first 192 of a document costs a quarter less; the base saw 128.
TOKENS, TRAINED_TOKENS = 256, 192
# A longer request is read in so many parts at most: its last line may be the one that tells, and a text of 512 tokens in one is
# read worse than the mean of two.
PARTS = 8
TEMPERATURE = 0.04
# The pool is read again after so many steps.
FRESH = 150
# Where a hard negative comes from (papers.md 2.5: 4 neighbours, 3 BM25, 2 same group, 1 random).
SOURCES = {"near": 4, "lexical": 3, "group": 2, "random": 1}


class Negatives:
    """A wrong document for a request; never one of `never`, or the network would learn that the held-out skills are wrong."""

    def __init__(self, skills, order, never, same, words, seed):
        self.order, self.never, self.same, self.words, self.random = order, never, same, words, random.Random(seed)
        self.groups = {}
        for skill in order:
            self.groups.setdefault(skill.split("/")[0], []).append(skill)

    def pick(self, text, gold):
        by_words = self.words.rank(text[:1000], 24)
        for _ in range(40):
            source = self.random.choices(list(SOURCES), SOURCES.values())[0]
            one = self.random.choice(gold)
            options = {
                "near": self.same.neighbours[one][:24],
                "lexical": by_words,
                "group": self.groups[one.split("/")[0]],
                "random": self.order,
            }[source]
            other = self.random.choice(options) if options else None
            if other and other not in self.never and not self.same.any(gold, other):
                return other
        return None


class Bank:
    """The vectors of the whole pool, [skills, hidden], of when it was last read. Held-out skills are never wrong answers."""

    def __init__(self, vectors, order, never):
        self.vectors, self.row = vectors, {skill: row for row, skill in enumerate(order)}
        self.never = [self.row[skill] for skill in never]

    def loss(self, left, golds, owners, same):
        """Requests' vectors [requests, hidden], all their right skills, and the one of these that is looked for."""
        logits = left @ self.vectors.T / TEMPERATURE
        mask = torch.zeros_like(logits, dtype=torch.bool)
        mask[:, self.never] = True
        right = torch.tensor([self.row[owner] for owner in owners])
        for line, gold, one in zip(mask, golds, right):
            line[[self.row[skill] for one in gold for skill in same.of[one]]] = True
            line[one] = False
        return functional.cross_entropy(logits.masked_fill(mask, float("-inf")), right)


class Batches:
    """What a step trains on: tokens of requests and documents, and the mask of what may be right."""

    def __init__(self, args, skills, read):
        self.skills, self.read = skills, read
        trained, self.held, _ = requests.split(args.queries, skills, args.lines)
        self.never = {skill for request in self.held for skill in request["skills"]}
        self.written = {}
        for request in trained:
            self.written.setdefault(request["style"], []).append(request)
        self.maker = requests.Maker(skills, self.never, args.seed)
        self.random = random.Random(args.seed)
        self.order = list(skills)
        self.texts = {i: requests.document(s) for i, s in skills.items()}
        self.words = lexical.Lexical(skills)

    def mine(self, net, seed):
        """Neighbours of every skill by the network as it is now."""
        vectors = network.embed_all(net, self.read([self.texts[i] for i in self.order], TOKENS))
        same = requests.Same(self.skills, vectors)
        self.bank = Bank(vectors, self.order, self.never)
        self.negatives = Negatives(self.skills, self.order, self.never, same, self.words, seed)

    def next(self):
        rows = []
        # Every style as often as the others.
        for style in self.random.choices(list(self.written), k=WRITTEN):
            request = self.random.choice(self.written[style])
            rows.append((request["request"], request["skills"], None, requests.document))
        for skill in self.random.sample(self.maker.order, BATCH - len(rows)):
            rows.append(self.maker.make(skill))
        documents, owners, right = [], [], []
        for number, (text, gold, document, _) in enumerate(rows):
            positive = gold[0] if document else self.random.choice(gold)
            right.append(len(documents))
            documents.append(document or self.texts[positive])
            owners.append(positive)
            other = self.negatives.pick(text, gold) if number % EVERY == 0 else None
            if other:
                documents.append(self.texts[other])
                owners.append(other)
        mask = torch.zeros(len(rows), len(documents), dtype=torch.bool)
        for row, (_, gold, _, _) in enumerate(rows):
            for column, owner in enumerate(owners):
                mask[row, column] = column != right[row] and self.negatives.same.any(gold, owner)
        encoded = self.read(documents, TRAINED_TOKENS)
        over_pool = lambda left: self.bank.loss(left, [gold for _, gold, *_ in rows], [owners[at] for at in right], self.negatives.same)
        return self.read.parts([text for text, *_ in rows], TOKENS, PARTS), encoded, torch.tensor(right), mask, over_pool


def embed_requests(net, read, asked):
    """Vectors of requests [requests, hidden], as the profile has them."""
    parts, owners = read.parts(asked, TOKENS, PARTS)
    return network.mean_of(network.embed_all(net, parts), owners)


def look(net, data, title):
    """The held-out requests over the pool as it was just read."""
    asked = [request["request"] for request in data.held]
    cosines = (embed_requests(net, data.read, asked) @ data.bank.vectors.T).numpy()
    measure.show(title + " dense", measure.measures(measure.best(cosines, data.order), data.held))
    both = measure.best(lexical.fused(cosines, data.words.scores(asked)), data.order)
    measure.show(title + " fused", measure.measures(both, data.held))


def main():
    args = loop.arguments(steps=970, seed=1)
    skills = requests.read_pool(args.pool)
    data = Batches(args, skills, network.Reader())
    print(f"{len(skills)} skills, {sum(map(len, data.written.values()))} written requests, {len(data.held)} held out", flush=True)

    training = loop.Training(args, cross=False)
    net = training.net
    for step in training.steps():
        if step == training.done or step % FRESH == 0:
            data.random, data.maker.random = random.Random(args.seed + step), random.Random(args.seed - step)
            data.mine(net, args.seed + step)
            look(net, data, f"step {step}")
        (asked, owners), documents, right, mask, over_pool = data.next()
        with torch.autocast("cpu", torch.bfloat16):
            left, across = network.mean_of(net.embed(asked), owners), net.embed(documents)
        logits = (left @ across.T / TEMPERATURE).masked_fill(mask, float("-inf"))
        training.learn(step, functional.cross_entropy(logits, right) + over_pool(left))
    data.mine(net, args.seed)
    look(net, data, f"step {args.steps}")


if __name__ == "__main__":
    main()
