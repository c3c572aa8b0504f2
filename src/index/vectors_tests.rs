use super::*;
use crate::index::VectorKey;

const DIMENSIONS: usize = 24;

fn hash(of: usize) -> ContentHash {
    ContentHash::of(&of.to_string(), "", "")
}

/// Numbers between -1 and 1 without structure, from the bytes of a hash.
fn vector(seed: usize) -> Vec<f32> {
    let bytes = blake3::hash(&seed.to_le_bytes());
    bytes.as_bytes()[..DIMENSIONS].iter().map(|&byte| f32::from(byte) / 128.0 - 1.0).collect()
}

/// `contents[i]` names the content of skill `i`; vectors are there for the contents below `ready`, in several
/// segments and in another order than the library's.
fn index(contents: &[usize], ready: usize) -> DenseIndex {
    index_with(contents, ready, Rounding::None)
}

fn index_with(contents: &[usize], ready: usize, rounding: Rounding) -> DenseIndex {
    let mut store = VectorStore::in_memory(VectorKey { fingerprint: "test".into(), dimensions: DIMENSIONS, rounding });
    let vectors: Vec<_> = (0..ready).rev().map(|of| (hash(of), vector(of))).collect();
    for batch in vectors.chunks(7) {
        assert_eq!(store.append(batch), None);
    }
    DenseIndex::new(&store, contents.iter().map(|&of| hash(of)))
}

/// The obvious way: every skill's rounded vector, in f64, sorted.
fn naive(contents: &[usize], ready: usize, query: &[f32]) -> Vec<(SkillIx, f64)> {
    let mut all: Vec<(SkillIx, f64)> = contents
        .iter()
        .enumerate()
        .filter(|&(_, &of)| of < ready)
        .map(|(skill, &of)| {
            let products = vector(of).into_iter().zip(query).map(|(a, &b)| f16::from_f32(a).to_f64() * f64::from(b));
            (SkillIx(skill as u32), products.sum())
        })
        .collect();
    all.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap());
    all
}

#[test]
fn the_scan_is_exact_and_ties_keep_library_order() {
    // Every third skill is a copy of an earlier one; contents from 80 on have no vector yet.
    let contents: Vec<usize> = (0..150).map(|i| if i % 3 == 2 { i / 4 } else { i * 97 % 100 }).collect();
    let index = index(&contents, 80);
    let missing: Vec<u32> = (0..150).filter(|&i| contents[i as usize] >= 80).collect();
    assert!(!missing.is_empty());
    assert_eq!(index.missing().iter().map(|skill| skill.0).collect::<Vec<_>>(), missing);
    assert_eq!((index.len(), index.ready()), (150, 150 - missing.len()));

    for seed in 0..20 {
        let query = vector(1000 + seed);
        let expected = naive(&contents, 80, &query);
        for limit in [0, 1, 10, 50, 1000] {
            let hits = index.search(&query, limit, seed % 2 == 0);
            assert_eq!(
                hits.iter().map(|hit| hit.skill).collect::<Vec<_>>(),
                expected.iter().take(limit).map(|(skill, _)| *skill).collect::<Vec<_>>(),
                "query {seed}, limit {limit}"
            );
            assert!(hits.iter().zip(&expected).all(|(hit, (_, score))| (f64::from(hit.score) - score).abs() < 1e-5));
        }
        for (rank, hit) in index.search(&query, 1000, true).iter().enumerate() {
            assert_eq!(index.rank_of(&query, hit.skill), Some((rank + 1, hit.score)));
        }
        assert_eq!(index.rank_of(&query, SkillIx(missing[0])), None);
        assert_eq!(index.rank_of(&query, SkillIx(150)), None);
    }
}

#[test]
fn a_parallel_scan_is_the_same_scan() {
    let contents: Vec<usize> = (0..PARALLEL_FROM + 5).map(|i| i % 50).collect();
    let mut index = index(&contents, 50);
    let query = vector(7);
    let hits = index.search(&query, 100, true);
    // Rows are shared, so the library has to be unshared to reach the parallel path.
    let rows = index.rows.clone();
    index.rows = contents.iter().map(|&of| rows[index.row_of[of].unwrap() as usize]).collect();
    index.row_of = (0..contents.len() as u32).map(Some).collect();
    assert_eq!(index.search(&query, 100, true), hits);
}

