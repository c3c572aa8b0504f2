use super::*;

/// Attention as it is written in the paper, one number at a time in f64: `(output [tokens, width], weights of each head
/// and position)`.
fn obvious(qkv: &[f32], heads: Heads) -> (Vec<f64>, Vec<Vec<f64>>) {
    let width = heads.width();
    let rows: Vec<&[f32]> = qkv.chunks(3 * width).collect();
    let at = |row: usize, part: usize, column: usize| f64::from(rows[row][part * width + column]);
    let mut out = vec![0.0; rows.len() * width];
    let mut weights = Vec::new();
    for head in 0..heads.count {
        let columns = head * heads.size..(head + 1) * heads.size;
        for q in 0..rows.len() {
            let score = |k: usize| columns.clone().map(|c| at(q, 0, c) * at(k, 1, c)).sum::<f64>();
            let raw: Vec<f64> = (0..rows.len()).map(|k| (score(k) / (heads.size as f64).sqrt()).exp()).collect();
            let row: Vec<f64> = raw.iter().map(|x| x / raw.iter().sum::<f64>()).collect();
            for c in columns.clone() {
                out[q * width + c] = (0..rows.len()).map(|k| row[k] * at(k, 2, c)).sum();
            }
            weights.push(row);
        }
    }
    (out, weights)
}

fn assert_close(ours: &[f32], exact: &[f64], what: &str) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    let worst = ours.iter().zip(exact).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-5, "{what} is off by {worst:e}");
}

#[test]
fn packed_attention_is_that_of_each_sequence_alone() {
    // Sizes within a tile, of a whole one, and past it.
    for (count, size) in [(3, 5), (2, 32), (1, 1), (2, 40)] {
        let heads = Heads { count, size };
        let width = heads.width();
        // One token, and lengths on both sides of a block of query rows.
        let lengths = [1, 3, QUERY_ROWS - 1, QUERY_ROWS, QUERY_ROWS + 1, 2 * QUERY_ROWS + 7];
        let tokens: usize = lengths.iter().sum();
        let qkv: Vec<f32> = (0..tokens * 3 * width).map(|i| ((i * 7919 % 1013) as f32 / 506.0 - 1.0) * 1.5).collect();
        let mut start = 0;
        let spans: Vec<Range<usize>> = lengths
            .iter()
            .map(|length| {
                start += length;
                start - length..start
            })
            .collect();
        let out = attend(&qkv, &spans, heads);

        let keys_values: Vec<f32> = qkv.chunks(3 * width).flat_map(|row| row[width..].to_vec()).collect();
        let queries: Vec<f32> = spans.iter().flat_map(|span| qkv[span.start * 3 * width..][..width].to_vec()).collect();
        let (rows, row_weights) = attend_rows(&queries, &keys_values, &spans, heads);
        let mut row_weights = row_weights.as_slice();

        for (index, span) in spans.iter().enumerate() {
            let own = &qkv[span.start * 3 * width..span.end * 3 * width];
            let (exact, weights) = obvious(own, heads);
            assert_close(&out[span.start * width..span.end * width], &exact, "attention");
            assert_close(&rows[index * width..][..width], &exact[..width], "the first row alone");
            let first: Vec<f64> = weights.iter().step_by(span.len()).flatten().copied().collect();
            assert_close(&token_weights(own, 0, heads), &first, "weights of the first token");
            let last = span.len() - 1;
            let last_row: Vec<f64> = weights.iter().skip(last).step_by(span.len()).flatten().copied().collect();
            assert_close(&token_weights(own, last, heads), &last_row, "weights of the last token");
            let (own_weights, rest) = row_weights.split_at(first.len());
            assert_close(own_weights, &first, "weights of the first row alone");
            row_weights = rest;
        }
    }
}
