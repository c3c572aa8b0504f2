#!/usr/bin/env python3
"""What sentence-transformers needs for the same work on the same weights and texts, for a ratio within one run.

    pip install torch sentence-transformers safetensors numpy
    python benches/main_job/reference.py TEXTS.json

TEXTS.json: {"models": DIR, "embed": [text], "embed_tokens": N,
"vectors": the program's vectors of the first eight texts, "query": text, "documents": [text], "rerank_tokens": N,
"threads": N, "dtype": "bf16" where it is not f32}. Prints one JSON object: {"embed_seconds", "index_seconds", "embed_tokens",
"rerank_ms", "version"}; index_seconds is the whole of a script that embeds: imports, reading the texts, loading the model, encoding,
writing the vectors.
The 8-bit weights of the program are expanded to f32 in a temporary folder first, so that both compute the same thing.
"""
import json, os, shutil, sys, tempfile, time

began = time.perf_counter()
work = json.load(open(sys.argv[1]))
os.environ["TOKENIZERS_PARALLELISM"] = "true"
import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from sentence_transformers import CrossEncoder, SentenceTransformer, models
import sentence_transformers

beside_encoding = time.perf_counter() - began
torch.set_num_threads(work["threads"])
bf16 = work.get("dtype") == "bf16"


def expand(name, target):
    source = os.path.join(work["models"], name)
    stored = load_file(os.path.join(source, "model.safetensors"))
    full = {}
    for key, value in stored.items():
        if key.endswith(".scale"):
            continue
        if value.dtype == np.int8:
            scale = stored[key + ".scale"].astype(np.float32)
            # One scale per group of columns (assets/models/README.md).
            value = value.astype(np.float32) * np.repeat(scale, value.shape[1] // scale.shape[1], axis=1)
        full[key] = value.astype(np.float32)
    os.makedirs(target)
    save_file(full, os.path.join(target, "model.safetensors"), metadata={"format": "pt"})
    config = json.load(open(os.path.join(source, "config.json")))
    # Otherwise it would compute in the type the weights were stored in, which is not what we compare with.
    config["torch_dtype"] = config["dtype"] = "float32"
    json.dump(config, open(os.path.join(target, "config.json"), "w"))
    for place in (source, work["models"]):
        path = os.path.join(place, "tokenizer.json")
        if os.path.exists(path):
            shutil.copy(path, target)
            break
    tokenizer = {"tokenizer_class": "BertTokenizerFast", "model_max_length": 512}
    json.dump(tokenizer, open(os.path.join(target, "tokenizer_config.json"), "w"))
    return target


with tempfile.TemporaryDirectory() as folder:
    network = expand("embedder", os.path.join(folder, "e"))
    start = time.perf_counter()
    body = models.Transformer(network, max_seq_length=work["embed_tokens"])
    pool = models.Pooling(384, pooling_mode="mean")
    embedder = SentenceTransformer(modules=[body, pool, models.Normalize()], device="cpu")
    embedder = embedder.bfloat16() if bf16 else embedder
    beside_encoding += time.perf_counter() - start
    # The same thing is computed on both sides, or the ratio means nothing.
    theirs = embedder.encode(work["embed"][:8])
    apart = float(np.abs(1 - (theirs * np.array(work["vectors"], dtype=np.float32)).sum(axis=1)).max())
    assert apart < (1e-2 if bf16 else 1e-4), f"vectors are apart by a cosine distance of {apart}"
    start = time.perf_counter()
    vectors = embedder.encode(work["embed"], batch_size=32)
    embed_seconds = time.perf_counter() - start
    np.save(os.path.join(folder, "vectors.npy"), vectors)
    index_seconds = beside_encoding + time.perf_counter() - start
    ids = embedder.tokenizer(work["embed"], truncation=True, max_length=work["embed_tokens"])["input_ids"]
    tokens = sum(len(text) for text in ids)

    network = expand("reranker", os.path.join(folder, "r"))
    reranker = CrossEncoder(network, max_length=work["rerank_tokens"], device="cpu", num_labels=1)
    if bf16:
        reranker.bfloat16()
    pairs = [(work["query"], document) for document in work["documents"]]
    reranker.predict(pairs[:2])
    times = []
    for _ in range(5):
        start = time.perf_counter()
        reranker.predict(pairs, batch_size=20)
        times.append(time.perf_counter() - start)

print(json.dumps({
    "embed_seconds": embed_seconds, "index_seconds": index_seconds, "embed_tokens": tokens, "rerank_ms": sorted(times)[2] * 1e3,
    "version": f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__} {'bf16' if bf16 else 'f32'}",
}))
