"""BERT for training on a processor: texts packed end to end, no padding, attention one text at a time.

The forward pass is that of `transformers`' BertModel (`python training/network.py CHECKPOINT` compares the two), written
anew because padding and PyTorch's fused attention cost two thirds of the time here: its backward pass alone took 42 % of
a step at 256 tokens. One text's scores, 12 × 256 × 256 in bf16, stay in the second-level cache.
"""

import json
import pathlib
import shutil
import sys

import safetensors.torch
import tokenizers
import torch
from torch import nn
from torch.nn import functional


# oneDNN writes code for every new shape of a product, which costs more than the product: texts are padded to a multiple of this
# inside attention, and all tokens of a step to a multiple of TOTAL.
STRIDE, TOTAL = 16, 1024


def padded(part, to):
    """[tokens, 3, heads, d] as query, key and value [heads, to, d], zeros at the end."""
    return functional.pad(part, (0, 0, 0, 0, 0, 0, 0, to - len(part))).permute(1, 2, 0, 3)


class Attend(torch.autograd.Function):
    """softmax(q kᵀ / √d) v within each text. qkv: [tokens, 3, heads, d]; lengths: tokens of each text.

    Tokens beyond the last text give zeros and get none of the gradient.
    """

    @staticmethod
    def forward(ctx, qkv, lengths):
        scale = qkv.shape[-1] ** -0.5
        out = torch.zeros_like(qkv[:, 0])
        probabilities, at = [], 0
        for n in lengths:
            query, key, value = padded(qkv[at : at + n], -n % STRIDE + n)
            scores = torch.matmul(query, key.transpose(1, 2)) * scale
            scores[:, :, n:] = float("-inf")
            p = torch.softmax(scores, -1)
            out[at : at + n] = torch.matmul(p, value).transpose(0, 1)[:n]
            probabilities.append(p)
            at += n
        ctx.save_for_backward(qkv)
        ctx.kept = probabilities, lengths, scale
        return out

    @staticmethod
    def backward(ctx, grad):
        (qkv,) = ctx.saved_tensors
        probabilities, lengths, scale = ctx.kept
        back, at = torch.zeros_like(qkv), 0
        for n, p in zip(lengths, probabilities):
            query, key, value = padded(qkv[at : at + n], p.shape[-1])
            g = functional.pad(grad[at : at + n], (0, 0, 0, 0, 0, p.shape[-1] - n)).transpose(0, 1)
            dp = torch.matmul(g, value.transpose(1, 2))
            ds = p * (dp - (dp * p).sum(-1, keepdim=True)) * scale
            back[at : at + n, 0] = torch.matmul(ds, key).transpose(0, 1)[:n]
            back[at : at + n, 1] = torch.matmul(ds.transpose(1, 2), query).transpose(0, 1)[:n]
            back[at : at + n, 2] = torch.matmul(p.transpose(1, 2), g).transpose(0, 1)[:n]
            at += n
        return back, None


class Layer(nn.Module):
    def __init__(self, hidden, heads, inner, eps):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps)
        self.norm2 = nn.LayerNorm(hidden, eps)

    def forward(self, x, lengths):
        qkv = self.qkv(x).view(len(x), 3, self.heads, -1)
        x = self.norm1(x + self.out(Attend.apply(qkv, lengths).flatten(1)))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Bert(nn.Module):
    """`forward(texts, kinds)` gives hidden states [tokens, hidden] of the texts (lists of ids), end to end."""

    def __init__(self, config):
        super().__init__()
        hidden, eps = config["hidden_size"], config["layer_norm_eps"]
        self.config = config
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.places = nn.Embedding(config["max_position_embeddings"], hidden)
        self.kinds = nn.Embedding(config["type_vocab_size"], hidden)
        self.norm = nn.LayerNorm(hidden, eps)
        self.layers = nn.ModuleList(
            Layer(hidden, config["num_attention_heads"], config["intermediate_size"], eps)
            for _ in range(config["num_hidden_layers"])
        )
        # The pooler and the row of logits of a cross-encoder; a bi-encoder leaves them alone.
        self.pooler = nn.Linear(hidden, hidden)
        self.classifier = nn.Linear(hidden, 1)

    def forward(self, texts, kinds=None):
        lengths = [len(text) for text in texts]
        ids = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(n) for n in lengths])
        kind = torch.zeros_like(ids) if kinds is None else torch.tensor([k for text in kinds for k in text])
        ids, places, kind = (functional.pad(row, (0, -len(row) % TOTAL)) for row in (ids, places, kind))
        x = self.norm(self.words(ids) + self.places(places) + self.kinds(kind))
        for layer in self.layers:
            x = layer(x, lengths)
        return x[: sum(lengths)], lengths

    def embed(self, texts):
        """Mean over all tokens, L2: [texts, hidden] in f32."""
        x, lengths = self(texts)
        means = torch.stack([part.float().mean(0) for part in x.split(lengths)])
        return functional.normalize(means, dim=-1)

    def score(self, pairs):
        """Logits [pairs] of (ids, segment ids)."""
        x, lengths = self([ids for ids, _ in pairs], [kinds for _, kinds in pairs])
        first = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        return self.classifier(torch.tanh(self.pooler(x[first].float()))).squeeze(-1).float()


