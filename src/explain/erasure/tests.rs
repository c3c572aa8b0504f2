use super::*;
use crate::explain::{Lens, attribute};
use crate::library::{Text, load};
use crate::model::{Device, Prior, PriorWeight, never};
use crate::search::{Undisturbed, courtesy};

fn pair(request: &str, parts: [&str; 3]) -> Pair {
    Pair { request: request.into(), parts: parts.map(str::to_owned), fields: FieldSet::Full }
}

fn labels(pair: &Pair, grain: Grain) -> Vec<(&'static str, String)> {
    units(pair, grain).into_iter().map(|unit| (unit.place.key(), unit.label.shown().to_owned())).collect()
}

#[test]
fn every_grain_covers_the_texts_it_is_of() {
    let pair = pair("Merge them. Then print.", ["pdf-merge", "Merges. Splits.", "Intro.\n\n# One\nA. B.\n# Two\nC\n"]);
    assert_eq!(labels(&pair, Grain::Fields).len(), 3);
    let sections = labels(&pair, Grain::Sections);
    assert_eq!(sections[2..], [("body", "(no heading)".into()), ("body", "One".into()), ("body", "Two".into())]);
    assert_eq!(labels(&pair, Grain::Request), [("request", "Merge them.".into()), ("request", "Then print.".into())]);
    for grain in [Grain::Fields, Grain::Sections, Grain::Sentences, Grain::Lines] {
        for field in Field::ALL {
            let own = units(&pair, grain).into_iter().filter(|unit| unit.place == Place::Field(field));
            let text: String = own.map(|unit| pair.parts[field as usize][unit.bytes].to_owned()).collect();
            assert_eq!(text, pair.parts[field as usize], "{grain:?} {field:?}");
        }
    }
    let words: Vec<String> = labels(&pair, Grain::Words).into_iter().map(|(_, word)| word).collect();
    assert_eq!(words.join(" "), "pdf-merge Merges. Splits. Intro. One A. B. Two C", "marks of headings stay");
    let names = Pair { fields: FieldSet::Name, ..pair };
    assert_eq!(labels(&names, Grain::Sentences).len(), 1, "fields the model is not given have no units");
}

#[test]
fn a_unit_is_taken_out_with_its_white_space_or_made_neutral_word_by_word() {
    let pair = pair("", ["n", "One two. Three\tfour.\n\nFive.", "你好 x"]);
    let edited = |manner, field: Field, bytes: std::ops::Range<usize>| {
        let unit = Unit { place: Place::Field(field), bytes, label: Text::default() };
        without(&pair, &unit, manner).parts[field as usize].clone()
    };
    assert_eq!(edited(Manner::Deletion, Field::Description, 9..22), "One two. Five.");
    assert_eq!(edited(Manner::Neutral, Field::Description, 9..22), "One two. …\t…\n\nFive.");
    assert_eq!(edited(Manner::Neutral, Field::Body, 0..8), "…… …", "each character of Chinese is a word");
}

/// Every skill people wrote, and every file made to break a loader, in every grain: nothing lost, nothing twice.
#[test]
fn real_and_malformed_skills_are_cut_whole() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/libraries");
    if !shared.exists() {
        println!("skipped: {} is not here", shared.display());
        return;
    }
    let library = load(&load::Source::Paths(vec![shared.join("community"), shared.join("malformed")])).unwrap();
    assert!(library.len() > 500, "{} skills", library.len());
    for skill in library.skills() {
        let pair = Pair::new("a request", skill, FieldSet::Full);
        for grain in [Grain::Fields, Grain::Sections, Grain::Sentences, Grain::Lines] {
            let units = units(&pair, grain);
            for field in Field::ALL {
                let own = units.iter().filter(|unit| unit.place == Place::Field(field));
                let text: String = own.map(|unit| &pair.parts[field as usize][unit.bytes.clone()]).collect();
                let blank = pair.parts[field as usize].trim().is_empty();
                assert!(text == pair.parts[field as usize] || (blank && text.is_empty()), "{} {grain:?}", skill.id);
            }
        }
    }
}

/// Values of scipy.stats.spearmanr 1.16.
#[test]
fn spearman_is_scipys() {
    let close = |got: Option<f64>, want: f64| assert!((got.unwrap() - want).abs() < 1e-12, "{got:?} {want}");
    close(spearman(&[0.1, 0.4, 0.2, 0.9, 0.05, 0.2], &[1.0, 3.0, 2.0, 2.0, -4.0, 0.5]), 0.7794117647058825);
    close(spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]), 0.8207826816681233);
    close(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
    assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    assert_eq!(spearman(&[], &[]), None);
}

