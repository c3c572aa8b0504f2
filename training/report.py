"""Every row of the model card, by the program itself.

    python training/report.py --skillscope target/release/skillscope --bench ../shared/benchmarks/skillrouter-dev \\
        --bench work/held-out --minilm DIR --starter ../shared/models --mine work

DIR holds all-MiniLM-L6-v2; `--starter` and `--mine` are folders with `embedder` and `reranker`. Without `--mine`, the models
inside the program are measured. Prints Markdown: nDCG@10 with its bootstrap interval, Hit@1, Recall@20, full coverage@10.
"""

import argparse
import json
import random
import subprocess

STYLES = ["short", "sentence", "long", "situation", "paste", "task"]
METRICS = ["nDCG@10", "Hit@1", "Recall@20", "FullCoverage@10"]


def rows(args):
    """(title, flags) of every row."""
    mine = (f"{args.mine}/embedder", f"{args.mine}/reranker") if args.mine else ("builtin", "builtin")
    starter = (f"{args.starter}/embedder", f"{args.starter}/reranker")
    yield "BM25", ["--stage1", "lexical", "--reranker", "none"]
    for title, embedder in (("all-MiniLM-L6-v2", args.minilm), ("starter", starter[0]), ("built in", mine[0])):
        yield f"{title}, dense", ["--stage1", "dense", "--embedder", embedder, "--reranker", "none"]
        yield f"{title}, fused", ["--stage1", "fused", "--embedder", embedder, "--reranker", "none"]
    for title, (embedder, reranker) in (("starter", starter), ("built in", mine)):
        flags = ["--stage1", "fused", "--embedder", embedder, "--reranker", reranker]
        yield f"{title}, fused and reranked", flags


def evaluate(program, bench, flags):
    done = subprocess.run([program, "eval", bench, "--json", *flags], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{program} eval {bench} {' '.join(flags)}:\n{done.stderr}")
    return json.loads(done.stdout)


def interval(values, seed=5, draws=2000):
    """The middle 95 % of the means of samples drawn with replacement."""
    draw = random.Random(seed)
    means = sorted(sum(draw.choices(values, k=len(values))) / len(values) for _ in range(draws))
    return means[round(0.025 * draws)], means[round(0.975 * draws) - 1]


def number(value):
    return f"{value:.3f}".removeprefix("0")


def strata(found):
    """(name, metrics) of all requests, and of each style where the benchmark has styles."""
    yield "all", found["metrics"]["all"]
    styles = [row for row in found["strata"] if row["group"] == "domain" and row["name"] in STYLES]
    yield from ((row["name"], row["after"]) for row in styles)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--skillscope", required=True)
    flags.add_argument("--bench", action="append", required=True)
    flags.add_argument("--minilm", required=True)
    flags.add_argument("--starter", required=True)
    flags.add_argument("--mine")
    args = flags.parse_args()
    for bench in args.bench:
        print(f"\n{bench}\n\n| | requests | nDCG@10 (95 %) | Hit@1 | Recall@20 | FullCoverage@10 |\n|---|---|---|---|---|---|")
        for title, options in rows(args):
            found = evaluate(args.skillscope, bench, options)
            low, high = interval([row["after"]["nDCG@10"] for row in found["per_query"].values()])
            for name, values in strata(found):
                between = f" ({number(low)} to {number(high)})" if name == "all" else ""
                gain, *others = [number(values[metric]) for metric in METRICS]
                print(f"| {title} | {name} | {gain}{between} | {' | '.join(others)} |", flush=True)


if __name__ == "__main__":
    main()