# The one both networks share, and the base's: the same ids for every text of the pool.
TOKENIZER = pathlib.Path(__file__).parent.parent / "assets/models/tokenizer.json"

# Their names, and ours. Query, key and value are one matrix here.
NAMES = {
    "embeddings.word_embeddings.weight": "words.weight",
    "embeddings.position_embeddings.weight": "places.weight",
    "embeddings.token_type_embeddings.weight": "kinds.weight",
    "embeddings.LayerNorm": "norm",
    "pooler.dense": "pooler",
    "classifier": "classifier",
}
LAYER = {
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm2",
}
QKV = ["attention.self.query", "attention.self.key", "attention.self.value"]


def names(config):
    """(their name, our name) of every tensor that is the same on both sides."""
    for theirs, ours in NAMES.items():
        for end in [""] if theirs.endswith(".weight") else [".weight", ".bias"]:
            yield theirs + end, ours + end
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in LAYER.items():
            for end in (".weight", ".bias"):
                yield f"encoder.layer.{layer}.{theirs}{end}", f"layers.{layer}.{ours}{end}"


def restored(tensors):
    """f32 tensors; 8-bit matrices (assets/models/README.md, "Format") times their scales."""
    found = {}
    for name, tensor in tensors.items():
        if tensor.dtype == torch.int8:
            scale = tensors[name + ".scale"].float()
            grouped = tensor.float().view(*scale.shape, -1) * scale[:, :, None]
            found[name] = grouped.view(tensor.shape)
        elif not name.endswith(".scale"):
            found[name] = tensor.float()
    return found


