use super::*;
use crate::index::{LexicalIndex, Rounding, VectorKey, VectorStore};
use crate::library::{ContentHash, LoadReport, Origin, Root, RootKind, Skill};
use crate::model::never;

/// A row of a pool; `labels` are its columns.
fn skill(id: &str, root: usize, labels: &[(&str, &str)]) -> Skill {
    Skill {
        id: Text::line(id),
        name: Text::line(id),
        description: Text::block(format!("does {} work", &id[..1])),
        body: Text::block(""),
        extra: labels.iter().map(|(key, value)| (Text::line(key), Text::block(value))).collect(),
        origin: Origin { root, path: "pool.jsonl".into(), shown: Text::line("pool.jsonl"), line: Some(1) },
        hash: ContentHash::of(id, "", ""),
        notes: Vec::new(),
    }
}

fn library(skills: Vec<Skill>) -> Arc<Library> {
    let root = |label: &str, agents: &[&str]| Root {
        path: label.into(),
        label: Text::line(label),
        kind: RootKind::Pool,
        agents: agents.iter().map(|agent| agent.to_string()).collect(),
        skills: 0,
    };
    let roots = vec![root("~/a", &["Codex"]), root("~/b", &[]), root("~/c", &[])];
    Arc::new(Library::new(skills, roots, LoadReport::default()))
}

/// A pipeline without a model whose skills have these vectors, of length 1 up to f16; `None` for one without.
fn pipeline(library: &Arc<Library>, vectors: &[Option<[f32; 2]>]) -> Pipeline {
    let key = VectorKey { fingerprint: "test".into(), dimensions: 2, rounding: Rounding::None };
    let mut store = VectorStore::in_memory(key);
    let skills = library.skills().iter();
    let rows: Vec<_> =
        skills.zip(vectors).filter_map(|(skill, row)| Some((skill.hash, row.as_ref()?.to_vec()))).collect();
    assert_eq!(store.append(&rows), None);
    let mut pipeline = Pipeline::new(library.clone(), Arc::new(LexicalIndex::build(library)));
    let hashes = library.skills().iter().map(|skill| skill.hash);
    pipeline.set_dense(FieldSet::Full, Arc::new(DenseIndex::new(&store, hashes)));
    pipeline
}

fn made(groups: &Groups) -> Vec<(&str, usize)> {
    groups.groups.iter().map(|group| (group.name.shown(), group.skills)).collect()
}

#[test]
fn places_are_groups_in_their_order_and_empty_ones_are_not() {
    let library = library(vec![skill("x", 2, &[]), skill("y", 0, &[]), skill("z", 2, &[])]);
    let groups = group(&pipeline(&library, &[None; 3]), FieldSet::Full, Grouping::Root, &never).unwrap();
    assert_eq!(made(&groups), [("~/a", 1), ("~/c", 2)]);
    assert_eq!(groups.of, [Some(1), Some(0), Some(1)]);
    assert_eq!(groups.groups[0].about.shown(), "read by Codex");
    assert_eq!(groups.open(), 0);
}

#[test]
fn a_skill_goes_to_the_nearest_description() {
    let library = library(vec![skill("a", 0, &[]), skill("b", 0, &[]), skill("c", 0, &[]), skill("d", 0, &[])]);
    let vectors = [Some([1.0, 0.0]), Some([0.0, 1.0]), None, Some([0.6, 0.8])];
    let pipeline = pipeline(&library, &vectors);
    // By hand: d · first = 0.6, d · second = 0.8, d · third = 0.96; a is as near to the first as to the last.
    let descriptions = [vec![1.0, 0.0], vec![0.0, 1.0], vec![0.8, 0.6], vec![1.0, 0.0]];
    let found = labels::nearest_of(pipeline.dense(FieldSet::Full).unwrap(), &descriptions);
    let places: Vec<Option<usize>> = found.iter().map(|near| near.map(|(at, _)| at)).collect();
    assert_eq!(places, [Some(0), Some(1), None, Some(2)]);
    assert!((found[3].unwrap().1 - 0.96).abs() < 1e-3);
}

/// The data set's word comes before the author's; an author's own words are no category.
#[test]
fn an_authors_label_counts_where_the_taxonomy_has_it_and_the_sentence_says_whose_it_is() {
    let author = |category| [("metadata.category", category), ("metadata.subcategory", "Security")];
    let file = |id, category| {
        let mut skill = skill(id, 0, &author(category));
        skill.origin.line = None;
        skill
    };
    let both = [("major", "AI Agents"), ("metadata.category", "Data & ML")];
    let library = self::library(vec![
        file("a", "data & ml "),
        file("b", "c-level"),
        skill("c", 0, &both),
        file("d", "Software Engineering"),
    ]);
    let groups = group(&pipeline(&library, &[None; 4]), FieldSet::Full, Grouping::Category, &never).unwrap();
    assert_eq!(made(&groups), [("Software Engineering", 1), ("AI Agents", 1), ("Data & ML", 1)]);
    assert_eq!(groups.of[1], None, "it waits for a vector");
    let whose = "the data set's own labels for 1, labels in the skills' own metadata for 2, else nearest description";
    assert!(groups.sentence().contains(whose), "{}", groups.sentence());

    let demo = Arc::new(crate::library::load(&crate::library::load::Source::Demo).unwrap());
    let pipeline = Pipeline::new(demo.clone(), Arc::new(LexicalIndex::build(&demo)));
    for (by, count) in [(Grouping::Category, 6), (Grouping::SubCategory, 18)] {
        let groups = group(&pipeline, FieldSet::Full, by, &never).unwrap();
        assert_eq!((groups.groups.len(), groups.open()), (count, 0), "no model is needed");
        assert_eq!(groups.sentence(), "labels in the skills' own metadata");
    }
}

