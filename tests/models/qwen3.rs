//! Qwen3 against transformers on random weights (`tests/fixtures/qwen3`), and against itself: what is shared, batched
//! or captured changes no score.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use skillscope::model::forward::{Hidden, Output, RunError};
use skillscope::model::qwen3::{Config, Qwen3, Setup, YesNo};
use skillscope::model::weights::{Bytes, Weights};
use skillscope::model::{Device, ModelError, Placement, Precision, never};
use skillscope::text::tokens::{Encoding, Segment, TextTokenizer};

/// f32 against f32.
const EXACT: f32 = 1e-4;
/// What rounding activations to bf16 may change: transformers itself, in bf16, is 2.2e-2 (`bf16`) and 4.3e-2 (`blocks`)
/// from the log-odds that it computes in f32.
const ROUNDED: f32 = 5e-2;

#[derive(Deserialize)]
struct Expected {
    embedding: Vec<Vector>,
    reranker: Vec<Pair>,
}

#[derive(Deserialize)]
struct Vector {
    ids: Vec<u32>,
    vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Pair {
    ids: Vec<u32>,
    yes_minus_no: f32,
    /// `[layer][head][position]`
    attention: Vec<Vec<Vec<f32>>>,
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3").join(name)
}

fn expected(name: &str) -> Expected {
    serde_json::from_slice(&std::fs::read(directory(name).join("expected.json")).unwrap()).unwrap()
}

fn tokenizer() -> TextTokenizer {
    TextTokenizer::from_bytes(&std::fs::read(directory("reranker-tokenizer.json")).unwrap(), "tokenizer.json").unwrap()
}

/// All safetensors files of a directory, in the order of their names.
fn files(directory: &Path) -> Vec<(String, Bytes)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    paths.sort();
    let bytes = |path: &PathBuf| Bytes::Resident(std::fs::read(path).unwrap().leak());
    paths.iter().map(|path| (path.display().to_string(), bytes(path))).collect()
}

/// A network with its head.
struct Scorer {
    network: Qwen3,
    head: YesNo,
}

fn open(directory: &Path, setup: Setup) -> Result<Scorer, ModelError> {
    let path = directory.join("config.json");
    let config = Config::parse(&std::fs::read(&path).unwrap(), &path.display().to_string())?;
    let files = files(directory);
    let weights = Weights::parse(&files)?;
    let head = YesNo::load(&weights, &config, YesNo::words(&tokenizer(), "tokenizer.json")?)?;
    Ok(Scorer { network: Qwen3::load(&weights, config, setup)?, head })
}

fn on_cpu(precision: Precision) -> Setup {
    Placement { device: Device::Cpu, precision }.into()
}

fn portable(precision: Precision) -> Setup {
    Setup { own_kernels: false, ..on_cpu(precision) }
}

fn load(name: &str, setup: Setup) -> Scorer {
    open(&directory(name), setup).unwrap()
}

/// Ids of which the last third is the document.
fn encoding(ids: &[u32]) -> Encoding {
    let segment = |at| if at < ids.len() * 2 / 3 { Segment::Query } else { Segment::Document };
    Encoding { ids: ids.to_vec(), segments: (0..ids.len()).map(segment).collect(), ..Encoding::default() }
}

impl Scorer {
    fn run(&self, sequences: &[Encoding], capture: bool) -> Hidden {
        self.network.forward(&sequences.iter().collect::<Vec<_>>(), Output::Last, capture, &never).unwrap()
    }

