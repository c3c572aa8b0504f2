"""Trains the cross-encoder on what stage 1 really finds.

    python training/reranker.py --base work/embedder --pool work/pool.jsonl --out work/reranker [--steps 1150]

Requests are the written ones and MADE ones; each is searched by the bi-encoder of `--base` and by BM25, fused. A list is one right skill and NEGATIVES of the first DEPTH, those that may be right too left out. Loss:
cross-entropy over the list, and a little binary cross-entropy, so that one score means the same for every request.

Every skill must be wrong about as often as others for each time that it is right, or the network learns which skills are right
and not which requests they are for: so written requests are searched among the skills that written requests need, and made
ones, whose skills are drawn at random, in the whole pool without the held-out skills.

State is saved as in embedder.py.
"""

import argparse
import math
import pathlib
import random
import time

import torch
from torch.nn import functional

import lexical
import measure
import network
import requests

LISTS, NEGATIVES, WRITTEN, MADE, DEPTH = 8, 7, 0.5, 6000, 24
# The profile reads 256 tokens of a pair.
TOKENS, TRAINED_TOKENS = 256, 224
RATE, WARMUP, SAVE, LOOK, POINTWISE = 6e-5, 0.08, 50, 200, 0.3


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

    def __init__(self, net, skills, encode):
        self.net, self.encode, self.skills, self.order = net, encode, skills, list(skills)
        self.texts = {i: requests.document(s) for i, s in skills.items()}
        texts = [self.texts[i] for i in self.order]
        self.vectors = network.embed_all(net, encode(texts))
        self.words = lexical.Lexical(self.order, texts)

    def find(self, asked, depth):
        dense = measure.rank(network.embed_all(self.net, self.encode(asked)), self.vectors, self.order, 1000)
        return [ranked[:depth] for ranked in measure.fuse([dense, self.words.rank(asked, 1000)], depth=1000)]


def look(net, pairs, lists, held, title, priors=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)):
    """The held-out shortlists of 20, reordered: by the network alone and with a prior of rank (`- λ ln rank`)."""
    flat = [pairs.pair(r["request"], lists.texts[s]) for r, ranked in zip(held, lists.held) for s in ranked]
    scores, at, by_list = score_all(net, flat).tolist(), 0, []
    for ranked in lists.held:
        by_list.append(scores[at : at + len(ranked)])
        at += len(ranked)
    measure.show(f"{title} stage 1", measure.measures(lists.held, held))
    for prior in priors:
        ordered = [
            [s for _, s in sorted(((-(x - prior * math.log(i + 1)), s) for i, (x, s) in enumerate(zip(xs, ranked))))]
            for xs, ranked in zip(by_list, lists.held)
        ]
        measure.show(f"{title} prior {prior}", measure.measures(ordered, held))


class Lists:
    """Lists to train on: pairs of ids, one right skill first."""

    def __init__(self, skills, written, made, same, pairs, seed):
        """`written`, `made`: requests as `Maker` makes them, each with its shortlist."""
        self.skills, self.same, self.pairs, self.draw = skills, same, pairs, random.Random(seed)
        self.written, self.made = written, made

    def next(self):
        while True:
            kind = self.written if self.draw.random() < WRITTEN else self.made
            (text, gold, document, edit), ranked = self.draw.choice(kind)
            wrong = [s for s in ranked if not self.same.any(gold, s)]
            if len(wrong) < NEGATIVES:
                continue
            # The top of the list twice as often as its end.
            picked = self.draw.sample(wrong[:10], 4)
            picked += self.draw.sample([skill for skill in wrong if skill not in picked], NEGATIVES - len(picked))
            right = gold[0] if kind is self.made else self.draw.choice(gold)
            texts = [document or requests.document(self.skills[right]), *(edit(self.skills[s]) for s in picked)]
            return [self.pairs.pair(text, other, TRAINED_TOKENS) for other in texts]


def loss_of(scores):
    """scores: [lists, 1 + NEGATIVES], the right one first."""
    target = torch.zeros_like(scores)
    target[:, 0] = 1.0
    listwise = functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))
    return listwise + POINTWISE * functional.binary_cross_entropy_with_logits(scores, target)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--base", required=True)
    flags.add_argument("--pool", required=True)
    flags.add_argument("--queries", default=pathlib.Path(__file__).parent / "queries.jsonl")
    flags.add_argument("--out", type=pathlib.Path, required=True)
    flags.add_argument("--steps", type=int, default=1150)
    flags.add_argument("--seed", type=int, default=2)
    flags.add_argument("--threads", type=int, default=2)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    reader = network.tokenizer()
    skills = requests.read_pool(args.pool)
    trained, held, _ = requests.split(args.queries, skills)
    never = {skill for request in held for skill in request["skills"]}
    cut = lambda texts: [ids[: TOKENS - 1] + ids[-1:] if len(ids) > TOKENS else ids for ids in (e.ids for e in reader.encode_batch(texts))]
    stage1 = Shortlists(network.load(args.base), skills, cut)
    needed = {skill for row in trained for skill in row["skills"]}
    among = Shortlists(stage1.net, {i: s for i, s in skills.items() if i in needed}, cut)
    maker, draw = requests.Maker(skills, never, args.seed), random.Random(args.seed)
    made = [maker.make(draw.choice(maker.order)) for _ in range(MADE)]
    written = [(row["request"], row["skills"], None, requests.document) for row in trained]
    shortlists = among.find([text for text, *_ in written], DEPTH), stage1.find([text for text, *_ in made], DEPTH + 8)
    shortlists = shortlists[0], [[s for s in ranked if s not in never][:DEPTH] for ranked in shortlists[1]]
    same, pairs = requests.Same(skills, stage1.vectors), Pairs(reader)

    net = network.load(args.base)
    learner = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    state, done = args.out / "state.pt", 0
    if state.exists():
        kept = torch.load(state, weights_only=False)
        net.load_state_dict(kept["net"])
        learner.load_state_dict(kept["learner"])
        done = kept["done"]
    args.out.mkdir(parents=True, exist_ok=True)
    lists = Lists(skills, list(zip(written, shortlists[0])), list(zip(made, shortlists[1])), same, pairs, args.seed + done)
    stage1.held = stage1.find([row["request"] for row in held], 20)
    print(f"{len(trained)} written requests, {len(made)} made ones, {len(held)} held out", flush=True)
    began, losses = time.time(), []
    for step in range(done, args.steps):
        for group in learner.param_groups:
            progress = (step + 1) / args.steps
            group["lr"] = RATE * min(progress / WARMUP, (1 - progress) / (1 - WARMUP))
        with torch.autocast("cpu", torch.bfloat16):
            scores = net.score([pair for _ in range(LISTS) for pair in lists.next()])
        loss = loss_of(scores.view(LISTS, NEGATIVES + 1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        learner.step()
        learner.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if (step + 1) % 20 == 0:
            print(f"step {step + 1} loss {sum(losses[-20:]) / 20:.3f} {time.time() - began:.0f} s", flush=True)
        if (step + 1) % SAVE == 0 or step + 1 == args.steps:
            kept = {"net": net.state_dict(), "learner": learner.state_dict(), "done": step + 1}
            torch.save(kept, state.with_suffix(".part"))
            state.with_suffix(".part").rename(state)
            network.save(net, args.out, cross=True)
        if (step + 1) % LOOK == 0 or step + 1 == args.steps:
            look(net, pairs, stage1, held, f"step {step + 1}")


if __name__ == "__main__":
    main()
