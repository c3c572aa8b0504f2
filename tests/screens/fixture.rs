// A small library and hand-made answers of the engine: what the screens show is known in advance.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skillscope::engine::{Indexing, ModelChoice, ModelState};
use skillscope::explain::contrast::{Contrast, ContrastTerm, ContrastWord, Side, WordEffect};
use skillscope::explain::erasure::{Effect, Lists, Pair, Place, Standing, Unit};
use skillscope::explain::stage1::{NearSentence, TermView};
use skillscope::explain::{
    Attribution, DenseView, Erased, FieldShare, Grain, Lens, LexicalView, Manner, Removed, Retrieval, Word,
};
use skillscope::index::{SearchKind, Weighing};
use skillscope::library::{
    ContentHash, Field, FieldSet, Library, LoadReport, Origin, Root, RootKind, Skill, SkillIx, Text,
};
use skillscope::model::{Attention, Capture, Device, ModelId, Prior};
use skillscope::search::{Hit, PinnedStanding, Placed, QueryId, Reranking, Settings, Shortlist, Stage1, Stage1Timings};
use skillscope::text::{DocumentTemplate, Encoding, Segment};
use skillscope::tui::session::Session;

/// Names and descriptions; the index is the skill's number.
const SKILLS: [(&str, &str); 24] = [
    ("deploy-kubernetes", "Roll a service out to a kubernetes cluster and watch it come up."),
    ("helm-charts", "Write and test helm charts."),
    ("docker-images", "Build small container images."),
    ("terraform-plan", "Review a terraform plan before it is applied."),
    ("incident-report", "Write a blameless report after an outage."),
    ("canary-release", "Send a share of the traffic to a new version first."),
    ("rollback", "Go back to the last version that worked."),
    ("日本語-文書校正", "日本語の文書を校正する。"),
    ("log-search", "Find the line that matters in a gigabyte of logs."),
    ("hidden\u{202e}name", "A name with a character that turns text around."),
    ("pull-request-review", "Review the open pull request and comment on it."),
    ("release-notes", "Turn merged pull requests into release notes."),
    ("release-notes", "Another skill with the same name."),
    ("unit-tests", "Write unit tests for a module."),
    ("csv-cleaning", "Clean a table with mixed formats."),
    ("sql-tuning", "Make a slow query fast."),
    ("api-design", "Design an HTTP interface."),
    ("threat-model", "Find what can go wrong before somebody else does."),
    ("a-name-so-long-that-no-column-of-any-list-has-room-for-all-of-it", "Long."),
    ("pdf-forms", "Fill in PDF forms."),
    ("slides", "Make slides from notes."),
    ("translation", "Translate and keep the tone."),
    ("meeting-notes", "Summarise a meeting."),
    ("mine-own-skill", "What the author came for."),
];

pub fn library() -> Arc<Library> {
    let skills =
        SKILLS.iter().enumerate().map(|(index, (name, description))| skill(index, name, description)).collect();
    let root = Root {
        path: PathBuf::from("/skills"),
        label: Text::line("~/skills"),
        kind: RootKind::Tree,
        agents: Vec::new(),
        skills: SKILLS.len(),
    };
    Arc::new(Library::new(skills, vec![root], LoadReport::default()))
}

fn skill(index: usize, name: &str, description: &str) -> Skill {
    let body = format!(
        "# {name}\n\nUse this when **somebody** asks. See [the guide](guide.md).\n\n1. First `step {index}`\n2. Second\n\n```sh\nkubectl get pods\n```\n"
    );
    Skill {
        id: Text::line(format!("group-{}/{index:02}", index % 3)),
        hash: ContentHash::of(name, description, &body),
        name: Text::line(name),
        description: Text::block(description),
        body: Text::block(body),
        extra: vec![(Text::line("license"), Text::line("MIT"))],
        origin: Origin {
            root: 0,
            path: PathBuf::from(format!("/skills/{index:02}/SKILL.md")),
            shown: Text::line(format!("~/skills/{index:02}/SKILL.md")),
            line: None,
        },
        notes: Vec::new(),
    }
}

