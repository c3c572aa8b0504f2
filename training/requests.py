"""What is trained on: requests made from the skills themselves, and the written ones.

A request is `(text, skills, document, bare)`: `document` is the text of the first skill as the network shall read it, with
what became the request taken out, so that no pair can be told by copied words alone; None stands for the whole skill.
`bare` says that its description is missing: whoever compares it with other documents must take theirs away too, or the
gap itself would give the right one away.
"""

import collections
import json
import random
import re

import pool

# As in assets/profiles/builtin.toml; the body's cap is in code points (SkillRouter's).
SEPARATOR, DESCRIPTION_CAP, BODY_CAP = " | ", 300, 2500
FRAMES = [
    "I have {file} with this: {a} {b} Please write the result to {out}.",
    "{b}\n\nInput: {file}\nOutput: {out}\n\n{a}",
    "You are working in {file}. {a} {b} Save your answer as {out} and do not change other files.",
    "{a}\n{b}",
    "We need help with the following. {a} Also note: {b} Results go to {out}.",
]
STEMS = ["data", "input", "report", "logs", "app", "config", "notes", "results", "orders", "service", "metrics", "draft"]
ENDS = ["csv", "json", "md", "py", "xlsx", "yaml", "pdf", "txt", "ts", "docx", "log", "sql"]
DIRS = ["/root/", "/data/", "workspace/", "repo/src/", "/app/", "./"]


def document(skill, description=None, body=None):
    """`name | description | body`, capped; the other two arguments replace fields."""
    description = skill["description"] if description is None else description
    body = skill["body"] if body is None else body
    return SEPARATOR.join([skill["name"], description[:DESCRIPTION_CAP], body[:BODY_CAP]])


def read_pool(path):
    with open(path, encoding="utf-8") as lines:
        return {skill["id"]: skill for skill in map(json.loads, lines)}


def split(path, skills, lines=slice(None)):
    """Written requests as (trained, held out, unanswerable). No held-out skill is in a request that is trained on, and these are
    among those `lines`."""
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for number, row in enumerate(rows, 1):
        unknown = [skill for skill in row["skills"] if skill not in skills]
        if unknown:
            raise SystemExit(f"{path}:{number}: {unknown[0]} is not in the pool")
    held = [row for row in rows if row["held_out"]]
    closed = {skill for row in held for skill in row["skills"]}
    trained = [row for row in rows[lines] if row["skills"] and not row["held_out"] and closed.isdisjoint(row["skills"])]
    return trained, [row for row in held if row["skills"]], [row for row in rows if not row["skills"]]


def masked(skill):
    """The description without the words of the name."""
    words = [word for word in re.split(r"[^a-z0-9]+", skill["name"].lower()) if len(word) > 2]
    text = skill["description"]
    for word in words:
        text = re.sub(rf"\b{re.escape(word)}\w*", "", text, flags=re.I)
    return re.sub(r"\s+", " ", text).strip()


def sentences(text):
    """Readable sentences and list items of a body, 20 to 300 code points; headings and code are not."""
    text = re.sub(r"```.*?```", "\n", text, flags=re.S)
    for line in text.split("\n"):
        line = re.sub(r"^[\s>*\-\d.#|]+|[*`|]+", " ", line).strip()
        for part in re.split(r"(?<=[.!?])\s+", line):
            if 20 <= len(part) <= 300 and " " in part:
                yield part


# "Use this skill when ...", "for ...": what a description says of its own use.
CLAUSE = re.compile(r"(?:use (?:this (?:skill )?)?|useful |triggers? )?(?:when|for|whenever|if)\b[^.]{15,200}", re.I)


def bare(skill):
    return document(skill, description="")


def without(skill, taken):
    body = skill["body"]
    for line in taken:
        body = body.replace(line, " ")
    return document(skill, body=body)


