//! AVX-512 against the loops, and attention in tiles against itself in f64.

use std::ops::Range;

use super::super::tests::{levels, numbers};
use super::super::tiles::widened;
use super::super::{Attending, Heads, PackedLinear, Scratch, left_operand};
use super::*;

/// bf16 has 8 bits of mantissa: two roundings of nearly the same number are one unit apart at most.
const UNIT: f32 = 1.0 / 128.0;

fn block(seed: u32, scale: f32) -> Block {
    let numbers = numbers(BLOCK * BLOCK, seed);
    Block(std::array::from_fn(|at| numbers[at] * scale))
}

fn array<const N: usize>(seed: u32) -> [f32; N] {
    numbers(N, seed).try_into().unwrap()
}

/// Whether this machine has anything to compare with the loops.
fn others() -> Option<Lanes> {
    let best = Lanes::best();
    if matches!(best, Lanes::Loops) {
        eprintln!("only plain loops on this machine: nothing to compare");
        return None;
    }
    Some(best)
}

/// `within` is what the sums themselves may differ by, before they are rounded.
fn assert_near(ours: &[Pair], expected: &[Pair], within: f32, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (ours, expected) in ours.iter().zip(expected) {
        for (at, (a, b)) in ours.0.iter().zip(&expected.0).enumerate() {
            let (a, b) = (widened(*a), widened(*b));
            assert!((a - b).abs() <= within + UNIT * b.abs(), "{what} at {at}: {a} {b}");
        }
    }
}

#[test]
fn rounding_is_to_nearest_even() {
    let Some(lanes) = others() else { return };
    // Between neighbours, at their middle, and what does not fit.
    let bits = |base: u32| (0..32u32).map(move |step| f32::from_bits(base + step * 0x0800));
    for base in [0x3f80_0000, 0x3f81_0000, 0xbf7f_0000, 0x0000_0000, 0x7f7f_0000] {
        let values: Vec<f32> = bits(base).collect();
        let values: [f32; DEPTH] = values.try_into().unwrap();
        let (mut ours, mut expected) = ([0; DEPTH], [0; DEPTH]);
        lanes.round(&values, &mut ours);
        Lanes::Loops.round(&values, &mut expected);
        // The processor takes numbers below 2^-126 for nothing, which no activation comes near.
        if base != 0 {
            assert_eq!(ours, expected, "from {base:x}");
        }
    }
}

#[test]
fn what_follows_a_product_is_what_the_loops_say() {
    let Some(lanes) = others() else { return };
    for scale in [0.1, 1.0, 6.0, 40.0] {
        let (sums, bias) = (block(1, scale), array(2));
        let both = |run: &dyn Fn(Lanes, &mut Pair)| {
            [lanes, Lanes::Loops].map(|lanes| {
                let mut out = Pair::ZERO;
                run(lanes, &mut out);
                [out]
            })
        };
        for then in [Then::Scale(0.3), Then::Gelu, Then::GeluTanh, Then::Relu] {
            let [ours, expected] = both(&|lanes, out| lanes.rows(&sums, &bias, then, out));
            // What `Then::Gelu` says of itself.
            let within = if then == Then::Gelu { 5e-5 + 4e-6 * (scale + 1.0) } else { 1e-6 };
            assert_near(&ours, &expected, within, &format!("{then:?} × {scale}"));
        }
        let [ours, expected] = both(&|lanes, out| lanes.keys(&sums, &bias, out));
        assert_near(&ours, &expected, 0.0, "keys");
        let [ours, expected] = both(&|lanes, out| lanes.values(&sums, &bias, out));
        assert_near(&ours, &expected, 0.0, "values");
        let divisors = array::<BLOCK>(3).map(|x| x.abs() + 0.5);
        let [ours, expected] = both(&|lanes, out| lanes.divided(&sums, &divisors, out));
        assert_near(&ours, &expected, 0.0, "divided");
    }
}

#[test]
fn a_block_is_added_where_it_belongs() {
    let (sums, bias, width) = (block(4, 1.0), array(5), 96);
    for lanes in [Lanes::best(), Lanes::Loops] {
        let before = numbers(BLOCK * width, 6);
        let mut x = before.clone();
        lanes.add(&sums, &bias, &mut x[32..], width);
        for (at, (new, old)) in x.iter().zip(&before).enumerate() {
            let (row, column) = (at / width, at % width);
            let inside = (32..64).contains(&column);
            let more = if inside { sums.0[row * BLOCK + column - 32] + bias[column - 32] } else { 0.0 };
            assert!((new - old - more).abs() < 1e-6, "{lanes:?} at {row}, {column}");
        }
    }
}

#[test]
fn a_norm_is_what_the_loops_say() {
    let Some(lanes) = others() else { return };
    for width in [32, 384] {
        let norm = Norm { gain: numbers(width, 7), shift: numbers(width, 8), epsilon: 1e-12 };
        let run = |lanes: Lanes| {
            let mut x: Vec<f32> = numbers(BLOCK * width, 9).iter().map(|x| 3.0 * x + 5.0).collect();
            let mut out = vec![Pair::ZERO; width / BLOCK];
            lanes.norm(&norm, &mut x, &mut out);
            (x, out)
        };
        let ((ours, tiles), (expected, expected_tiles)) = (run(lanes), run(Lanes::Loops));
        let worst = ours.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "off by {worst}");
        assert_near(&tiles, &expected_tiles, 1e-5, "rounded");
    }
}