    fn scores(&self, sequences: &[Encoding]) -> Vec<f32> {
        let hidden = self.run(sequences, false);
        hidden.values.chunks_exact(self.network.config().hidden_size).map(|last| self.head.score(last)).collect()
    }
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

/// Embeddings, log-odds and every attention row of a fixture; the largest differences of each.
fn differences(name: &str, setup: Setup) -> [f32; 3] {
    let (scorer, expected) = (load(name, setup), expected(name));
    let mut worst = [0f32; 3];
    for case in &expected.embedding {
        let hidden = scorer.run(&[encoding(&case.ids)], false);
        worst[0] = worst[0].max(apart(&unit(&hidden.values), &case.vector));
    }
    for case in &expected.reranker {
        let hidden = scorer.run(&[encoding(&case.ids)], true);
        let score = scorer.head.score(&hidden.values);
        worst[1] = worst[1].max((score - case.yes_minus_no).abs());
        let attention = hidden.attention.unwrap();
        assert_eq!((attention.layers, attention.heads), (case.attention.len(), case.attention[0].len()));
        for (layer, heads) in case.attention.iter().enumerate() {
            for (head, row) in heads.iter().enumerate() {
                worst[2] = worst[2].max(apart(attention.row(layer, head), row));
            }
        }
    }
    println!("{name} {setup:?}: vectors {:.1e}, log-odds {:.1e}, attention {:.1e}", worst[0], worst[1], worst[2]);
    worst
}

#[test]
fn transformers_in_f32() {
    for name in ["plain", "one-key-head", "odd-heads", "untied-shards", "blocks"] {
        for setup in [on_cpu(Precision::F32), portable(Precision::F32)] {
            let worst = differences(name, setup);
            assert!(worst.iter().all(|difference| *difference <= EXACT), "{name} {setup:?}: {worst:?}");
        }
    }
}

/// Weights in two bytes: our loops round nothing else, unless the processor multiplies bf16; candle rounds after each
/// step.
#[test]
fn transformers_on_weights_of_two_bytes() {
    for (name, precision, own) in
        [("bf16", Precision::Bf16, EXACT), ("f16", Precision::F16, EXACT), ("blocks", Precision::Bf16, ROUNDED)]
    {
        for (setup, within) in [(on_cpu(precision), own), (portable(precision), ROUNDED)] {
            let worst = differences(name, setup);
            assert!(worst.iter().all(|difference| *difference <= within), "{name} {setup:?}: {worst:?}");
        }
    }
}

/// Candidates of one request: their prompts begin with the same 200 tokens.
fn candidates(count: usize) -> Vec<Encoding> {
    let longest = expected("plain").reranker.into_iter().max_by_key(|pair| pair.ids.len()).unwrap().ids;
    let candidate = |index: usize| {
        let document: Vec<u32> =
            longest[200 + index..330 - 3 * index].iter().map(|id| (id + index as u32) % 1600).collect();
        let ids = [&longest[..200], &document, &longest[380..]].concat();
        let segment = |at: usize| if at < 200 { Segment::Query } else { Segment::Document };
        Encoding { segments: (0..ids.len()).map(segment).collect(), ids, ..Encoding::default() }
    };
    (0..count).map(candidate).collect()
}

#[test]
fn sharing_batching_and_capturing_change_no_score() {
    let all = candidates(20);
    for (fixture, setup, within) in [
        ("odd-heads", on_cpu(Precision::F32), EXACT),
        ("odd-heads", portable(Precision::F32), EXACT),
        ("blocks", on_cpu(Precision::Bf16), ROUNDED),
    ] {
        let alone = load(fixture, Setup { share_prefix: false, ..setup });
        let apart_scores: Vec<f32> = all.iter().map(|one| alone.scores(std::slice::from_ref(one))[0]).collect();
        let spread = apart(&apart_scores, &vec![apart_scores[0]; all.len()]);
        assert!(spread > 0.1, "the candidates are too much alike to see a difference: {apart_scores:?}");

        let sharing = load(fixture, setup);
        let one_by_one: Vec<f32> = all.iter().map(|one| sharing.scores(std::slice::from_ref(one))[0]).collect();
        let captured: Vec<f32> =
            all.iter().map(|one| sharing.head.score(&sharing.run(std::slice::from_ref(one), true).values)).collect();
        let fresh = load(fixture, setup);
        let runs = [
            ("twenty at once, apart", alone.scores(&all)),
            ("one by one, sharing", one_by_one),
            ("captured, sharing", captured),
            ("twenty at once, sharing", fresh.scores(&all)),
            ("once more, all known", fresh.scores(&all)),
            (
                "in another order",
                fresh.scores(&all.iter().rev().cloned().collect::<Vec<_>>()).into_iter().rev().collect(),
            ),
        ];
        for (name, scores) in runs {
            let worst = apart(&scores, &apart_scores);
            assert!(worst <= within, "{name}, {setup:?}: {worst}");
        }
        // The rows are those of the same call without sharing.
        let [a, b] = [&alone, &sharing].map(|scorer| scorer.run(&all[3..5], true).attention.unwrap());
        assert!(apart(&a.weights, &b.weights) <= within, "{setup:?}");
    }
}

/// A request that goes on, is cut short, or is another one altogether: what is kept is only what still holds.
#[test]
fn what_is_kept_never_reaches_another_request() {
    let longest = expected("plain").reranker.into_iter().max_by_key(|pair| pair.ids.len()).unwrap().ids;
    let requests: Vec<Encoding> = [(0, 300), (0, 320), (0, 120), (7, 200), (0, 300), (7, 330), (0, 1), (0, 2)]
        .map(|(from, to)| encoding(&longest[from..to]))
        .into();
    for (fixture, setup, within) in [
        ("plain", on_cpu(Precision::F32), EXACT),
        ("plain", portable(Precision::F32), EXACT),
        ("blocks", on_cpu(Precision::Bf16), ROUNDED),
    ] {
        let (sharing, alone) = (load(fixture, setup), load(fixture, Setup { share_prefix: false, ..setup }));
        for (index, request) in requests.iter().enumerate() {
            let scores = [&sharing, &alone].map(|scorer| scorer.scores(std::slice::from_ref(request))[0]);
            assert!((scores[0] - scores[1]).abs() <= within, "request {index}, {setup:?}: {scores:?}");
        }
    }
}

#[test]
fn every_token_of_mean_pooled_models() {
    let sequences = candidates(3);
    let references: Vec<&Encoding> = sequences.iter().collect();
    let scorers = [on_cpu(Precision::F32), portable(Precision::F32)].map(|setup| load("plain", setup));
    let all = scorers.map(|scorer| {
        let tokens = scorer.network.forward(&references, Output::Tokens, false, &never).unwrap();
        let width = scorer.network.config().hidden_size;
        assert_eq!(tokens.values.len(), sequences.iter().map(|one| one.ids.len()).sum::<usize>() * width);
        let last: Vec<f32> = tokens
            .spans
            .iter()
            .flat_map(|span| &tokens.values[(span.end - 1) * width..span.end * width])
            .copied()
            .collect();
        assert!(apart(&last, &scorer.run(&sequences, false).values) <= EXACT);
        tokens.values
    });
    assert!(apart(&all[0], &all[1]) <= EXACT);
}

#[test]
fn it_stops_between_layers_and_goes_on_as_if_nothing_had_been() {
    let sequences = candidates(4);
    let references: Vec<&Encoding> = sequences.iter().collect();
    for setup in [on_cpu(Precision::F32), portable(Precision::F32)] {
        let scorer = load("plain", setup);
        let before = scorer.scores(&sequences[..2]);
        let asked = AtomicUsize::new(0);
        let third = || asked.fetch_add(1, Ordering::Relaxed) == 2;
        let stopped = scorer.network.forward(&references, Output::Last, false, &third);
        assert!(matches!(stopped, Err(RunError::Stopped)));
        assert!(apart(&scorer.scores(&sequences[..2]), &before) <= EXACT, "{setup:?}");
    }
}

#[test]
fn input_that_is_not_this_networks() {
    for setup in [on_cpu(Precision::F32), portable(Precision::F32)] {
        let scorer = load("plain", setup);
        let message = |sequences: &[&Encoding], output| match scorer.network.forward(sequences, output, false, &never) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("it ran"),
        };
        let (fine, empty) = (encoding(&[1, 2, 3]), encoding(&[]));
        assert!(message(&[&fine, &empty], Output::Last).contains("0 tokens"));
        assert!(message(&[&encoding(&vec![1; 8193])], Output::Last).contains("8193 tokens"));
        assert!(message(&[&encoding(&[5, 99_999, 3])], Output::Last).contains("token 99999"));
        assert!(message(&[], Output::Last).contains("no sequence"));
        assert!(message(&[&fine], Output::First).contains("first token"));
    }
}