pub fn id(library: &Library, skill: usize) -> String {
    library[SkillIx(skill as u32)].id.shown().to_owned()
}

pub fn session() -> Session {
    let id = |name: &str| ModelId { name: name.into(), fingerprint: "0123456789abcdef".into() };
    let ready = SKILLS.len();
    Session {
        visiting: false,
        library: Some(library()),
        models: ModelState::Ready {
            embedder: id("builtin"),
            reranker: Some(id("builtin")),
            device: Device::Cpu,
            protocol: vec![
                "builtin on cpu in f32, fields joined by \" | \", description at most 300 characters".into(),
                "builtin on cpu in f32, at most 256 tokens, score logit".into(),
            ],
            took: Duration::from_millis(180),
        },
        choice: ModelChoice::default(),
        switching: None,
        indexing: Some(Indexing { ready, of: ready, tokens_per_second: 21_000.0, finished: true }),
        settings: Settings::default(),
        evaluation: skillscope::tui::evaluation::Evaluation::default(),
        ascii: false,
    }
}

/// Twenty hits in the order of the library; `mine` is the last skill and comes 24th.
pub fn shortlist(library: &Arc<Library>, id: QueryId, settings: Settings) -> Arc<Shortlist> {
    let hits = (0..settings.depth.min(20) as u32)
        .map(|at| Hit {
            skill: SkillIx(at),
            rank: at as usize + 1,
            lexical: (at % 4 != 3).then(|| Placed { rank: at as usize + 2, score: 14.0 - at as f32 / 2.0 }),
            dense: Some(Placed { rank: at as usize + 1, score: 0.71 - at as f32 / 50.0 }),
            fused: Some(0.0325 - at as f32 / 2000.0),
        })
        .collect();
    Arc::new(Shortlist {
        id,
        request: "roll out the new version".into(),
        settings,
        library: library.clone(),
        hits,
        ran: Stage1::Fused,
        weighing: Weighing::Bm25,
        fusion: None,
        vectors: (library.len(), library.len()),
        kind: SearchKind::Exact,
        verdict: None,
        pinned: Some(PinnedStanding {
            skill: SkillIx(23),
            lexical: Some(Placed { rank: 112, score: 0.3 }),
            dense: Some(Placed { rank: 31, score: 0.02 }),
            rank: Some(47),
            in_shortlist: false,
        }),
        timings: Stage1Timings {
            lexical: Duration::from_micros(1200),
            embed: Duration::from_micros(5100),
            dense: Duration::from_micros(300),
            total: Duration::from_micros(6600),
        },
    })
}

/// The first `scored` rows scored so that the first falls to the end and the others rise.
pub fn reranking(shortlist: &Arc<Shortlist>, scored: usize) -> Arc<Reranking> {
    let score = |at: usize| if at == 0 { -7.25 } else { 6.5 - (at * 7 % 20) as f32 / 2.0 };
    let scores: Vec<Option<f32>> = (0..shortlist.hits.len()).map(|at| (at < scored).then(|| score(at))).collect();
    Arc::new(Reranking::new(shortlist.clone(), &scores, Prior::default(), 0, Duration::from_millis(412)))
}