#[test]
fn exponentials_are_what_the_loops_say_for_every_length() {
    let Some(lanes) = others() else { return };
    for columns in 1..=100usize {
        let pairs = columns.div_ceil(DEPTH);
        let mut scores: Vec<Block> = (0..pairs as u32).map(|panel| block(10 + panel, 30.0)).collect();
        // What lies behind the columns that count is larger than all of them.
        if let Some(last) = scores.last_mut() {
            last.0.chunks_mut(BLOCK).for_each(|row| row[(columns - 1) % BLOCK + 1..].fill(1e4));
        }
        for rows in [1, 31, 32] {
            let run = |lanes: Lanes| {
                // What an earlier panel left, here a NaN everywhere.
                let mut out = vec![Pair([0x7fff; 1024]); pairs];
                (lanes.exponentials(&scores, [rows, columns], &mut out), out)
            };
            let ((totals, ours), (expected_totals, expected)) = (run(lanes), run(Lanes::Loops));
            assert_near(&ours, &expected, 1e-30, &format!("{columns} columns"));
            assert!(expected.iter().all(|pair| (rows..BLOCK).all(|row| *pair.line(row) == [0; DEPTH])));
            for (a, b) in totals.iter().zip(expected_totals) {
                assert!((a - b).abs() <= 1e-5 * b, "{columns} columns: {a} {b}");
            }
        }
    }
}

/// `softmax(Q·Kᵀ/√size)·V` of every head, one number at a time in f64, `[tokens, width]`, and the weights `[tokens]` of
/// every head and row.
fn obvious(parts: [&[f32]; 3], heads: Heads, tokens: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let width = heads.width();
    let at = |part: usize, row: usize, column: usize| f64::from(parts[part][row * width + column]);
    let (mut out, mut kept) = (vec![0.0; tokens * width], Vec::new());
    for head in 0..heads.count {
        let columns = head * heads.size..(head + 1) * heads.size;
        for q in 0..tokens {
            let score = |k: usize| columns.clone().map(|c| at(0, q, c) * at(1, k, c)).sum::<f64>();
            let raw: Vec<f64> = (0..tokens).map(|k| (score(k) / (heads.size as f64).sqrt()).exp()).collect();
            let total: f64 = raw.iter().sum();
            for c in columns.clone() {
                out[q * width + c] = (0..tokens).map(|k| raw[k] / total * at(2, k, c)).sum();
            }
            kept.push(raw.iter().map(|x| x / total).collect());
        }
    }
    (out, kept)
}

/// Sequences of every length around a panel's end. Keys, values and queries come through the same epilogues as in a
/// network: products with the unit matrix.
#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn attention_in_tiles_is_attention() {
    for (count, size) in [(2, 32), (1, 64), (3, 32)] {
        let heads = Heads { count, size };
        let (width, pairs) = (heads.width(), heads.width() / BLOCK);
        let unit: Vec<f32> = (0..width * width).map(|at| f32::from(u8::from(at / width == at % width))).collect();
        for tokens in [1, 2, 31, 32, 33, 64, 75] {
            let parts =
                [20, 21, 22].map(|seed| numbers(tokens * width, seed).iter().map(|x| 2.0 * x).collect::<Vec<_>>());
            let (expected, weights) = obvious([&parts[0], &parts[1], &parts[2]], heads, tokens);
            let expected_mean = |head: usize, rows: Range<usize>, key: usize| {
                let (of, count) = (&weights[head * tokens..], rows.len().max(1) as f64);
                rows.map(|row| of[row][key]).sum::<f64>() / count
            };
            for (level, lanes) in levels().flat_map(|level| [(level, Lanes::best()), (level, Lanes::Loops)]) {
                let linear = PackedLinear::new(level, &unit, width, width);
                let panels = tokens.div_ceil(BLOCK);
                let mut made = [0, 1, 2].map(|_| vec![Pair::ZERO; panels * pairs]);
                let mut out = vec![Pair::ZERO; panels * pairs];
                level.with_multiply(|multiply| {
                    for (part, (x, made)) in parts.iter().zip(&mut made).enumerate() {
                        let x = left_operand(x, width);
                        linear.blocks(multiply, &x, 0..pairs, |panel, column, sums| {
                            let (bias, out) = (&[0.0; BLOCK], &mut made[panel * pairs + column]);
                            match part {
                                0 => lanes.rows(sums, bias, Then::Scale(heads.query_scale()), out),
                                1 => lanes.keys(sums, bias, out),
                                _ => lanes.values(sums, bias, out),
                            }
                        });
                    }
                    let attending = Attending { heads, keys: &made[1], values: &made[2], tokens };
                    let mut scratch = Scratch::default();
                    for (panel, out) in out.chunks_mut(pairs).enumerate() {
                        let rows = BLOCK.min(tokens - panel * BLOCK);
                        attending.attend(lanes, multiply, &made[0][panel * pairs..][..pairs], rows, &mut scratch, out);
                    }
                    let asked = [tokens - 1..tokens, tokens / 3..tokens, 0..0];
                    for (rows, head) in asked.iter().flat_map(|rows| (0..count).map(move |head| (rows, head))) {
                        let mean = attending.mean_weights(multiply, head, &made[0], rows.clone());
                        assert_eq!(mean.len(), tokens);
                        for (key, got) in mean.into_iter().enumerate() {
                            let expected = expected_mean(head, rows.clone(), key);
                            assert!((f64::from(got) - expected).abs() < 2e-2, "{rows:?}: {got} {expected}");
                        }
                    }
                });
                for (at, expected) in expected.iter().enumerate() {
                    let (row, column) = (at / width, at % width);
                    let pair = &out[row / BLOCK * pairs + column / DEPTH];
                    let got = f64::from(widened(pair.line(row % BLOCK)[column % DEPTH]));
                    // Queries, keys, weights, values and the result are each rounded to 8 bits; values are below 2.
                    assert!(
                        (got - expected).abs() < 4e-2,
                        "{} {lanes:?} {tokens} tokens at {at}: {got} {expected}",
                        level.label()
                    );
                }
            }
        }
    }
}