#[test]
fn what_cannot_be_a_query_finds_nothing() {
    let index = index(&[0, 1], 2);
    for query in [vec![], vec![1.0; DIMENSIONS + 1], vec![f32::NAN; DIMENSIONS], vec![f32::INFINITY; DIMENSIONS]] {
        assert_eq!(index.search(&query, 10, true), []);
        assert_eq!(index.rank_of(&query, SkillIx(0)), None);
    }
}

#[test]
fn an_empty_library_has_a_graph_too() {
    for (contents, ready) in [(&[][..], 0), (&[0, 1][..], 0), (&[0, 0][..], 1)] {
        let mut index = index(contents, ready);
        index.build_graph().unwrap();
        assert_eq!(index.kind(), SearchKind::Approximate { recall_at_10: 1.0 });
        for limit in [0, 5] {
            assert_eq!(index.search(&vector(3), limit, false), index.search(&vector(3), limit, true));
        }
    }
}

/// Vectors without structure, on which the graph errs. Its stated recall is computed again from the two searches.
#[test]
fn the_stated_recall_is_the_recall() {
    let contents: Vec<usize> = (0..20_000).collect();
    let mut index = index(&contents, contents.len());
    assert_eq!(index.kind(), SearchKind::Exact);
    index.build_graph().unwrap();
    let SearchKind::Approximate { recall_at_10 } = index.kind() else { panic!("no graph") };

    let rows = sample(index.rows.len(), RECALL_SAMPLE);
    assert_eq!(rows.len(), RECALL_SAMPLE);
    let mut found = 0;
    for &row in &rows {
        let query = index.row(row).to_f32_vec();
        let exact = index.search(&query, 10, true);
        let approximate = index.search(&query, 10, false);
        assert!(approximate.is_sorted_by(|a, b| a.rank_order(b).is_lt()));
        found += approximate.iter().filter(|hit| hit.score >= exact[9].score).count();
    }
    let recomputed = found as f32 / 2000.0;
    assert!((recall_at_10 - recomputed).abs() < 1e-6, "stated {recall_at_10}, recomputed {recomputed}");
    assert!((0.5..1.0).contains(&recall_at_10), "{recall_at_10} cannot tell a stated recall from a made-up one");
}

#[test]
fn equal_contents_are_found_together_in_the_graph() {
    let contents: Vec<usize> = (0..300).map(|i| i % 100).collect();
    let mut index = index(&contents, 100);
    index.build_graph().unwrap();
    // The best row is found by its own vector or a longer one; the naive order says which.
    let expected = naive(&contents, 100, &vector(5));
    let hits = index.search(&vector(5), 3, false);
    assert_eq!(
        hits.iter().map(|hit| hit.skill.0).collect::<Vec<_>>(),
        expected[..3].iter().map(|(skill, _)| skill.0).collect::<Vec<_>>()
    );
    assert_eq!(hits[0].score, hits[2].score, "three copies of one content");
}

#[test]
fn a_sample_has_no_row_twice() {
    for total in [0, 1, 7, 200, 201, 399, 100_000] {
        let mut rows = sample(total, RECALL_SAMPLE);
        assert_eq!(rows.len(), total.min(RECALL_SAMPLE));
        rows.dedup();
        assert_eq!(rows.len(), total.min(RECALL_SAMPLE));
        assert!(rows.is_sorted() && rows.last().is_none_or(|&row| row < total));
    }
}

/// What torch's `query @ pool.T` of two bf16 matrices keeps: the nearest bf16, worked out on the bits.
#[test]
fn similarities_in_bf16_tie_and_keep_the_librarys_order() {
    let nearest = |x: f32| {
        let bits = x.to_bits();
        f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
    };
    let contents: Vec<usize> = (0..400).collect();
    let (plain, rounded) = (index(&contents, 400), index_with(&contents, 400, Rounding::Bf16));
    let query = vector(12_345);
    let mut expected = plain.search(&query, 400, true);
    expected.iter_mut().for_each(|scored| scored.score = nearest(scored.score));
    expected.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.skill.cmp(&b.skill)));
    let ties = expected.windows(2).filter(|pair| pair[0].score == pair[1].score).count();
    assert!(ties > 20, "{ties} ties");
    assert_eq!(rounded.search(&query, 400, true), expected);
    assert_eq!(rounded.search(&query, 10, true), expected[..10]);
    for (rank, scored) in expected.iter().enumerate().step_by(37) {
        assert_eq!(rounded.rank_of(&query, scored.skill), Some((rank + 1, scored.score)));
    }
}