/// A capture of skill 0 cut after half of its words, and what a lens would make of it.
pub fn attribution() -> (Arc<Capture>, Attribution) {
    let parts = [
        "deploy-kubernetes",
        "Roll a service out to a kubernetes cluster.",
        "# Steps\n\nFirst look.\n\nThen unread words follow.",
    ];
    let document = DocumentTemplate::default().render_parts(parts, FieldSet::Full);
    let seen = document.text.find("unread").expect("the cut is in the text");
    let mut words = Vec::new();
    let mut at = 0;
    for text in document.text.split_inclusive(char::is_whitespace) {
        let bytes = at..at + text.len();
        at += text.len();
        let field = document.field_of(&(bytes.start..bytes.start + text.trim_end().len()));
        let weight = match text.trim_end() {
            "kubernetes" => 0.3,
            "service" => 0.2,
            _ => 0.02,
        };
        let weight = (bytes.start < seen && field.is_some()).then_some(weight);
        words.push(Word { text: Text::block(text), bytes, field, weight });
    }
    let share = |share: f32, token_share: f32| {
        let tokens = (token_share * 240.0) as usize;
        FieldShare { share, tokens, token_share, lift: Some(share / token_share) }
    };
    let attribution = Attribution {
        score: 5.25,
        heads: Lens::default().into(),
        fields: [share(0.31, 0.05), share(0.52, 0.25), share(0.17, 0.70)],
        layers: (0..6).map(|layer| [0.1 + layer as f32 / 20.0, 0.5, 0.4 - layer as f32 / 20.0]).collect(),
        removed: Removed { special: 0.601, request: 0.082, separators: 0.027 },
        tokens: Vec::new(),
        words,
        unlisted: 0,
        seen_tokens: 256,
        total_tokens: 1840,
        cut: [0, 0, 1200],
    };
    (Arc::new(capture(document, seen, 0)), attribution)
}

/// The same skill read in another way: attention elsewhere.
pub fn other_capture() -> Arc<Capture> {
    let (of, _) = attribution();
    Arc::new(Capture { score: -1.5, ..capture(of.document.clone(), of.encoding.seen_bytes, 23) })
}

/// One token per byte of the document: enough for the real arithmetic to run. Every head gives a third to all positions
/// alike, a third to the first one (a sink) and a third to a stretch that moves on from head to head, layer to layer
/// and (with `shift`) reading to reading.
fn capture(document: skillscope::text::Document, seen: usize, shift: usize) -> Capture {
    let positions = seen + 2;
    let offsets = (0..positions).map(|at| if at == 0 || at > seen { 0..0 } else { at - 1..at }).collect();
    let segments = (0..positions)
        .map(|at| if at == 0 || at == positions - 1 { Segment::Special } else { Segment::Document })
        .collect();
    let encoding = Encoding {
        ids: vec![1; positions],
        type_ids: vec![1; positions],
        segments,
        offsets,
        total: document.text.len() + 2,
        seen_bytes: seen,
        unread: 0,
    };
    let mut weights = Vec::with_capacity(6 * 12 * positions);
    for (layer, head) in (0..6).flat_map(|layer| (0..12).map(move |head| (layer, head))) {
        let stretch = (layer * 16 + head * 7 + shift) % (positions - 8);
        weights.extend((0..positions).map(|at| {
            let sink = if at == 0 { 1.0 } else { 0.0 };
            let near = if (stretch..stretch + 8).contains(&at) { 0.125 } else { 0.0 };
            (1.0 / positions as f32 + sink + near) / 3.0
        }));
    }
    Capture { score: 5.25, document, encoding, attention: Attention { layers: 6, heads: 12, positions, weights } }
}

/// An erasure of three pieces of skill 0, of which the first `scored` are scored.
pub fn erased(scored: usize) -> Arc<Erased> {
    let pieces = [
        (Field::Name, "name", -2.5, 7),
        (Field::Description, "Roll a service out.", 0.75, 1),
        (Field::Body, "First look at the pods.", 0.0, 1),
    ];
    let unit = |&(field, label, ..): &(Field, &str, f32, usize)| Unit {
        place: Place::Field(field),
        bytes: 0..label.len(),
        label: Text::line(label),
    };
    let effect = |(at, &(_, _, change, rank)): (usize, &(Field, &str, f32, usize))| {
        let rank_change = Some(rank as i64 - 1);
        (at < scored).then_some(Effect {
            score: 5.25 + change,
            change,
            rank: Some(rank),
            rank_change,
            standing: None,
            cosine_change: None,
        })
    };
    Arc::new(Erased {
        grain: Grain::Sentences,
        manner: Manner::Deletion,
        units: pieces.iter().map(unit).collect(),
        unseen: 37,
        left_out: 0,
        base: Some(5.25),
        rank: Some(1),
        lists: None,
        effects: pieces.iter().enumerate().map(effect).collect(),
    })
}

