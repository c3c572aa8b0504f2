"""Writes the held-out requests and the pool as a benchmark folder that `skillscope eval` reads (SkillRouter's layout).

    python training/benchmark.py --pool work/pool.jsonl --out work/held-out

A request's style stands in its `domain`, so that the program's strata are the styles.
"""

import argparse
import json
import pathlib

import requests


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--pool", required=True)
    flags.add_argument("--queries", default=pathlib.Path(__file__).parent / "queries.jsonl")
    flags.add_argument("--out", type=pathlib.Path, required=True)
    args = flags.parse_args()

    skills = requests.read_pool(args.pool)
    _, held, _ = requests.split(args.queries, skills)
    (args.out / "easy").mkdir(parents=True, exist_ok=True)
    with open(args.out / "easy" / "part-00000.jsonl", "w", encoding="utf-8") as out:
        for skill in skills.values():
            row = {"skill_id": skill["id"], "name": skill["name"], "description": skill["description"], "body": skill["body"]}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    relevance = {}
    with open(args.out / "tasks.jsonl", "w", encoding="utf-8") as out:
        for number, request in enumerate(held):
            name = f"held-out-{number:03}"
            row = {
                "task_id": name,
                "domain": request["style"],
                "instruction_text": request["request"],
                "num_skills": len(request["skills"]),
                "excluded": False,
            }
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            gold = request["skills"]
            relevance[name] = {"gt_skill_ids": gold, "relevance": {skill: 3 for skill in gold}}
    (args.out / "relevance.json").write_text(json.dumps(relevance, indent=1))
    print(f"{len(held)} requests over {len(skills)} skills in {args.out}")


if __name__ == "__main__":
    main()
