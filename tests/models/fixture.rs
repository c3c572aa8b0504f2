//! A small random BERT written as a model directory.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::json;

/// Shape and values of every tensor, by name.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub vocabulary: usize,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub inner: usize,
    pub positions: usize,
}

pub const SMALL: Shape = Shape { vocabulary: 40, hidden: 24, layers: 2, heads: 3, inner: 36, positions: 32 };

impl Shape {
    pub fn config(&self) -> serde_json::Value {
        json!({
            "model_type": "bert",
            "vocab_size": self.vocabulary,
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.inner,
            "max_position_embeddings": self.positions,
            "type_vocab_size": 2,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            // What candle's config wants beside what we read.
            "hidden_dropout_prob": 0.0, "initializer_range": 0.02, "pad_token_id": 0, "classifier_dropout": null,
        })
    }

    /// Encoder, pooler and classifier. Weights are large enough for attention and GELU to leave their linear parts.
    pub fn tensors(&self, seed: u64) -> Tensors {
        let mut random = Random(seed);
        let mut tensors = Tensors::new();
        let mut add = |name: String, shape: &[usize], middle: f32| {
            let spread = if shape.len() == 2 { 3.0 / (shape[1] as f32).sqrt() } else { 0.3 };
            let values = (0..shape.iter().product()).map(|_| middle + spread * random.next()).collect();
            tensors.insert(name, (shape.to_vec(), values));
        };
        let (hidden, inner) = (self.hidden, self.inner);
        let norm = |add: &mut dyn FnMut(String, &[usize], f32), name: &str| {
            add(format!("{name}.weight"), &[hidden], 1.0);
            add(format!("{name}.bias"), &[hidden], 0.0);
        };
        add("embeddings.word_embeddings.weight".into(), &[self.vocabulary, hidden], 0.0);
        add("embeddings.position_embeddings.weight".into(), &[self.positions, hidden], 0.0);
        add("embeddings.token_type_embeddings.weight".into(), &[2, hidden], 0.0);
        norm(&mut add, "embeddings.LayerNorm");
        for layer in 0..self.layers {
            let parts = [
                ("attention.self.query", hidden, hidden),
                ("attention.self.key", hidden, hidden),
                ("attention.self.value", hidden, hidden),
                ("attention.output.dense", hidden, hidden),
                ("intermediate.dense", inner, hidden),
                ("output.dense", hidden, inner),
            ];
            for (part, rows, columns) in parts {
                add(format!("encoder.layer.{layer}.{part}.weight"), &[rows, columns], 0.0);
                add(format!("encoder.layer.{layer}.{part}.bias"), &[rows], 0.0);
            }
            norm(&mut add, &format!("encoder.layer.{layer}.attention.output.LayerNorm"));
            norm(&mut add, &format!("encoder.layer.{layer}.output.LayerNorm"));
        }
        add("pooler.dense.weight".into(), &[hidden, hidden], 0.0);
        add("pooler.dense.bias".into(), &[hidden], 0.0);
        add("classifier.weight".into(), &[1, hidden], 0.0);
        add("classifier.bias".into(), &[1], 0.0);
        tensors
    }

    /// Word-pieces w5, w6, … after the five special tokens.
    pub fn tokenizer(&self) -> serde_json::Value {
        let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        let mut vocabulary = serde_json::Map::new();
        for id in 0..self.vocabulary {
            vocabulary.insert(special.get(id).map_or(format!("w{id}"), |&word| word.into()), json!(id));
        }
        let token = |id: &str, kind: u32| json!({"SpecialToken": {"id": id, "type_id": kind}});
        let text = |id: &str, kind: u32| json!({"Sequence": {"id": id, "type_id": kind}});
        let entry = |name: &str, id: u32| json!({"id": name, "ids": [id], "tokens": [name]});
        json!({
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
                "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
                "special_tokens": {"[CLS]": entry("[CLS]", 2), "[SEP]": entry("[SEP]", 3)},
            },
            "model": {
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocabulary,
            },
        })
    }

    /// A whole model directory.
    pub fn write(&self, directory: &Path, tensors: &Tensors) {
        std::fs::write(directory.join("config.json"), self.config().to_string()).unwrap();
        std::fs::write(directory.join("tokenizer.json"), self.tokenizer().to_string()).unwrap();
        write_tensors(directory, tensors);
    }
}

pub fn write_tensors(directory: &Path, tensors: &Tensors) {
    let bytes: Vec<Vec<u8>> =
        tensors.values().map(|(_, values)| values.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, (shape, _)), bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    serialize_to_file(views, None, &directory.join("model.safetensors")).unwrap();
}

/// Numbers in −1 … 1 (a linear congruential generator, Knuth's MMIX constants).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        ((self.next() + 1.0) * 0.5 * limit as f32) as usize % limit
    }
}
