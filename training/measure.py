"""nDCG@10 (binary gain), Hit@1 and Recall@20 of rankings of the held-out requests, while training looks on.

The numbers that are published come from the program itself (`report.py`); these choose between checkpoints.
"""

import math

import torch


def ndcg(ranked, gold, k=10):
    gain = sum(1 / math.log2(place + 2) for place, skill in enumerate(ranked[:k]) if skill in gold)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(k, len(gold))))


def measures(rankings, requests):
    """Means over all requests and by style: {style: (nDCG@10, Hit@1, Recall@20, requests)}."""
    found = {}
    for ranked, request in zip(rankings, requests):
        gold = set(request["skills"])
        row = (ndcg(ranked, gold), float(ranked[0] in gold), len(gold & set(ranked[:20])) / len(gold))
        for key in ("all", request["style"]):
            found.setdefault(key, []).append(row)
    return {key: (*[sum(column) / len(rows) for column in zip(*rows)], len(rows)) for key, rows in found.items()}


def show(title, found):
    for style, (gain, hit, recall, count) in sorted(found.items()):
        print(f"{title:24} {style:9} n={count:3}  nDCG@10 {gain:.4f}  Hit@1 {hit:.4f}  Recall@20 {recall:.4f}", flush=True)


def best(scores, order, k=1000):
    """The best k skills of each row of scores [requests, skills]; ties in the order of the pool, as in the program: copies are
    common."""
    rows = torch.sort(torch.as_tensor(scores), dim=1, descending=True, stable=True).indices[:, :k].tolist()
    return [[order[at] for at in row] for row in rows]
