"""What transformers computes, in f32, with the f16 weights that became the built-in models: the oracle of their test.

    python training/expected.py --models work --out tests/fixtures/builtin/expected.json

`--models` holds `embedder` and `reranker`. The texts are written here, so the fixture is ours to keep.
"""

import argparse
import json
import pathlib

import torch
from transformers import BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

TEXTS = [
    "merge several pdf files into one",
    "release-notes | Writes release notes from merged pull requests | # Release notes\n\nCollect the titles since the last tag.",
    "Résumé überprüfen; 履歴書を確認する; проверить резюме",
    "one two three four five six seven eight nine ten " * 40,
    "x",
]
LONG = [
    "Read /data/orders.csv (id, day, customer, amount in cents) and write the total of every customer to /data/out.json. " * 18,
    "The nightly browser tests of our checkout fail one run in five, always at another step; find out why. " * 120,
]
PARTS, TOKENS = 8, 256
PAIRS = [
    ("merge several pdf files into one", "pdf-tools | Join, split and rotate PDF documents | # PDF tools\n\nUse `qpdf --empty --pages`."),
    ("our nightly browser tests fail one run in five", "brew-coffee | Grind, bloom, pour | # Coffee\n\nUse 16 g of beans."),
    ("write to /data/out.csv the total of every order, one row a customer, " * 12, "csv-reports | Tables from CSV files | " + "Group rows and sum a column. " * 60),
]


def unit(vector):
    return vector / vector.norm()


def in_parts(ids):
    """As few parts of about equal length as fit between [CLS] and [SEP]."""
    room = TOKENS - 2
    ids = ids[: PARTS * room]
    count = (len(ids) + room - 1) // room
    size = (len(ids) + count - 1) // count
    return [ids[at : at + size] for at in range(0, len(ids), size)]


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--models", type=pathlib.Path, required=True)
    flags.add_argument("--out", type=pathlib.Path, required=True)
    args = flags.parse_args()

    reader = PreTrainedTokenizerFast(
        tokenizer_file=str(args.models / "embedder" / "tokenizer.json"),
        cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]",
    )
    bi = BertModel.from_pretrained(args.models / "embedder", add_pooling_layer=False, dtype=torch.float32).eval()
    cross = BertForSequenceClassification.from_pretrained(args.models / "reranker", dtype=torch.float32).eval()
    vector = lambda ids: unit(bi(torch.tensor([ids])).last_hidden_state[0].mean(0))
    rounded = lambda numbers: [round(x, 7) for x in numbers.tolist()]
    found = {"embedder": [], "long": [], "reranker": []}
    with torch.no_grad():
        for text in TEXTS:
            ids = reader(text, truncation=True, max_length=TOKENS)["input_ids"]
            found["embedder"].append({"text": text, "vector": rounded(vector(ids))})
        for text in LONG:
            start, *ids, end = reader(text)["input_ids"]
            parts = [vector([start, *part, end]) for part in in_parts(ids)]
            found["long"].append({"text": text, "vector": rounded(unit(sum(parts)))})
        for query, document in PAIRS:
            read = reader(query, document, truncation="longest_first", max_length=320, return_token_type_ids=True, return_tensors="pt")
            score = cross(**read).logits.item()
            found["reranker"].append({"query": query, "document": document, "score": round(score, 6)})
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
