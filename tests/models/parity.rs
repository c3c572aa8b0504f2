//! Our packed BERT against candle's padded one, on random weights of odd shapes, and against itself with other
//! neighbours.

use std::collections::HashMap;

use candle_core::{D, DType, Device as CandleDevice, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use skillscope::model::embedder::Embedder;
use skillscope::model::{ModelError, Placement, Reranker, never};
use skillscope::text::{Document, Encoding};

use super::fixture::{Random, SMALL, Shape, Tensors};

/// Head sizes and widths that are no multiple of a SIMD register, sequences longer than a block of query rows.
const SHAPES: [Shape; 4] = [
    SMALL,
    Shape { vocabulary: 17, hidden: 7, layers: 1, heads: 1, inner: 5, positions: 9 },
    Shape { vocabulary: 101, hidden: 30, layers: 3, heads: 2, inner: 61, positions: 150 },
    Shape { vocabulary: 64, hidden: 64, layers: 2, heads: 4, inner: 96, positions: 300 },
];

/// Random ids in two segments.
fn encoding(shape: Shape, length: usize, random: &mut Random) -> Encoding {
    let second = random.below(length);
    Encoding {
        ids: (0..length).map(|_| random.below(shape.vocabulary) as u32).collect(),
        type_ids: (0..length).map(|position| u32::from(position >= second)).collect(),
        ..Encoding::default()
    }
}

fn encodings(shape: Shape, random: &mut Random) -> Vec<Encoding> {
    let mut lengths = vec![shape.positions, 1, 2];
    lengths.extend((0..5).map(|_| 1 + random.below(shape.positions)));
    lengths.into_iter().map(|length| encoding(shape, length, random)).collect()
}

struct Oracle {
    model: BertModel,
    tensors: HashMap<String, Tensor>,
}

impl Oracle {
    fn new(shape: Shape, tensors: &Tensors) -> Self {
        let device = CandleDevice::Cpu;
        let tensors: HashMap<String, Tensor> = tensors
            .iter()
            .map(|(name, (shape, values))| {
                (name.clone(), Tensor::from_slice(values, shape.as_slice(), &device).unwrap())
            })
            .collect();
        let config: Config = serde_json::from_value(shape.config()).unwrap();
        let builder = VarBuilder::from_tensors(tensors.clone(), DType::F32, &device);
        Oracle { model: BertModel::load(builder, &config).unwrap(), tensors }
    }

    /// `[tokens, hidden]` of one sequence.
    fn hidden(&self, encoding: &Encoding) -> Tensor {
        let row = |values: &[u32]| Tensor::new(values, &CandleDevice::Cpu).unwrap().unsqueeze(0).unwrap();
        self.model.forward(&row(&encoding.ids), &row(&encoding.type_ids), None).unwrap().squeeze(0).unwrap()
    }

    fn mean(&self, encoding: &Encoding) -> Vec<f32> {
        let mean = self.hidden(encoding).mean(0).unwrap();
        let length = mean.sqr().unwrap().sum(D::Minus1).unwrap().sqrt().unwrap();
        mean.broadcast_div(&length).unwrap().to_vec1().unwrap()
    }

    fn score(&self, encoding: &Encoding) -> f32 {
        let linear = |x: &Tensor, name: &str| {
            let product = x.matmul(&self.tensors[&format!("{name}.weight")].t().unwrap()).unwrap();
            product.broadcast_add(&self.tensors[&format!("{name}.bias")]).unwrap()
        };
        let first = self.hidden(encoding).narrow(0, 0, 1).unwrap();
        let pooled = linear(&first, "pooler.dense").tanh().unwrap();
        linear(&pooled, "classifier").flatten_all().unwrap().to_vec1::<f32>().unwrap()[0]
    }
}

fn load(shape: Shape, seed: u64) -> (Embedder, Reranker, Tensors) {
    let tensors = shape.tensors(seed);
    let directory = tempfile::tempdir().unwrap();
    shape.write(directory.path(), &tensors);
    let name = directory.path().to_str().unwrap();
    (Embedder::load(name, Placement::REFERENCE).unwrap(), Reranker::load(name, Placement::REFERENCE).unwrap(), tensors)
}

fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what}: off by {worst}");
}

