//! Token ids equal transformers' for every prompt on 500 real skills and on odd texts
//! (`tests/fixtures/prompts/make.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use skillscope::library::FieldSet;
use skillscope::model::PromptProfile;
use skillscope::text::document::first_chars;
use skillscope::text::{Encoding, PairPrompt, PairTemplate, Segment, TextTokenizer, chat};

use super::{profile, written};

const SKILLS: usize = 500;

#[derive(Deserialize)]
struct Expected {
    library: String,
    extra: Vec<[Field; 4]>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Repeated(String, usize),
}

#[derive(Deserialize)]
struct Run {
    profile: String,
    part: String,
    max_tokens: usize,
    hashes: String,
    ids: BTreeMap<usize, Vec<u32>>,
}

/// Name, description, body and request.
type Row = [String; 4];

struct Shared {
    embedding: TextTokenizer,
    reranker: TextTokenizer,
    rows: Vec<Row>,
}

/// `None`, and a line that says so, where the shared material is absent.
fn shared(expected: &Expected) -> Option<Shared> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let (library, tokenizers) = (root.join("libraries/community"), root.join("tokenizers"));
    if !library.is_dir() || !tokenizers.is_dir() {
        println!("skipped: no libraries/community and tokenizers in {}", root.display());
        return None;
    }
    let tokenizer = |name: &str| {
        let json = std::fs::read(tokenizers.join(name).join("tokenizer.json")).unwrap();
        TextTokenizer::from_bytes(&json, name).unwrap()
    };
    let mut rows = load(&library);
    let mut hasher = blake3::Hasher::new();
    for text in rows.iter().flatten() {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    assert_eq!(
        hasher.finalize().to_hex().as_str(),
        expected.library,
        "another library than the one expected.json was made of"
    );
    rows.extend(expected.extra.iter().map(|row| {
        row.each_ref().map(|field| match field {
            Field::Text(text) => text.clone(),
            Field::Repeated(text, times) => text.repeat(*times),
        })
    }));
    Some(Shared { embedding: tokenizer("qwen3-embedding"), reranker: tokenizer("qwen3-reranker"), rows })
}

fn load(library: &Path) -> Vec<Row> {
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = folders(library).flat_map(|owner| folders(&owner).collect::<Vec<_>>()).collect();
    paths.sort();
    let texts = paths.iter().filter_map(|path| {
        let text = String::from_utf8(std::fs::read(path.join("SKILL.md")).ok()?).ok()?;
        Some((path.file_name()?.to_str()?.to_owned(), text))
    });
    let piece = |text: &str, from: usize, count: usize| text.chars().skip(from).take(count).collect::<String>();
    texts
        .take(SKILLS)
        .enumerate()
        .map(|(index, (name, text))| {
            let start = 37 + index % 11;
            [name, piece(&text, 0, 700), text.clone(), piece(&text, start, 53 * (index % 40))]
        })
        .collect()
}

/// As the reference's script makes it.
fn digest(ids: &[u32]) -> String {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    blake3::hash(&bytes).to_hex()[..8].to_owned()
}

/// How a run reads a row.
enum Reader {
    Query(String, Option<usize>),
    Document,
    Pair(PairPrompt),
}

fn reader(run: &Run, shared: &Shared) -> Reader {
    let profile = profile(&run.profile);
    let embedder = profile.embedder.clone().unwrap();
    match run.part.as_str() {
        "query" => Reader::Query(embedder.query_prefix, embedder.query_cap),
        "document" => Reader::Document,
        _ => Reader::Pair(PairPrompt::new(template(&run.profile, &shared.reranker), &shared.reranker)),
    }
}

fn template(name: &str, tokenizer: &TextTokenizer) -> PairTemplate {
    let profile = profile(name);
    written(&profile).unwrap_or_else(|| {
        let Some(PromptProfile::Repository { instruction }) = profile.reranker.unwrap().prompt else { unreachable!() };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prompts/chat_template.jinja");
        let source = std::fs::read_to_string(path).unwrap();
        chat::pair_template(&source, instruction.as_deref(), &BTreeMap::new(), tokenizer).unwrap()
    })
}

#[test]
fn ids_equal_the_references() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prompts/expected.json");
    let expected: Expected = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let Some(shared) = shared(&expected) else { return };
    std::thread::scope(|scope| {
        for run in &expected.runs {
            scope.spawn(|| check(run, &shared));
        }
    });
}

fn check(run: &Run, shared: &Shared) {
    let Run { profile: name, part, max_tokens, .. } = run;
    let reader = reader(run, shared);
    let profile = profile(name);
    let (embedder, reranker) = (profile.embedder.unwrap(), profile.reranker.unwrap());
    assert!(*max_tokens < 1000 || [embedder.max_tokens, reranker.max_tokens].contains(max_tokens));
    for (index, row) in shared.rows.iter().enumerate() {
        let parts = [row[0].as_str(), &row[1], &row[2]];
        let encoding = match &reader {
            Reader::Query(prefix, cap) => {
                let request = cap.map_or(row[3].as_str(), |cap| first_chars(&row[3], cap));
                shared.embedding.encode_head(prefix, request, *max_tokens)
            }
            Reader::Document => {
                let document = embedder.document.render_parts(parts, FieldSet::Full);
                shared.embedding.encode_head(&embedder.document_prefix, &document.text, *max_tokens)
            }
            Reader::Pair(prompt) => {
                let document = reranker.document.render_parts(parts, FieldSet::Full).text;
                pair(prompt, &shared.reranker, [&row[3], &document], *max_tokens)
            }
        };
        let what = || format!("{name} {part} {max_tokens}: text {index} ({})", row[0]);
        if let Some(ids) = run.ids.get(&index) {
            assert_eq!(&encoding.ids, ids, "{}", what());
        }
        assert_eq!(digest(&encoding.ids), run.hashes[index * 8..][..8], "{}", what());
    }
}

/// Reads the head, as a search does; the whole gives the same ids; every token points at its own text.
fn pair(prompt: &PairPrompt, tokenizer: &TextTokenizer, texts: [&str; 2], max_tokens: usize) -> Encoding {
    let [query, document] = texts;
    let whole = prompt.encode(tokenizer, query, document, max_tokens);
    let mut head = prompt.encode_head(tokenizer, query, document, max_tokens);
    let ids = (head.ids.clone(), head.total);
    tokenizer.complete(&mut head, document);
    assert_eq!(head.ids, whole.ids);
    assert_eq!((head.seen_bytes, head.unread), (whole.seen_bytes, 0));
    assert!(ids.1 <= whole.total);
    for (segment, bytes) in whole.segments.iter().zip(&whole.offsets) {
        match segment {
            Segment::Special => assert!(bytes.is_empty()),
            Segment::Query => assert!(query.get(bytes.clone()).is_some_and(|text| !text.is_empty())),
            Segment::Document => {
                assert!(document.get(bytes.clone()).is_some_and(|text| !text.is_empty()));
                assert!(bytes.end <= whole.seen_bytes);
            }
        }
    }
    head
}