/// What loading a fixture says after `damage` to a copy of it.
fn message_after(name: &str, damage: impl FnOnce(&Path)) -> String {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory(name)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    damage(copy.path());
    let messages = [on_cpu(Precision::F32), portable(Precision::Bf16)]
        .map(|setup| open(copy.path(), setup).map(|_| ()).expect_err("a damaged model was loaded").to_string());
    assert_eq!(messages[0], messages[1]);
    messages.into_iter().next().unwrap()
}

fn edit(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

#[test]
fn loading_refuses_and_names_the_file() {
    let assert_names = |message: String, parts: &[&str]| {
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
    };
    const SHARD: &str = "model-00004-of-00004.safetensors";
    let missing = message_after("untied-shards", |copy| std::fs::remove_file(copy.join(SHARD)).unwrap());
    assert_names(missing, &["model-00003-of-00004.safetensors", "norm.weight", "is missing"]);

    let truncated = message_after("untied-shards", |copy| {
        let bytes = std::fs::read(copy.join(SHARD)).unwrap();
        std::fs::write(copy.join(SHARD), &bytes[..bytes.len() - 1]).unwrap();
    });
    assert_names(truncated, &[SHARD, "not a whole safetensors file"]);

    let shape = message_after("plain", |copy| edit(&copy.join("config.json"), |config| config["head_dim"] = 8.into()));
    assert_names(shape, &["model.safetensors", "q_proj", "[64, 48]", "[32, 48]"]);

    let headless = message_after("plain", |copy| {
        edit(&copy.join("config.json"), |config| config["tie_word_embeddings"] = false.into())
    });
    assert_names(headless, &["model.safetensors", "lm_head.weight", "is missing"]);

    let dtype = message_after("plain", |copy| {
        // The header is JSON of the same length: I32 for F32.
        let path = copy.join("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(5).position(|part| part == b"\"F32\"").unwrap();
        bytes[at + 1] = b'I';
        std::fs::write(path, bytes).unwrap();
    });
    assert_names(dtype, &["model.safetensors", "stored as I32"]);

    let other =
        message_after("plain", |copy| edit(&copy.join("config.json"), |config| config["model_type"] = "llama".into()));
    assert_names(other, &["config.json", "\"llama\""]);
}

#[test]
fn a_tokenizer_without_yes_is_refused() {
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(directory("reranker-tokenizer.json")).unwrap()).unwrap();
    let vocabulary = json["model"]["vocab"].as_object_mut().unwrap();
    let id = vocabulary.remove("yes").unwrap();
    vocabulary.insert("yea".into(), id);
    let merges = json["model"]["merges"].as_array_mut().unwrap();
    merges.retain(|pair| {
        let parts: Vec<&str> = pair.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        parts.concat() != "yes" && !parts.contains(&"yes")
    });
    let tokenizer = TextTokenizer::from_bytes(json.to_string().as_bytes(), "dir/tokenizer.json").unwrap();
    let message = YesNo::words(&tokenizer, "dir/tokenizer.json").map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("dir/tokenizer.json") && message.contains("\"yes\""), "{message}");
}
