use super::*;
use crate::index::FieldWeights;
use crate::library::{ContentHash, LoadReport, Origin, Skill, Text};

/// A skill with nothing but its text.
fn skill(id: usize, [name, description, body]: [&str; 3]) -> Skill {
    Skill {
        id: Text::line(id.to_string()),
        name: Text::line(name),
        description: Text::block(description),
        body: Text::block(body),
        extra: Vec::new(),
        origin: Origin { root: 0, path: "pool.jsonl".into(), shown: Text::line("pool.jsonl"), line: None },
        hash: ContentHash::of(name, description, body),
        notes: Vec::new(),
    }
}

pub fn library_of(skills: &[[&str; 3]]) -> Library {
    let skills = skills.iter().enumerate().map(|(id, &parts)| skill(id, parts)).collect();
    Library::new(skills, Vec::new(), LoadReport::default())
}

pub fn index(skills: &[[&str; 3]]) -> LexicalIndex {
    LexicalIndex::build(&library_of(skills))
}

const SKILLS: [[&str; 3]; 5] = [
    [
        "pdf-reader",
        "Read PDF files and extract tables",
        "Use pdfplumber to open the PDF. Extract text, tables and images from pdf files.",
    ],
    ["csv-tool", "Convert csv tables", "Load a csv, convert it to json. csv csv csv."],
    ["empty", "", ""],
    ["Überprüfer", "Prüft Verträge auf Risiken", "Der Überprüfer liest Verträge (PDF) und meldet Risiken."],
    ["table-tool", "Extract tables from PDF files", "Tables! Tables in PDF files, tables in csv files."],
];

/// Scores of [`SKILLS`], joined by " | ", printed by bm25s 0.3.16 with NumPy 2.4 as the bits of its f32.
#[rustfmt::skip]
const BM25S: [(&str, FieldSet, [u32; 5]); 9] = [
    ("extract tables from a PDF", FieldSet::Name, [0x3eff33e9, 0, 0, 0, 0]),
    ("extract tables from a PDF", FieldSet::NameDescription, [0x3f6c39ac, 0x3e5cc5e2, 0, 0, 0x3f9f82cc]),
    ("extract tables from a PDF", FieldSet::Full, [0x3fa8dedd, 0x3e596648, 0, 0x3e51667e, 0x3fa71dc5]),
    ("csv csv json", FieldSet::Name, [0, 0x3f7f33e9, 0, 0, 0]),
    ("csv csv json", FieldSet::NameDescription, [0, 0x3fcacb89, 0, 0, 0]),
    ("csv csv json", FieldSet::Full, [0, 0x3ff84460, 0, 0, 0x3f240655]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::Name, [0x3fbf66ef, 0, 0, 0x3f2ac659, 0]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::NameDescription, [0x3faa37bc, 0, 0, 0x3f8df4e0, 0x3f63eb2c]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::Full, [0x3f874327, 0, 0, 0x4008df9c, 0x3f5dcaee]),
];

#[test]
fn coverage_is_the_share_of_the_querys_words() {
    let index = index(&SKILLS);
    // Of five skills two have "csv", one "json" and none "rust"; what the second skill has of them is its score.
    let all = [2.4f32, 4.0, 12.0].map(f32::ln).iter().sum::<f32>();
    let found = index.coverage("csv json rust csv", FieldSet::Full, SkillIx(1));
    assert_eq!(found.words, 3);
    assert!((found.share - index.scores("csv json", FieldSet::Full)[1] / all).abs() < 1e-6, "{found:?}");
    assert_eq!(index.coverage("rust", FieldSet::Full, SkillIx(1)), Coverage { share: 0.0, words: 1 });
    assert_eq!(index.coverage("of the", FieldSet::Full, SkillIx(1)), Coverage { share: 0.0, words: 0 });
    // No name has "json": as rare as "rust", there.
    let names = index.coverage("csv json", FieldSet::Name, SkillIx(1));
    let expected = index.scores("csv", FieldSet::Name)[1] / (4f32.ln() + 12f32.ln());
    assert!((names.share - expected).abs() < 1e-6, "{names:?}");
}

#[test]
fn scores_are_bm25s_to_the_last_bit() {
    let index = index(&SKILLS);
    for (query, fields, expected) in BM25S {
        assert_eq!(index.scores(query, fields), expected.map(f32::from_bits), "{query}, {fields:?}");
    }
}

/// A weighing whose three fields differ in everything.
pub const BM25F: Weighing = Weighing::Bm25f(FieldWeights { k1: 2.0, weights: [4.0, 2.0, 1.0], b: [0.25, 0.5, 1.0] });

/// Scores of [`SKILLS`] by [`BM25F`], computed with NumPy in f64 from the formula of Robertson and Zaragoza (2009).
#[rustfmt::skip]
const BY_FIELDS: [(&str, FieldSet, [f32; 5]); 9] = [
    ("extract tables from a PDF", FieldSet::Name, [0.9053351, 0.0, 0.0, 0.0, 0.0]),
    ("extract tables from a PDF", FieldSet::NameDescription, [1.271122, 0.2776649, 0.0, 0.0, 1.6446285]),
    ("extract tables from a PDF", FieldSet::Full, [1.3593937, 0.2776649, 0.0, 0.1574061, 1.4578115]),
    ("csv csv json", FieldSet::Name, [0.0, 1.8106702, 0.0, 0.0, 0.0]),
    ("csv csv json", FieldSet::NameDescription, [0.0, 2.0697517, 0.0, 0.0, 0.0]),
    ("csv csv json", FieldSet::Full, [0.0, 1.894787, 0.0, 0.0, 0.56098]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::Name, [2.7160053, 0.0, 0.0, 0.954009, 0.0]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::NameDescription, [1.9150048, 0.0, 0.0, 1.6178683, 1.1749712]),
    ("überprüfer VERTRÄGE pdf pdf pdf", FieldSet::Full, [1.2402337, 0.0, 0.0, 2.2671748, 0.9080797]),
];