#[test]
fn vectors_and_scores_equal_candles() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        let (embedder, reranker, tensors) = load(shape, seed as u64);
        let oracle = Oracle::new(shape, &tensors);
        let encodings = encodings(shape, &mut Random(77));
        let vectors = embedder.embed(&encodings, &never).unwrap();
        let scores = reranker.score(&encodings, &never).unwrap();
        for ((encoding, vector), score) in encodings.iter().zip(&vectors).zip(scores) {
            let what = format!("{shape:?}, {} tokens", encoding.ids.len());
            assert_close(vector, &oracle.mean(encoding), 1e-4, &what);
            assert_close(&[score], &[oracle.score(encoding)], 1e-4, &what);
        }
    }
}

#[test]
fn a_text_gets_the_same_numbers_whatever_its_neighbours() {
    let shape = SHAPES[2];
    let (embedder, reranker, _) = load(shape, 5);
    // More tokens than fit one step, so that steps are covered too.
    let mut random = Random(3);
    let many: Vec<Encoding> = (0..4).flat_map(|_| encodings(shape, &mut random)).collect();
    let vectors = embedder.embed(&many, &never).unwrap();
    let scores = reranker.score(&many, &never).unwrap();
    for ((alone, vector), score) in many.iter().zip(&vectors).zip(scores) {
        let alone = std::slice::from_ref(alone);
        assert_close(&embedder.embed(alone, &never).unwrap()[0], vector, 1e-6, "vector");
        assert_close(&reranker.score(alone, &never).unwrap(), &[score], 1e-5, "score");
    }
}

#[test]
fn capturing_changes_no_score_and_rows_sum_to_one() {
    let shape = SHAPES[3];
    let (_, reranker, _) = load(shape, 9);
    for encoding in encodings(shape, &mut Random(4)) {
        let score = reranker.score(std::slice::from_ref(&encoding), &never).unwrap()[0];
        let capture = reranker.capture(Document::plain(""), encoding, &never).unwrap();
        assert_close(&[capture.score], &[score], 1e-5, "score");
        let attention = &capture.attention;
        assert_eq!((attention.layers, attention.heads), (shape.layers, shape.heads));
        assert_eq!(attention.positions, capture.encoding.ids.len());
        for row in attention.weights.chunks(attention.positions) {
            assert_close(&[row.iter().sum()], &[1.0], 1e-5, "sum of a row");
        }
    }
}

#[test]
fn networks_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Embedder>();
    shared::<Reranker>();
}

#[test]
fn stop_is_asked_between_layers() {
    let (embedder, reranker, _) = load(SMALL, 1);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    // True at the second question: after the first of two layers.
    let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
    let texts = encodings(SMALL, &mut Random(8));
    assert!(matches!(embedder.embed(&texts, &stop), Err(ModelError::Stopped)));
    assert!(matches!(reranker.score(&texts, &|| true), Err(ModelError::Stopped)));
    assert!(embedder.embed(&[], &never).unwrap().is_empty());
}

#[test]
fn ids_that_are_not_of_the_network_are_an_error() {
    let (embedder, _, _) = load(SMALL, 1);
    let bad = |ids: Vec<u32>, type_ids: Vec<u32>| {
        embedder.embed(&[Encoding { ids, type_ids, ..Encoding::default() }], &never).unwrap_err().to_string()
    };
    assert!(bad(vec![40], vec![0]).contains("token 40"));
    assert!(bad(vec![1], vec![2]).contains("segment 2"));
    assert!(bad(vec![1; 33], vec![0; 33]).contains("33 tokens"));
    assert!(bad(vec![], vec![]).contains("0 tokens"));
}