fn erased(changes: &[f32]) -> Erased {
    let unit = Unit { place: Place::Request, bytes: 0..0, label: Text::default() };
    let effect = |&change: &f32| {
        Some(Effect { score: change, change, rank: None, rank_change: None, standing: None, cosine_change: None })
    };
    Erased {
        grain: Grain::Sentences,
        manner: Manner::Deletion,
        units: vec![unit; changes.len()].into(),
        unseen: 0,
        left_out: 0,
        base: Some(0.0),
        rank: None,
        lists: None,
        effects: changes.iter().map(effect).collect(),
    }
}

#[test]
fn the_badge_says_whether_what_is_looked_at_is_what_counts() {
    let shares = [0.1, 0.2, 0.3, 0.4, 0.5];
    let verdict = |changes: &[f32]| agreement(&shares[..changes.len()], &erased(changes)).verdict;
    // The more attention, the more the score drops without it.
    assert_eq!(verdict(&[-1.0, -2.0, -3.0, -4.0, -5.0]), Verdict::Agrees);
    assert_eq!(verdict(&[-5.0, -4.0, -3.0, -2.0, -1.0]), Verdict::Disagrees);
    // By hand, ρ = 1 - 6·Σd²/120. Drops in the orders 3 1 4 5 2 (Σd² 16), 4 1 3 2 5 (14) and 2 4 1 3 5 (10): 0.2, 0.3,
    // 0.5.
    assert_eq!(verdict(&[-3.0, -1.0, -4.0, -5.0, -2.0]), Verdict::Disagrees);
    assert_eq!(verdict(&[-4.0, -1.0, -3.0, -2.0, -5.0]), Verdict::Weak);
    assert_eq!(verdict(&[-2.0, -4.0, -1.0, -3.0, -5.0]), Verdict::Agrees);
    assert_eq!(verdict(&[-1.0, -2.0, -3.0, -4.0]), Verdict::TooFew);
    assert_eq!(verdict(&[0.0; 5]), Verdict::NoOrder);
    assert!(agreement(&shares, &erased(&[0.0; 5])).rho.is_none());
}

#[test]
fn ranks_follow_the_rule_of_the_list() {
    let rivals = Rivals::new(vec![(3.0, true), (1.0, true), (1.0, false), (-2.0, false)]);
    assert_eq!([4.0, 3.0, 2.0, 1.0, 0.0, -2.0, -9.0].map(|score| rivals.rank(score)), [1, 2, 2, 3, 4, 4, 5]);
    assert_eq!(Rivals::default().rank(-1.0), 1);
}

/// Unedited, a skill must stand where the list has it, ties and the profile's share of stage 1 included.
#[test]
fn a_skill_ranks_among_its_rivals_where_its_list_has_it() {
    use crate::search::{Pipeline, QueryId, Reranking, Settings, Stage1};
    let library = std::sync::Arc::new(load(&load::Source::Demo).unwrap());
    let lexical = std::sync::Arc::new(crate::index::LexicalIndex::build(&library));
    let settings = Settings { stage1: Stage1::Lexical, depth: 12, ..Settings::default() };
    let request: Arc<str> = "review the tests of this pull request".into();
    let pipeline = Pipeline::new(library, lexical);
    let shortlist = Arc::new(pipeline.stage1(QueryId(1), &request, settings, None, true).unwrap());
    assert_eq!(shortlist.hits.len(), 12);
    let weight = |weight: f32| PriorWeight::try_from(weight).unwrap();
    for prior in [Prior::default(), Prior::Ranks(weight(0.7)), Prior::Scores(weight(1.3))] {
        let scores: Vec<Option<f32>> =
            (0..12).map(|at| Some([1.0, 2.5, -3.0, 1.0][at % 4] + (at / 8) as f32)).collect();
        let list = Reranking::new(shortlist.clone(), &scores, prior, 0, Default::default());
        for row in &list.rows {
            let rivals = Rivals::of(&list, row.skill);
            assert_eq!(rivals.rank(row.score.unwrap()), row.after, "{prior:?} {row:?}");
            assert_eq!((rivals.rank(f32::INFINITY), rivals.rank(f32::NEG_INFINITY)), (1, 12));
        }
        let outside = Rivals::of(&list, crate::library::SkillIx(u32::MAX));
        assert_eq!(outside.rank(f32::NEG_INFINITY), 13);
    }
}

#[cfg(feature = "builtin-models")]
mod with_the_builtin_model {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const REQUEST: &str = "Combine several PDF reports into one file. Keep the bookmarks.";

    fn setting() -> (Reranker, std::sync::Arc<crate::library::Library>) {
        let library = load(&load::Source::Demo).unwrap();
        (Reranker::load("builtin", Device::Cpu).unwrap(), library.into())
    }

