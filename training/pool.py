"""The skills that may be trained on, and proof that none of the others is among them.

    python training/pool.py --pool DIR_OR_JSONL ... --never TASKS_DIR --out work/pool.jsonl

Reads skill pools (JSON lines, gzip or not) and folders of SKILL.md files, and writes one JSON line per skill:
`{"id", "name", "description", "body"}`. Left out, and counted aloud:

- every id that starts with `gt/` and every id that the benchmark's relevance file names;
- every skill whose body shares more than 0.6 of its character trigrams (Jaccard) with such a skill's body;
- every skill whose body is the same as one already taken.
"""

import argparse
import gzip
import json
import pathlib
import re
import sys

import numpy as np

# The limit of the papers' own false-negative filter (SkillRouter, appendix on data; papers.md 1 and 2.5).
NEAR = 0.6
# A trigram set is a bit set of this many buckets. Collisions make two bodies look closer, never farther apart, so the
# filter can only leave out too much.
BUCKETS = 1 << 15


def read_jsonl(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                yield row["skill_id"], row["name"], row.get("description") or "", row.get("body") or ""
            except (ValueError, KeyError) as error:
                sys.exit(f"{path}:{number}: not a skill: {error!r}")


def frontmatter(text):
    """Name, description and body of a SKILL.md; None where it has no readable frontmatter."""
    import yaml

    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)(.*)", text, re.S)
    if not found:
        return None
    try:
        head = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return None
    if not isinstance(head, dict) or not isinstance(head.get("description"), str):
        return None
    return str(head.get("name") or ""), head["description"], found[2].strip()


def read_folder(root):
    for path in sorted(root.rglob("SKILL.md")):
        parsed = frontmatter(path.read_text("utf-8", errors="replace"))
        if parsed:
            name, description, body = parsed
            yield str(path.parent.relative_to(root)), name or path.parent.name, description, body


def read(source):
    """Skills of a `.jsonl[.gz]` file, of the folder of such files, or of a tree of SKILL.md folders."""
    if source.is_file():
        yield from read_jsonl(source)
        return
    parts = sorted(source.glob("*.jsonl")) + sorted(source.glob("*.jsonl.gz"))
    if parts:
        for part in parts:
            yield from read_jsonl(part)
    else:
        yield from read_folder(source)


def trigrams(text):
    """The set of a body's character trigrams, white space folded, as bits."""
    text = re.sub(r"\s+", " ", text.lower())
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < 3:
        return np.zeros(BUCKETS // 8, np.uint8)
    mixed = (codes[:-2] * np.uint64(0x9E3779B97F4A7C15)) ^ (codes[1:-1] * np.uint64(0xC2B2AE3D27D4EB4F))
    mixed = (mixed ^ (codes[2:] * np.uint64(0x165667B19E3779F9))) * np.uint64(0x9E3779B97F4A7C15)
    bits = np.zeros(BUCKETS, bool)
    bits[(mixed >> np.uint64(49)).astype(np.int64)] = True
    return np.packbits(bits)


def jaccard(one, many):
    both = np.bitwise_count(one & many).sum(1, dtype=np.int64)
    either = np.bitwise_count(one | many).sum(1, dtype=np.int64)
    return both / np.maximum(either, 1)


def forbidden_ids(tasks):
    """Every skill id that the benchmark's relevance file mentions, as gold or as a graded label."""
    text = (tasks / "relevance.json").read_text("utf-8")
    return set(re.findall(r'"([^"\s]+/[^"\s]+)"', text))


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--pool", type=pathlib.Path, nargs="+", required=True)
    flags.add_argument("--never", type=pathlib.Path, required=True, help="a SkillRouter benchmark folder")
    flags.add_argument("--out", type=pathlib.Path, required=True)
    args = flags.parse_args()

    named = forbidden_ids(args.never)
    everything = {}
    for source in args.pool:
        for skill_id, name, description, body in read(source):
            everything.setdefault(skill_id, (name, description, body))
    never = {i for i in everything if i.startswith("gt/") or i in named}
    walls = np.stack([trigrams(everything[i][2]) for i in sorted(never)])

    kept, near, same, empty, bodies = [], 0, 0, 0, set()
    for skill_id, (name, description, body) in everything.items():
        if skill_id in never:
            continue
        if len(body) < 40:
            empty += 1
        elif body in bodies:
            same += 1
        elif jaccard(trigrams(body), walls).max() > NEAR:
            near += 1
        else:
            bodies.add(body)
            kept.append({"id": skill_id, "name": name, "description": description, "body": body})
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as out:
        for skill in kept:
            out.write(json.dumps(skill, ensure_ascii=False) + "\n")
    print(
        f"{len(everything)} skills read; left out: {len(never)} of the benchmark, {near} near one of them, "
        f"{same} with a body already taken, {empty} without a body; {len(kept)} written to {args.out}"
    )


if __name__ == "__main__":
    main()