def load(folder):
    """The network of a checkpoint folder (config.json, model.safetensors), in f32. A missing head starts at random."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    found = restored(safetensors.torch.load_file(folder / "model.safetensors"))
    found = {name.removeprefix("bert."): tensor for name, tensor in found.items()}
    net = Bert(config)
    nn.init.normal_(net.classifier.weight, std=config.get("initializer_range", 0.02))
    nn.init.zeros_(net.classifier.bias)
    state = net.state_dict()
    for theirs, ours in names(config):
        if theirs in found:
            state[ours] = found[theirs]
        elif not ours.startswith(("pooler", "classifier")):
            sys.exit(f"{folder}: no tensor {theirs}")
    for layer in range(config["num_hidden_layers"]):
        for end in ("weight", "bias"):
            parts = [found[f"encoder.layer.{layer}.{part}.{end}"] for part in QKV]
            state[f"layers.{layer}.qkv.{end}"] = torch.cat(parts)
    net.load_state_dict(state)
    return net


def save(net, folder, cross):
    """Writes a checkpoint with Hugging Face's names, f16: a bi-encoder, or with `cross` a classifier of one label."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state, tensors = net.state_dict(), {}
    for theirs, ours in names(net.config):
        if cross or not ours.startswith(("pooler", "classifier")):
            tensors[theirs] = state[ours]
    for layer in range(net.config["num_hidden_layers"]):
        for end in ("weight", "bias"):
            for part, tensor in zip(QKV, state[f"layers.{layer}.qkv.{end}"].chunk(3)):
                tensors[f"encoder.layer.{layer}.{part}.{end}"] = tensor
    if cross:
        tensors = {n if n.startswith("classifier") else "bert." + n: t for n, t in tensors.items()}
    config = dict(net.config)
    config["architectures"] = ["BertForSequenceClassification" if cross else "BertModel"]
    if cross:
        config |= {"num_labels": 1, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    part = folder / "model.safetensors.part"
    safetensors.torch.save_file({n: t.half().contiguous() for n, t in tensors.items()}, part, {"format": "pt"})
    part.rename(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    shutil.copyfile(TOKENIZER, folder / "tokenizer.json")


def save_mean(folders, out, cross):
    """The mean of several checkpoints' weights: what the end of the learning rate's fall would give, without waiting for it
    (latest weight averaging, Kaddour 2022)."""
    nets = [load(folder) for folder in folders]
    mean = {name: sum(net.state_dict()[name] for net in nets) / len(nets) for name in nets[0].state_dict()}
    nets[0].load_state_dict(mean)
    save(nets[0], out, cross)


def tokenizer():
    """A tokenizer that neither pads nor truncates: lengths are the caller's."""
    found = tokenizers.Tokenizer.from_file(str(TOKENIZER))
    found.no_padding()
    found.no_truncation()
    return found


class Reader:
    """Texts as tokens with [CLS] and [SEP]."""

    def __init__(self):
        self.tokenizer = tokenizer()

    def __call__(self, texts, limit):
        """Cut on the right to `limit`."""
        read = (one.ids for one in self.tokenizer.encode_batch(texts))
        return [ids if len(ids) <= limit else ids[: limit - 1] + ids[-1:] for ids in read]

    def parts(self, texts, limit, most):
        """In as few parts of about equal length as it takes, `most` at most (src/text/tokens.rs): the parts of all texts, and
        whose each is."""
        parts, owners, room = [], [], limit - 2
        for owner, (start, *ids, end) in enumerate(one.ids for one in self.tokenizer.encode_batch(texts)):
            ids = ids[: room * most]
            size = -(-len(ids) // max(1, -(-len(ids) // room)))
            parts += [[start, *ids[at : at + size], end] for at in range(0, max(1, len(ids)), max(1, size))]
            owners += [owner] * (len(parts) - len(owners))
        return parts, torch.tensor(owners)


def mean_of(vectors, owners):
    """Unit vectors of texts [texts, hidden] from those of their parts."""
    sums = torch.zeros(int(owners[-1]) + 1, vectors.shape[1], dtype=vectors.dtype)
    return functional.normalize(sums.index_add(0, owners, vectors), dim=-1)


def batches(sizes, budget):
    """Indices in batches of about equal lengths and at most `budget` tokens, longest first."""
    batch, tokens = [], 0
    for index in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if batch and tokens + sizes[index] > budget:
            yield batch
            batch, tokens = [], 0
        batch.append(index)
        tokens += sizes[index]
    if batch:
        yield batch


@torch.no_grad()
def embed_all(net, texts, budget=8192):
    """Vectors [texts, hidden], computed in bf16."""
    out = torch.empty(len(texts), net.config["hidden_size"])
    with torch.autocast("cpu", torch.bfloat16):
        for batch in batches([len(t) for t in texts], budget):
            out[batch] = net.embed([texts[i] for i in batch])
    return out


def check(folder):
    from transformers import BertModel

    net, theirs = load(folder), BertModel.from_pretrained(folder, add_pooling_layer=False)
    texts = [[101, *range(2000, 2000 + n), 102] for n in (1, 7, 300)]
    with torch.no_grad():
        ours, lengths = net(texts)
        for text, part in zip(texts, ours.split(lengths)):
            worst = (theirs(torch.tensor([text])).last_hidden_state[0] - part).abs().max()
            print(f"{len(text)} tokens: largest difference {worst:.2e}")
            if worst > 1e-4:
                sys.exit("the two differ")


if __name__ == "__main__":
    check(sys.argv[1])