    /// The edit done by hand, and scored alone by the reranker.
    fn alone(reranker: &Reranker, pair: &Pair) -> f32 {
        let document = reranker.document_of_parts(pair.parts());
        reranker.score(&[reranker.encode(&pair.request, &document.text)], &never).unwrap()[0]
    }

    #[test]
    fn changes_are_those_of_scoring_the_edited_text_alone_to_the_last_bit() {
        let (reranker, library) = setting();
        let skill = library.skills().iter().find(|skill| skill.id.shown().contains("pdf-merge")).unwrap();
        let pair = Pair::new(REQUEST, skill, FieldSet::Full);
        let rivals = Rivals::new(vec![(1e9, true), (-1e9, false)]);
        for grain in Grain::ALL {
            for manner in Manner::ALL {
                let run = Run::new(&reranker, pair.clone(), Some(rivals.clone()), grain, manner);
                let mut steps = 0;
                let found = erase(&reranker, run, &Undisturbed, &never, &mut |_| steps += 1).unwrap();
                assert!(found.is_finished() && steps >= found.units.len() / BATCH, "{grain:?}: {steps} steps");
                let base = alone(&reranker, &pair);
                assert_eq!(found.base, Some(base));
                assert_eq!(found.rank, (grain != Grain::Request).then_some(2));
                for (unit, effect) in found.units.iter().zip(&found.effects) {
                    let effect = effect.unwrap();
                    let mut edited = pair.clone();
                    let text = match unit.place {
                        Place::Field(field) => &mut edited.parts[field as usize],
                        Place::Request => &mut edited.request,
                    };
                    let taken = &text[unit.bytes.clone()];
                    let put = match manner {
                        Manner::Deletion => String::new(),
                        // White space kept, every run of the rest one sign: this skill is ASCII.
                        Manner::Neutral => taken
                            .split_inclusive(char::is_whitespace)
                            .map(|word| match word.trim_end() {
                                "" => word.to_owned(),
                                ink => word.replacen(ink, NEUTRAL, 1),
                            })
                            .collect(),
                    };
                    text.replace_range(unit.bytes.clone(), &put);
                    let want = alone(&reranker, &edited);
                    assert_eq!((effect.score, effect.change), (want, want - base), "{grain:?} {manner:?} {unit:?}");
                    assert_eq!(effect.rank_change, (grain != Grain::Request).then_some(0));
                }
            }
        }
    }

    #[test]
    fn text_behind_the_limit_is_not_scored_and_would_change_nothing() {
        let (reranker, _) = setting();
        let body: String = (0..400).map(|at| format!("Sentence number {at} tells of bread. ")).collect();
        let pair = pair("bake bread", ["bread", "Bakes bread.", &body]);
        let run = Run::new(&reranker, pair.clone(), None, Grain::Sentences, Manner::Deletion);
        let (all, seen) = (units(&pair, Grain::Sentences), run.report().units.len());
        assert!(run.report().unseen > 100 && seen > 20 && seen + run.report().unseen == all.len());
        let base = alone(&reranker, &pair);
        assert_eq!(alone(&reranker, &without(&pair, &all[seen], Manner::Deletion)), base, "the first unseen one");
        assert_ne!(alone(&reranker, &without(&pair, &all[seen - 1], Manner::Deletion)), base, "the last seen one");
    }

    /// SkillRet's measure, by the embedder's own word: importance is cos(q, skill) - cos(q without s, skill).
    #[test]
    fn sentences_of_a_request_are_measured_by_the_embedder_too() {
        let (reranker, library) = setting();
        let embedder = Arc::new(Embedder::load("builtin", Device::Cpu).unwrap());
        let skill = library.skills().iter().find(|skill| skill.id.shown().contains("pdf-merge")).unwrap();
        let pair = Pair::new(REQUEST, skill, FieldSet::Full);
        let run = Run::new(&reranker, pair.clone(), None, Grain::Request, Manner::Deletion);
        let run = run.with_embedder(Some(embedder.clone()));
        let found = erase(&reranker, run, &Undisturbed, &never, &mut |_| {}).unwrap();
        let document = embedder.encode(&embedder.document(skill, FieldSet::Full).text, Role::Document);
        let document = embedder.embed(&[document], &never).unwrap().remove(0);
        let asked = |text: &str| embedder.embed_queries(&[text], &never).unwrap().remove(0);
        let near = |text: &str| asked(text).iter().zip(&document).map(|(a, b)| a * b).sum::<f32>();
        assert_eq!(found.effects.len(), 2);
        for (effect, rest) in
            found.effects.iter().zip(["Keep the bookmarks.", "Combine several PDF reports into one file. "])
        {
            let (got, want) = (effect.unwrap().cosine_change.unwrap(), near(rest) - near(REQUEST));
            assert!((got - want).abs() < 1e-5, "{got} {want}");
        }
    }

