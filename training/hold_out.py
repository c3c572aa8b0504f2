"""Marks the requests that are never trained on: groups of requests that share skills, drawn until there are 200.

    python training/hold_out.py training/queries.jsonl

Marks that are there stay, so requests may be added; a request added later that needs a held-out skill is not trained on
(`requests.split`).
"""

import collections
import json
import random
import sys

HELD_OUT = 200
# A group larger than this would make the two hundred a sample of few skills.
LARGEST_GROUP = 20


def groups(rows):
    """Requests whose skills are connected by requests for several of them."""
    parent = {}

    def root(skill):
        while parent.setdefault(skill, skill) != skill:
            skill = parent[skill]
        return skill

    for row in rows:
        for other in row["skills"][1:]:
            parent[root(other)] = root(row["skills"][0])
    found = collections.defaultdict(list)
    for row in rows:
        found[root(row["skills"][0])].append(row)
    return [found[key] for key in sorted(found)]


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        row.setdefault("held_out", False)
    held = sum(row["held_out"] for row in rows if row["skills"])
    shuffled = groups([row for row in rows if row["skills"]])
    random.Random(7).shuffle(shuffled)
    for group in shuffled:
        if not any(row["held_out"] for row in group) and len(group) <= min(LARGEST_GROUP, HELD_OUT - held):
            held += len(group)
            for row in group:
                row["held_out"] = True
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(rows)} requests, {held} of them held out")


if __name__ == "__main__":
    main()