#[test]
fn a_data_sets_own_labels_win_and_unknown_ones_stay() {
    let own = |major, sub| [("major", major), ("sub", sub)];
    let library = library(vec![
        skill("a", 0, &own("Data & ML", "ML Development")),
        skill("b", 0, &own("Cooking", "Baking")),
        skill("c", 0, &own("Software Engineering", "Security")),
        skill("d", 0, &own("Data & ML", "Data Analysis")),
    ]);
    let pipeline = pipeline(&library, &[None; 4]);
    let groups = group(&pipeline, FieldSet::Full, Grouping::Category, &never).unwrap();
    assert_eq!(made(&groups), [("Software Engineering", 1), ("Data & ML", 2), ("Cooking", 1)]);
    assert_eq!(groups.sentence(), "the data set's own labels");
    assert_eq!(groups.groups[0].central, None);
    let groups = group(&pipeline, FieldSet::Full, Grouping::SubCategory, &never).unwrap();
    assert_eq!(made(&groups), [("Security", 1), ("Data Analysis", 1), ("ML Development", 1), ("Baking", 1)]);
}

/// The same words in a SKILL.md are its author's.
#[test]
fn only_rows_of_a_pool_have_labels_of_a_data_set() {
    let mut written = skill("a", 0, &[("major", "Data & ML")]);
    written.origin.line = None;
    let library = library(vec![written, skill("b", 0, &[("major", "AI Agents")]), skill("c", 0, &[("major", " ")])]);
    let groups = group(&pipeline(&library, &[None; 3]), FieldSet::Full, Grouping::Category, &never).unwrap();
    assert_eq!(groups.of, [None, Some(0), None]);
    let sentence = groups.sentence();
    assert!(
        sentence.starts_with("provisional, 2 of 3 have no vector yet: the data set's own labels for 1"),
        "{sentence}"
    );
}

#[test]
fn clusters_are_named_by_their_words_and_largest_first() {
    let skills: Vec<Skill> = (0..12)
        .map(|at| {
            let topic = if usize::is_multiple_of(at, 3) { "pastry" } else { "kernels" };
            let mut skill = skill(&format!("{at:02}"), 0, &[]);
            skill.description = Text::block(format!("about {topic}"));
            skill
        })
        .collect();
    let library = library(skills);
    let angle = |at: usize| if at.is_multiple_of(3) { 0.1 + at as f32 * 0.01 } else { 1.4 + at as f32 * 0.01 };
    let mut vectors: Vec<Option<[f32; 2]>> = (0..12).map(|at| Some([angle(at).cos(), angle(at).sin()])).collect();
    vectors[11] = None;
    let pipeline = pipeline(&library, &vectors);
    let groups = group(&pipeline, FieldSet::Full, Grouping::Cluster, &never).unwrap();
    // √(11/2) is 2.
    assert_eq!(made(&groups), [("kernels", 7), ("pastry", 4)]);
    assert_eq!(groups.of[0], Some(1));
    assert_eq!(groups.of[11], None);
    // The mean direction of 0.10, 0.13, 0.16, 0.19 lies between the second and the third.
    assert!([Some(SkillIx(3)), Some(SkillIx(6))].contains(&groups.groups[1].central));
    let again = group(&pipeline, FieldSet::Full, Grouping::Cluster, &never).unwrap();
    assert_eq!((again.groups, again.of), (groups.groups, groups.of));
    let stopped = group(&pipeline, FieldSet::Full, Grouping::Cluster, &|| true);
    assert!(matches!(stopped, Err(SearchError::Model(ModelError::Stopped))));
}

#[test]
fn without_vectors_there_are_no_clusters_and_the_sentence_says_so() {
    let library = library(vec![skill("a", 0, &[])]);
    let pipeline = Pipeline::new(library.clone(), Arc::new(LexicalIndex::build(&library)));
    for by in [Grouping::Cluster, Grouping::Category, Grouping::SubCategory] {
        let groups = group(&pipeline, FieldSet::Full, by, &never).unwrap();
        assert_eq!((groups.groups.len(), groups.open()), (0, 1));
        assert!(groups.sentence().starts_with("provisional, 1 of 1 have no vector yet"), "{}", groups.sentence());
    }
    assert_eq!(agreement(&pipeline, FieldSet::Full, Level::Category, &never).unwrap(), None);
}

#[test]
fn no_two_clusters_have_one_name() {
    let names = ["a, b", "", "a, b", ""].map(String::from).to_vec();
    assert_eq!(distinct(names), ["a, b", "no common words", "a, b (2)", "no common words (2)"]);
}
