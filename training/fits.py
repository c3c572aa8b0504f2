"""Whether anything in a library fits: a logistic curve (Platt) over what stage 1 puts first, in libraries of many sizes.

    confidence = 1 / (1 + e^-(cosine · its cosine + covered · share of the request's words, by idf, that it covers
                             + length · ln(1 + the request's words) + library · ln(skills) + offset))

The same as src/model/decision.rs. The best cosine alone grows with the library: what refuses 16 % of the answerable requests in the
pool of 6,703 skills refuses 26 % in 800 of them and 31 % in 30.
"""

import random

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lexical

# Skills in a library -> libraries of that size that are drawn. Every size weighs the same.
LIBRARIES = {30: 24, 150: 12, 800: 6, 2500: 3}
# Up to this size half of a library, at most, is made of skills that requests need, half of those skills at most: at random too
# few requests could be answered. So few others hardly answer the rest of the requests; larger libraries may, and tell nothing of them.
PLANTED = 400
FOLDS, DRAWS, SEED = 5, 4, 0


def weighed(words, skills):
    """Every word's idf, and that of a word that no skill has."""
    having = numpy.asarray((words.weights > 0).sum(axis=1)).ravel()
    idf = lambda count: numpy.log(1 + (skills - count + 0.5) / (count + 0.5))
    return idf(having), idf(0)


def evidence(cosines, words, asked):
    """[requests, 4]: cosine of the first skill, share that it covers, ln(1 + words of the request), ln(skills).
    `cosines` [requests, skills of `words`]."""
    first = lexical.fused(cosines, words.scores(asked), lexical.WORDS).argmax(axis=1)
    idf, unknown = weighed(words, len(words.order))
    rows = []
    for row, (skill, request) in enumerate(zip(first, lexical.tokens(asked))):
        distinct = set(request)
        known = [words.known[word] for word in distinct if word in words.known]
        whole = idf[known].sum() + unknown * (len(distinct) - len(known))
        covered = words.weights[known, skill].sum() / whole if distinct else 0.0
        rows.append((cosines[row, skill], covered, numpy.log1p(len(distinct)), numpy.log(len(words.order))))
    return numpy.array(rows)


def libraries(order, gold, picked):
    """(size, rows of the pool) of every library that is drawn, the whole pool last."""
    needed = [sorted(skills) for skills in gold]
    half = len(set().union(*gold)) // 2
    for size, draws in LIBRARIES.items():
        for _ in range(draws if size < len(order) else 0):
            rows = set()
            for skills in picked.sample(needed, len(needed)) if size <= PLANTED else ():
                if len(rows) < min(size // 2, half):
                    rows.update(skills)
            others = (row for row in picked.sample(range(len(order)), len(order)) if row not in rows)
            yield size, sorted([*rows, *(row for row, _ in zip(others, range(size - len(rows))))])
    yield len(order), list(range(len(order)))


def gather(skills, cosines, held, nothing):
    """Evidence of every request in every library that is drawn, {size: [(evidence, answer)]}: the answer is 1 where all skills
    that the request needs are there, 0 where it needs none, and -1 where it needs others."""
    order, asked = list(skills), [row["request"] for row in held + nothing]
    place = {skill: row for row, skill in enumerate(order)}
    gold = [{place[skill] for skill in row["skills"]} for row in held]
    found = {}
    for size, rows in libraries(order, gold, random.Random(SEED)):
        there = set(rows)
        answer = [1 if needed <= there else -1 for needed in gold] + [0] * len(nothing)
        words = lexical.Lexical({order[row]: skills[order[row]] for row in rows})
        found.setdefault(size, []).append((evidence(cosines[:, rows], words, asked), numpy.array(answer)))
    return found


def fitted(found, among):
    """The five factors, offset last, with the least loss over the requests of `among` [requests of bool]; every size and, within
    it, both answers weigh the same."""
    x, y, weight = [], [], []
    for size, drawn in found.items():
        unanswered = lambda answer: (answer == 0) | ((answer < 0) & (size <= PLANTED))
        for side, which in ((0.0, unanswered), (1.0, lambda answer: answer == 1)):
            seen = numpy.concatenate([seen[among & which(answer)] for seen, answer in drawn])
            x.append(seen)
            y.append(numpy.full(len(seen), side))
            weight.append(numpy.full(len(seen), 1.0 / max(len(seen), 1)))
    x, y, weight = (numpy.concatenate(rows) for rows in (x, y, weight))
    # Without a penalty, and of numbers that are alike in size: the solver stops early otherwise.
    curve = make_pipeline(StandardScaler(), LogisticRegression(C=numpy.inf, max_iter=1000))
    scaler, line = curve.fit(x, y, logisticregression__sample_weight=weight / weight.mean())
    factors = line.coef_[0] / scaler.scale_
    return [*factors, line.intercept_[0] - factors @ scaler.mean_]


def confidence(seen, factors):
    return 1 / (1 + numpy.exp(-(seen @ numpy.array(factors[:-1]) + factors[-1])))


def show(found, requests, threshold=0.5):
    """How the rates carry over: each fold of the requests judged by what was fitted to the others, means over libraries; and the area
    under ROC, the share of pairs of an answerable and an unanswerable request that are told apart."""
    rows = {size: [] for size in found}
    for draw in range(DRAWS):
        fold = numpy.random.default_rng(draw).permutation(requests) % FOLDS
        factors = [fitted(found, fold != at) for at in range(FOLDS)]
        for size, drawn in found.items():
            for seen, answer in drawn:
                sure = numpy.choose(fold, [confidence(seen, of) for of in factors])
                wrong = (sure >= threshold) & (answer < 1)
                rows[size].append((
                    roc_auc_score(answer[answer >= 0], sure[answer >= 0]),
                    (sure < threshold)[answer == 1].mean(),
                    wrong[answer == 0].mean(),
                    wrong.sum() - wrong[answer == 0].sum(),
                    (answer < 0).sum(),
                ))
    for size, seen in rows.items():
        apart, refused, accepted, elsewhere, absent = numpy.array(seen).mean(axis=0)
        more = f", {elsewhere / absent:.0%} of those whose skills are elsewhere" if absent else ""
        print(
            f"{size:5} skills: {apart:.1%} of pairs told apart, {refused:.1%} of the answerable refused, {accepted:.1%} of those that "
            f"nothing fits accepted{more}"
        )
