#!/usr/bin/env python3
"""Turns a directory of f16/f32 BERT weights into the 8-bit form that skillscope carries inside its binary.

    pip install numpy
    python3 training/quantise.py SOURCE/embedder assets/models/embedder
    python3 training/quantise.py SOURCE/reranker assets/models/reranker

Every matrix `X` with at least MIN_ROWS rows becomes int8 `X` plus f32 `X.scale`, one scale per row (an output of a
linear layer, or one entry of an embedding table): `X[r, c] = int8[r, c] * scale[r]` with `scale[r] = max|row| / 127`.
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
    header, blobs, offset = {"__metadata__": {"format": "pt", "quantisation": "int8 rows, absmax"}}, [], 0
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
    rows = values.astype(np.float32)
    scale = np.abs(rows).max(axis=1) / 127.0
    # A row of zeros stays zero; the scale only has to be a number.
    scale[scale == 0] = 1.0
    return np.rint(rows / scale[:, None]).clip(-127, 127).astype(np.int8), scale.astype("<f4")


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
            error = np.linalg.norm(codes * scale[:, None] - exact) / np.linalg.norm(exact)
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