    /// A stopped step loses nothing and a disturbed one is done again.
    #[test]
    fn an_erasure_can_be_stopped_and_gone_on_with() {
        let (reranker, library) = setting();
        let pair = Pair::new(REQUEST, &library.skills()[0], FieldSet::Full);
        let mut run = Run::new(&reranker, pair.clone(), None, Grain::Sentences, Manner::Deletion);
        run.step(&reranker, &never).unwrap();
        let before = run.report().scored();
        let stopped = run.step(&reranker, &|| true);
        assert!(matches!(stopped, Err(SearchError::Model(ModelError::Stopped))));
        assert_eq!((run.report().scored(), before), (BATCH - 1, BATCH - 1));

        struct Disturbed(AtomicUsize);
        impl courtesy::Courtesy for Disturbed {
            fn is_disturbed(&self) -> bool {
                self.0.fetch_add(1, Ordering::SeqCst) < 5
            }
        }
        let on = erase(&reranker, run, &Disturbed(AtomicUsize::new(0)), &never, &mut |_| {}).unwrap();
        let whole = Run::new(&reranker, pair, None, Grain::Sentences, Manner::Deletion);
        let whole = erase(&reranker, whole, &Undisturbed, &never, &mut |_| {}).unwrap();
        assert_eq!((on.base, on.effects), (whole.base, whole.effects));
    }

    /// More words than are taken: those that the model looks at most, by the shares of the attention itself.
    #[test]
    fn of_many_words_those_with_the_most_attention_are_taken_out() {
        let (reranker, library) = setting();
        let pair = Pair::new(REQUEST, &library.skills()[3], FieldSet::Full);
        let run = Run::new(&reranker, pair.clone(), None, Grain::Words, Manner::Deletion);
        assert!(run.report().units.is_empty() && !run.report().is_finished());
        let found = erase(&reranker, run, &Undisturbed, &never, &mut |_| {}).unwrap();
        let document = reranker.document(&library.skills()[3], FieldSet::Full);
        let encoding = reranker.encode_whole(REQUEST, &document.text);
        let attribution = attribute(&reranker.capture(document, encoding, &never).unwrap(), Lens::default());
        let letters = |word: &&crate::explain::Word| word.ink().contains(char::is_alphanumeric);
        let mut words: Vec<_> = attribution.words.iter().filter(|word| word.weight.is_some()).filter(letters).collect();
        words.sort_by(|a, b| b.weight.unwrap().total_cmp(&a.weight.unwrap()));
        assert!(words.len() > WORDS && found.left_out + WORDS >= words.len(), "{} words", words.len());
        let named = |unit: &Unit| unit.label.shown().to_owned();
        let (got, want): (Vec<_>, Vec<_>) = (
            found.units.iter().map(named).collect(),
            words[..WORDS].iter().map(|word| word.ink().to_owned()).collect(),
        );
        assert_eq!(got[..8], want[..8]);
        assert!(found.choice().unwrap().starts_with("the 64 with the most attention of "));
        assert!(found.effects.iter().flatten().any(|effect| effect.change != 0.0));
    }

    /// Fields are the coarsest units, so their shares must be those of the attribution itself.
    #[test]
    fn attention_of_units_sums_to_that_of_their_fields() {
        let (reranker, library) = setting();
        let skill = &library.skills()[3];
        let pair = Pair::new(REQUEST, skill, FieldSet::Full);
        let document = reranker.document(skill, FieldSet::Full);
        let encoding = reranker.encode_whole(REQUEST, &document.text);
        let capture = reranker.capture(document, encoding, &never).unwrap();
        let attribution = attribute(&capture, Lens::default());
        for grain in [Grain::Fields, Grain::Sections, Grain::Sentences, Grain::Lines] {
            let units = units(&pair, grain);
            let shares = attention_shares(&capture, &attribution, &pair, &units);
            for field in Field::ALL {
                let of_field = units.iter().zip(&shares).filter(|(unit, _)| unit.place == Place::Field(field));
                let sum: f32 = of_field.map(|(_, share)| share).sum();
                assert!((sum - attribution.fields[field as usize].share).abs() < 1e-4, "{grain:?} {field:?} {sum}");
            }
        }
    }

    /// The neutral word is one token, as its documentation says.
    #[test]
    fn the_neutral_word_is_one_token() {
        let (reranker, _) = setting();
        let tokens = |text: &str| reranker.encode_raw("", text).ids.len();
        assert_eq!(tokens(&format!("a {NEUTRAL} b")), tokens("a b") + 1);
    }
}