/// An erasure of a request of four sentences: all scored, and both stages run again for the first `listed`.
pub fn erased_request(listed: usize) -> Arc<Erased> {
    let standing = |stage1, rank| Standing { stage1, rank };
    let pieces = [
        ("Roll out the new version.", -2.5, standing(Some(104), None)),
        ("It is Friday.", 0.75, standing(Some(1), Some(1))),
        ("Take care.", -0.5, standing(Some(14), Some(7))),
        ("Thanks!", 0.0, standing(Some(2), Some(3))),
    ];
    let unit = |&(label, ..): &(&str, f32, Standing)| Unit {
        place: Place::Request,
        bytes: 0..label.len(),
        label: Text::line(label),
    };
    let effect = |(at, &(_, change, standing)): (usize, &(&str, f32, Standing))| {
        let standing = (at < listed).then_some(standing);
        let rank = standing.and_then(|standing| standing.rank);
        let rank_change = rank.map(|rank| rank as i64 - 3);
        Some(Effect { score: 5.25 + change, change, rank, rank_change, standing, cosine_change: Some(change / 10.0) })
    };
    let whole = Some(standing(Some(2), Some(3)));
    Arc::new(Erased {
        grain: Grain::Request,
        manner: Manner::Deletion,
        units: pieces.iter().map(unit).collect(),
        unseen: 0,
        left_out: 0,
        base: Some(5.25),
        rank: Some(3),
        lists: Some(Lists { skills: SKILLS.len(), depth: 20, pairs: listed.saturating_sub(1) * 20, whole }),
        effects: pieces.iter().enumerate().map(effect).collect(),
    })
}

/// Skill 0 against another: a word that each has alone, one that both have, one with a character that turns text round.
pub fn contrast(library: &Library, other: SkillIx) -> Arc<Contrast> {
    let (_, attribution) = attribution();
    let side = |skill: SkillIx, score| Side { skill, id: library[skill].id.clone(), score, fields: attribution.fields };
    let effect = |attention, change| Some(WordEffect { attention, change });
    let word = |word: &str, mine, other| ContrastWord { word: Text::line(word), mine, other };
    let term = |term: &str, mine, other| ContrastTerm { term: Text::line(term), mine, other };
    Arc::new(Contrast {
        mine: side(SkillIx(0), -7.25),
        other: side(other, 6.5),
        words: vec![
            word("helm\u{202e}charts", None, effect(0.123, -3.25)),
            word("kubernetes", effect(0.6, -1.5), None),
            word("service", effect(0.2, -0.25), effect(0.1, -0.75)),
            word("write", effect(0.01, 0.0), effect(0.02, 0.0)),
        ],
        weighing: Weighing::Bm25,
        terms: vec![term("roll", 3.0, 0.0), term("version", 0.0, 1.25)],
    })
}

/// The texts the erasure is of.
pub fn pair(library: &Library) -> Arc<Pair> {
    Arc::new(Pair::new("roll out the new version", &library[SkillIx(0)], FieldSet::Full))
}

/// Why stage 1 found skill 0.
pub fn retrieval() -> Arc<Retrieval> {
    let term = |term: &str, score: f32, counts: [u32; 3], by_field: [f32; 3]| TermView {
        term: Text::line(term),
        score,
        counts,
        by_field,
    };
    let near = |field, text: &str, cosine| NearSentence { field, bytes: 0..1, text: Text::line(text), cosine };
    Arc::new(Retrieval {
        lexical: LexicalView {
            weighing: Weighing::Bm25,
            placed: Some(Placed { rank: 2, score: 4.5 }),
            terms: vec![term("roll", 3.0, [0, 1, 1], [0.0, 1.5, 1.5]), term("out", 1.5, [0, 1, 0], [0.0, 1.5, 0.0])],
            missing: vec![Text::line("new"), Text::line("version")],
        },
        dense: Some(DenseView {
            cosine: 0.62,
            sentences: vec![
                near(Field::Description, "Roll a service out to a kubernetes cluster and watch it come up.", 0.71),
                near(Field::Body, "Use this when **somebody** asks.", 0.18),
            ],
            unseen: 4,
            unlisted: 0,
        }),
        standing: None,
    })
}
