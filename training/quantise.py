#!/usr/bin/env python3
"""Turns a directory of f16/f32 BERT weights into the 8-bit form that skillscope carries inside its binary.

    pip install numpy
    python3 training/quantise.py SOURCE/embedder assets/models/embedder
    python3 training/quantise.py SOURCE/reranker assets/models/reranker

Every matrix `X` with at least MIN_ROWS rows becomes int8 `X` plus f16 `X.scale` of shape [rows, groups], one scale per
GROUP columns of a row: `X[r, c] = int8[r, c] * scale[r, c // GROUP]` with `scale = max|group| / 127`. One scale per
row was not enough: it left the embedder 2e-3 away (cosine distance) from f32 on a text of one repeated word.
Small matrices, biases and LayerNorms are copied as they are: they cost nothing and errors there touch every token.
config.json is copied; the tokenizer goes beside the two directories, once (they must share it).
"""

import argparse
import json
import shutil
import struct
import sys
from pathlib import Path

import numpy as np

# Below this a matrix weighs less than its accuracy is worth: segment embeddings (2 rows), classifier (1 row).
MIN_ROWS = 16
# Columns that share a scale. At 32, two MiniLM networks and their tokenizer are 48.8 MB; the limit is 50.
GROUP = 32
DTYPES = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}
NAMES = {np.dtype("<f2"): "F16", np.dtype("<f4"): "F32", np.dtype("int8"): "I8"}


def read(path: Path) -> dict[str, np.ndarray]:
    """Tensors of a safetensors file: 8 bytes of header length, a JSON header, the data."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in DTYPES:
            sys.exit(f"{path}: tensor {name} is {entry['dtype']}, expected one of {', '.join(DTYPES)}")
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length :][begin:end], DTYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, blobs, offset = {"__metadata__": {"format": "pt", "quantisation": f"int8, absmax per {GROUP} columns"}}, [], 0
    # Widest element first keeps every tensor aligned without padding.
    for name, values in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        blob = np.ascontiguousarray(values).tobytes()
        header[name] = {
            "dtype": NAMES[values.dtype],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def quantise(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = values.shape
    if columns % GROUP:
        sys.exit(f"{columns} columns cannot be divided into groups of {GROUP}")
    groups = values.astype(np.float32).reshape(rows, columns // GROUP, GROUP)
    # Rounded up to f16, so that no value needs a code beyond 127; codes are made with the scale as it is stored.
    scale = np.nextafter((np.abs(groups).max(axis=2) / 127.0).astype("<f2"), np.float16("inf")).astype("<f2")
    codes = np.rint(groups / scale.astype(np.float32)[:, :, None]).clip(-127, 127).astype(np.int8)
    return codes.reshape(rows, columns), scale


def restore(codes: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return codes.astype(np.float32) * np.repeat(scale.astype(np.float32), GROUP, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="directory with config.json, model.safetensors, tokenizer.json")
    parser.add_argument("target", type=Path, help="directory to write; tokenizer.json goes to its parent")
    arguments = parser.parse_args()

    tensors, worst = {}, 0.0
    for name, values in read(arguments.source / "model.safetensors").items():
        if values.ndim == 2 and values.shape[0] >= MIN_ROWS:
            codes, scale = quantise(values)
            exact = values.astype(np.float32)
            error = np.linalg.norm(restore(codes, scale) - exact) / np.linalg.norm(exact)
            worst = max(worst, float(error))
            tensors[name], tensors[name + ".scale"] = codes, scale
        else:
            tensors[name] = values

    arguments.target.mkdir(parents=True, exist_ok=True)
    write(arguments.target / "model.safetensors", tensors)
    shutil.copyfile(arguments.source / "config.json", arguments.target / "config.json")
    tokenizer = arguments.target.parent / "tokenizer.json"
    source = arguments.source / "tokenizer.json"
    if tokenizer.exists() and tokenizer.read_bytes() != source.read_bytes():
        sys.exit(f"{tokenizer} differs from {source}: the built-in models must share one tokenizer")
    shutil.copyfile(source, tokenizer)
    size = (arguments.target / "model.safetensors").stat().st_size
    print(f"{arguments.target}: {size / 1e6:.1f} MB, worst relative error of a matrix {worst:.4f}")


if __name__ == "__main__":
    main()
