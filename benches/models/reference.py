#!/usr/bin/env python3
"""What transformers needs for the work of benches/models, for a ratio within one run.

    pip install torch transformers safetensors
    python benches/models/reference.py WORK.json

WORK.json: {"model": DIR, "dtype": "f32"|"bf16", "device": "cpu"|"cuda", "threads": N, "batch": N, "repeats": N,
"ids": [[id]], "states": [[x]] or null}. `states` are the program's last hidden states: ours and these must agree, or
the ratio would mean nothing. Prints one JSON object: {"best": seconds, "processors": seconds of all processors, "times": [seconds],
"version": text}.
"""
import json, os, sys, time

work = json.load(open(sys.argv[1]))
import torch
import transformers
from transformers import AutoModel

torch.set_num_threads(work["threads"])
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[work["dtype"]]
# The body without the head: reranking needs two of its rows, which cost nothing.
model = AutoModel.from_pretrained(work["model"], dtype=dtype).to(work["device"]).eval()
# All of one length, so nothing is padded.
ids = torch.tensor(work["ids"], device=work["device"])


def run(ids):
    states = []
    with torch.inference_mode():
        for batch in ids.split(work["batch"]):
            states.append(model(input_ids=batch, use_cache=False).last_hidden_state[:, -1].float())
    states = torch.cat(states).cpu()
    return states


run(ids[:1])
times, processors = [], []
for _ in range(work["repeats"]):
    start, used = time.perf_counter(), time.process_time()
    states = run(ids)
    times.append(time.perf_counter() - start)
    processors.append(time.process_time() - used)
if work.get("states"):
    ours = torch.tensor(work["states"])
    apart = float((1 - torch.nn.functional.cosine_similarity(ours, states)).max())
    assert apart < (1e-4 if work["dtype"] == "f32" else 1e-2), f"states are apart by a cosine distance of {apart}"
print(json.dumps({
    "best": min(times), "processors": min(processors), "times": times,
    "version": f"transformers {transformers.__version__}, torch {torch.__version__}",
}))
