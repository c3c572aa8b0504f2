"""What both trainers do alike: flags, a step of the optimiser, and a state from which a stopped training goes on.

The learning rate rises over WARMUP of all steps and then falls to nothing, both in a straight line.
"""

import argparse
import pathlib
import shutil
import time

import torch

import network

RATE, WARMUP, SAVE = 6e-5, 0.08, 50
# Checkpoints that stay beside the newest: what may be averaged in the end.
KEPT = 6


def lines(text):
    """`A:B` as the slice of the written requests that are trained on; either may be missing."""
    first, last = text.split(":")
    return slice(int(first or 0), int(last) if last else None)


def arguments(steps, seed, more=()):
    """`more`: names of flags that only one trainer has."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--base", required=True)
    flags.add_argument("--pool", required=True)
    flags.add_argument("--queries", default=pathlib.Path(__file__).parent / "queries.jsonl")
    flags.add_argument("--lines", type=lines, default=slice(None), help="of --queries, as FIRST:LAST; the others are not trained on")
    flags.add_argument("--out", type=pathlib.Path, required=True)
    flags.add_argument("--steps", type=int, default=steps)
    flags.add_argument("--seed", type=int, default=seed)
    flags.add_argument("--threads", type=int, default=2)
    for name in more:
        flags.add_argument(name)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    return args


class Training:
    def __init__(self, args, cross):
        self.args, self.cross, self.state, self.done = args, cross, args.out / "state.pt", 0
        self.net = network.load(args.base)
        self.learner = torch.optim.AdamW(self.net.parameters(), lr=RATE, weight_decay=0.01, fused=True)
        if self.state.exists():
            kept = torch.load(self.state, weights_only=False)
            self.net.load_state_dict(kept["net"])
            self.learner.load_state_dict(kept["learner"])
            self.done = kept["done"]
        self.kept = args.out / "checkpoints"
        self.began, self.losses = time.time(), []

    def steps(self):
        return range(self.done, self.args.steps)

    def learn(self, step, loss):
        """One step down the gradient of `loss`; says so every 20 steps and keeps the state every SAVE."""
        progress = (step + 1) / self.args.steps
        for group in self.learner.param_groups:
            group["lr"] = RATE * min(progress / WARMUP, (1 - progress) / (1 - WARMUP))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.learner.step()
        self.learner.zero_grad(set_to_none=True)
        self.losses.append(loss.item())
        if (step + 1) % 20 == 0:
            recent = self.losses[-20:]
            print(f"step {step + 1} loss {sum(recent) / len(recent):.3f} {time.time() - self.began:.0f} s", flush=True)
        if (step + 1) % SAVE == 0 or step + 1 == self.args.steps:
            part = self.state.with_suffix(".part")
            torch.save({"net": self.net.state_dict(), "learner": self.learner.state_dict(), "done": step + 1}, part)
            part.rename(self.state)
            network.save(self.net, self.args.out, self.cross)
            network.save(self.net, self.kept / f"{step + 1:05}", self.cross)
            for old in sorted(self.kept.iterdir())[:-KEPT]:
                shutil.rmtree(old)