class Maker:
    """Makes one request after another from a skill, in several ways, by a random generator of its own.

    A request is (text, right skills, the first one's document without what became the text or None for the whole one, the
    same edit for documents of other skills: an edit must not tell which one is right).
    """

    def __init__(self, skills, never, seed):
        self.skills = {i: s for i, s in skills.items() if i not in never}
        self.order = sorted(self.skills)
        self.random = random.Random(seed)
        self.parts = {}
        ways = [(self.described, 3), (self.clause, 2), (self.few_words, 3), (self.passage, 4), (self.task, 5)]
        self.ways, self.weights = zip(*ways)

    def sentences(self, skill):
        if skill["id"] not in self.parts:
            self.parts[skill["id"]] = list(sentences(skill["body"][:12000]))
        return self.parts[skill["id"]]

    def make(self, skill_id):
        skill = self.skills[skill_id]
        for way in self.random.choices(self.ways, self.weights, k=4):
            made = way(skill)
            if made and len(made[0]) > 8:
                return made
        return masked(skill) or skill["name"], [skill_id], bare(skill), bare

    def described(self, skill):
        text = masked(skill)
        whole = self.random.random() < 0.3
        edit = document if whole else bare
        return text and (text, [skill["id"]], edit(skill), edit)

    def clause(self, skill):
        found = CLAUSE.search(skill["description"])
        if not found:
            return None
        text = re.sub(r"^(use (this (skill )?)?|useful |triggers? )?(when|for|whenever|if)\s+", "", found[0], flags=re.I)
        text = re.sub(r"^(the )?(user|you|claude|agent)s?\s+(asks?|wants?|needs?|mentions?|says?)\s*(to|for|about)?\s*", "", text, flags=re.I)
        edit = lambda other: document(other, description=CLAUSE.sub(" ", other["description"], count=1))
        return text, [skill["id"]], edit(skill), edit

    def few_words(self, skill):
        lines = self.sentences(skill) + [masked(skill)]
        words = [w for w in re.findall(r"[\w.+#-]+", self.random.choice(lines)) if len(w) > 2]
        if len(words) < 3:
            return None
        size = self.random.randint(2, 6)
        start = self.random.randrange(max(1, len(words) - size))
        return " ".join(words[start : start + size]).lower(), [skill["id"]], None, document

    def passage(self, skill):
        lines = self.sentences(skill)
        if len(lines) < 6:
            return None
        at, size = self.random.randrange(len(lines) - 2), self.random.randint(1, 5)
        taken = lines[at : at + size]
        return " ".join(taken), [skill["id"]], without(skill, taken), self.some_without(size)

    def task(self, skill):
        """A long noisy one: scattered sentences of one to three skills, others' in between, a frame with files."""
        count = self.random.choices([1, 2, 3], [6, 3, 1])[0]
        gold = [skill] + [self.skills[i] for i in self.random.sample(self.order, count - 1)]
        taken, text = [], []
        for one in gold:
            lines = self.sentences(one)
            if len(lines) < 8:
                return None
            some = self.random.sample(lines, min(len(lines), self.random.randint(2, 5)))
            taken.append(some)
            text.extend(some)
        for _ in range(self.random.randint(0, 3)):
            stranger = self.sentences(self.skills[self.random.choice(self.order)])
            text.extend(self.random.sample(stranger, 1) if stranger else [])
        self.random.shuffle(text)
        half = self.random.randint(0, len(text))
        pick = self.random.choice
        name = lambda: pick(DIRS) + pick(STEMS) + "." + pick(ENDS)
        framed = pick(FRAMES).format(a=" ".join(text[:half]), b=" ".join(text[half:]), file=name(), out=name())
        return framed, [one["id"] for one in gold], without(skill, taken[0]), self.some_without(len(taken[0]))

    def some_without(self, count):
        def edit(other):
            lines = self.sentences(other)
            return without(other, self.random.sample(lines, min(len(lines), count)))

        return edit


class Same:
    """Which skills must not stand as each other's negatives: papers.md 2.5's three filters."""

    def __init__(self, skills, vectors, cosine=0.92, near=pool.NEAR, looked_at=48):
        import numpy as np

        order = list(skills)
        bits = [pool.trigrams(skills[i]["body"]) for i in order]
        names = collections.defaultdict(set)
        for skill in skills.values():
            names[skill["name"].lower()].add(skill["id"])
        self.of = {i: set(names[skills[i]["name"].lower()]) for i in order}
        self.neighbours = {}
        vectors = vectors.numpy()
        for row, skill_id in enumerate(order):
            likeness = vectors @ vectors[row]
            near_rows = np.argpartition(-likeness, looked_at)[:looked_at]
            near_rows = near_rows[np.argsort(-likeness[near_rows])]
            close = pool.jaccard(bits[row], np.stack([bits[r] for r in near_rows])) > near
            self.of[skill_id] |= {order[r] for r, twin in zip(near_rows, close) if twin or likeness[r] > cosine}
            self.neighbours[skill_id] = [order[r] for r in near_rows if order[r] not in self.of[skill_id]]

    def any(self, golds, other):
        return any(other in self.of[gold] for gold in golds)
