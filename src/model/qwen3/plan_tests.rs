#![allow(clippy::single_range_in_vec_init, reason = "a list of ranges that happens to have one")]

use super::*;

/// `query` tokens of the request, then the document's.
fn pair(query: &[u32], document: &[u32]) -> Encoding {
    let segments = query.iter().map(|_| Segment::Query).chain(document.iter().map(|_| Segment::Document));
    Encoding { ids: [query, document].concat(), segments: segments.collect(), ..Encoding::default() }
}

#[test]
fn the_request_is_shared_and_the_rest_packed() {
    let (a, b) = (pair(&[1, 2, 3], &[4, 5]), pair(&[1, 2, 3], &[6]));
    let plan = Plan::sharing(&[&a, &b], &[]);
    assert_eq!(plan, Plan { ids: vec![1, 2, 3, 4, 5, 6], kept: 0, shared: 3, own: vec![3..5, 5..6] });
    assert_eq!(plan.positions().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 3]);
    assert_eq!(plan.last_rows().collect::<Vec<_>>(), [4, 5]);
    assert_eq!(plan.longest(), 5);
    let pieces: Vec<_> = plan.pieces().into_iter().map(|piece| (piece.rows, piece.shared)).collect();
    assert_eq!(pieces, [(0..3, 0), (3..5, 3), (5..6, 3)]);
}

#[test]
fn what_an_earlier_call_left_has_no_row() {
    let (a, b) = (pair(&[1, 2, 3], &[4, 5]), pair(&[1, 2, 3], &[6]));
    // The request has one more word than the last one had.
    let plan = Plan::sharing(&[&a, &b], &[1, 2, 9, 9, 9]);
    assert_eq!(plan, Plan { ids: vec![3, 4, 5, 6], kept: 2, shared: 1, own: vec![1..3, 3..4] });
    assert_eq!(plan.positions().collect::<Vec<_>>(), [2, 3, 4, 3]);
    // Sequence by sequence: the request of the first is the prefix of the second.
    assert_eq!(Plan::sharing(&[&a], &[]).shared, 3);
    assert_eq!(Plan::sharing(&[&b], &[1, 2, 3]), Plan { ids: vec![6], kept: 3, shared: 0, own: vec![0..1] });
}

#[test]
fn the_last_token_stays_a_row() {
    let same = pair(&[1, 2], &[]);
    assert_eq!(Plan::sharing(&[&same, &same], &[1, 2]).own, [0..1, 1..2]);
    let one = pair(&[7], &[]);
    assert_eq!(Plan::sharing(&[&one], &[7]), Plan { ids: vec![7], kept: 0, shared: 0, own: vec![0..1] });
    assert_eq!(Plan::apart(&[&same, &one]).own, [0..2, 2..3]);
}
