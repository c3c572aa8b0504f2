#!/usr/bin/env python3
"""What PyTorch needs for the work of benches/cpu, for a ratio within one run.

    pip install torch transformers
    python benches/cpu/reference.py '{"work": "linear", "shape": [512, 384, 1536], "dtype": "bf16", "threads": 1}'

`work` is "linear" (shape: rows, inputs, outputs), "forward" (shape: texts, tokens; BertModel of MiniLM's shape with
random weights and PyTorch's fused attention, no padding) or "decoder" (the same through the network in `model`). Prints {"best": seconds, "median": seconds}.
"""
import json, sys, time

import torch

work = json.loads(sys.argv[1])
torch.set_num_threads(work["threads"])
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[work["dtype"]]
if work["work"] == "linear":
    rows, inputs, outputs = work["shape"]
    x, weight = torch.randn(rows, inputs, dtype=dtype), torch.randn(outputs, inputs, dtype=dtype)
    run = lambda: torch.nn.functional.linear(x, weight)
elif work["work"] == "decoder":
    from transformers import AutoModel

    net = AutoModel.from_pretrained(work["model"], dtype=dtype).eval()
    ids = torch.randint(0, net.config.vocab_size, work["shape"])
    run = lambda: net(input_ids=ids, use_cache=False).last_hidden_state
else:
    from transformers import BertConfig, BertModel

    shape = dict(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    net = BertModel(BertConfig(**shape), add_pooling_layer=False).to(dtype).eval()
    ids = torch.randint(1000, 30000, work["shape"])
    run = lambda: net(ids).last_hidden_state.mean(1)

times = []
with torch.inference_mode():
    run(), run()
    start = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < 2:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
times.sort()
print(json.dumps({"best": times[0], "median": times[len(times) // 2]}))