#[test]
fn fields_weighed_apart_score_as_the_paper_has_it() {
    let index = index(&SKILLS).weighed(BM25F);
    for (query, fields, expected) in BY_FIELDS {
        for (skill, (score, expected)) in index.scores(query, fields).into_iter().zip(expected).enumerate() {
            assert!((score - expected).abs() < 2e-6, "{query}, {fields:?}, {skill}: {score} is not {expected}");
        }
    }
}

/// csv-tool has 2, 3 and 7 words where skills have 1.6, 3.4 and 6.6; "csv" occurs 1, 1 and 4 times in them.
#[test]
fn a_weight_is_shared_out_by_what_its_fields_counted() {
    let parts = index(&SKILLS).weighed(BM25F).contributions("csv", FieldSet::Full, SkillIx(1));
    let counted: [f32; 3] = [4.0 / (0.75 + 0.25 * 2.0 / 1.6), 2.0 / (0.5 + 0.5 * 3.0 / 3.4), 4.0 / (7.0 / 6.6)];
    let all: f32 = counted.iter().sum();
    for (part, counted) in parts[0].by_field.into_iter().zip(counted) {
        assert!((part - parts[0].score * counted / all).abs() < 1e-6, "{part}");
    }
}

#[test]
fn ranks_and_contributions_agree_with_the_search() {
    let index = index(&SKILLS);
    for (query, fields, expected) in BM25S {
        let hits = index.search(query, fields, usize::MAX);
        assert_eq!(hits.len(), expected.iter().filter(|&&bits| bits > 0).count(), "zero scores are no hits");
        assert_eq!(index.search(query, fields, 1), hits[..1]);
        for (rank, hit) in hits.iter().enumerate() {
            assert_eq!(index.rank_of(query, fields, hit.skill), Some((rank + 1, hit.score)));
            let parts = index.contributions(query, fields, hit.skill);
            assert!((parts.iter().map(|part| part.score).sum::<f32>() - hit.score).abs() < 1e-6);
            assert!(parts.is_sorted_by(|a, b| a.score >= b.score));
        }
        assert_eq!(index.rank_of(query, fields, SkillIx(2)), None, "the empty skill");
        assert_eq!(index.contributions(query, fields, SkillIx(2)), []);
    }
}

#[test]
fn contributions_count_by_field() {
    let index = index(&SKILLS);
    let counts = |fields, skill| -> Vec<(String, [u32; 3])> {
        let parts = index.contributions("csv csv tables", fields, SkillIx(skill));
        parts.into_iter().map(|part| (part.term, part.counts)).collect()
    };
    assert_eq!(counts(FieldSet::Full, 1), [("csv".into(), [1, 1, 4]), ("tables".into(), [0, 1, 0])]);
    assert_eq!(counts(FieldSet::Name, 1), [("csv".into(), [1, 0, 0])]);
    assert_eq!(counts(FieldSet::Name, 4), []);
}

#[test]
fn equal_skills_keep_library_order() {
    let copies = [["a1", "same words", ""]; 7];
    let hits = index(&copies).search("words", FieldSet::Full, 5);
    assert_eq!(hits.iter().map(|hit| hit.skill.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn nothing_to_find_is_no_hit_and_no_panic() {
    for (skills, query) in [(&SKILLS[..], ""), (&SKILLS[..], "the of \u{202e} !"), (&[], "pdf"), (&SKILLS[2..3], "pdf")]
    {
        for fields in FieldSet::ALL {
            assert_eq!(index(skills).search(query, fields, 10), []);
            assert_eq!(index(skills).rank_of(query, fields, SkillIx(0)), None);
            assert_eq!(index(skills).rank_of(query, fields, SkillIx(99)), None);
            assert_eq!(index(skills).contributions(query, fields, SkillIx(99)), []);
        }
    }
}

/// Counts that do not fit into a packed posting must not wrap or saturate.
#[test]
fn a_word_may_be_repeated_more_often_than_a_posting_packs() {
    let body = "word ".repeat(70_000);
    let description = "word ".repeat(300);
    let index = index(&[["word", &description, &body], ["other", "word", "word"]]);
    let parts = index.contributions("word", FieldSet::Full, SkillIx(0));
    assert_eq!(parts[0].counts, [1, 300, 70_000]);
    // idf = ln(1 + 0.5 / 2.5); dl = 70301 and 3; tf = dl and 2.
    let (idf, average) = ((1.2f64.ln() as f32) as f64, (70_301.0 + 3.0) / 2.0);
    let weight = |tf: f64, length: f64| (idf * (tf / (1.5 * (0.25 + 0.75 * length / average) + tf))) as f32;
    assert_eq!(index.scores("word", FieldSet::Full), [weight(70_301.0, 70_301.0), weight(2.0, 3.0)]);
}

/// A request beyond [`WORD_BY_WORD_UP_TO`] gives the same scores, up to rounding.
#[test]
fn a_huge_request_is_counted_instead_of_walked() {
    let index = index(&SKILLS);
    let repeats = WORD_BY_WORD_UP_TO / 3;
    let once = index.scores("pdf", FieldSet::Full);
    let huge = index.scores(&"pdf ".repeat(repeats + 1), FieldSet::Full);
    for (once, huge) in once.into_iter().zip(huge) {
        assert!((huge - once * (repeats + 1) as f32).abs() <= huge * 1e-6, "{huge} is not {repeats} times {once}");
    }
}
