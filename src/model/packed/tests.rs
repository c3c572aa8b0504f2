//! Every level against the product in f64 of the rounded operands.

use half::bf16;

use super::*;

/// Numbers in (−1, 1) that are different everywhere (Numerical Recipes' 32-bit generator).
pub(super) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// `x·Wᵀ` as the definition has it.
fn slowly(x: &[f32], weight: &[f32], rows: usize, output: usize, input: usize) -> Vec<f64> {
    let value = |x: f32| f64::from(bf16::from_f32(x).to_f32());
    let dot = |row: usize, column: usize| -> f64 {
        (0..input).map(|k| value(x[row * input + k]) * value(weight[column * input + k])).sum()
    };
    (0..rows)
        .flat_map(|row| (0..output).map(move |column| (row, column)))
        .map(|(row, column)| dot(row, column))
        .collect()
}

pub(super) fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| {
        let available = level.available();
        if !available {
            eprintln!("{} is not on this machine: not tested", level.label());
        }
        available
    })
}

/// `x·Wᵀ` by blocks, `[rows, output]`.
fn product(linear: &PackedLinear, x: &[f32]) -> Vec<f32> {
    let (rows, output) = (x.len() / linear.input, linear.output);
    let tiles = left_operand(x, linear.input);
    let mut y = vec![f32::NAN; rows * output];
    linear.level.with_multiply(|multiply| {
        linear.blocks(multiply, &tiles, 0..output.div_ceil(BLOCK), |panel, column, sums| {
            let part = column * BLOCK..output.min((column + 1) * BLOCK);
            for (row, sums) in (panel * BLOCK..rows).zip(sums.rows()) {
                y[row * output..][part.clone()].copy_from_slice(&sums[..part.len()]);
            }
        });
    });
    y
}

fn check(level: Level, rows: usize, output: usize, input: usize) {
    let (x, weight) = (numbers(rows * input, 1), numbers(output * input, 2));
    let y = product(&PackedLinear::new(level, &weight, output, input), &x);
    let expected = slowly(&x, &weight, rows, output, input);
    for (index, (got, want)) in y.iter().zip(&expected).enumerate() {
        // f32 sums of `input` products below one: a few units in the last place of the partial sums.
        let bound = 1e-6 * input as f64 + 1e-6;
        assert!(
            (f64::from(*got) - want).abs() <= bound,
            "{} {rows}×{output}×{input} at {index}: {got} {want}",
            level.label()
        );
    }
}

/// Every tail of every dimension: a row, a column or a pair of k too many or too few is a wrong number somewhere.
#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn all_sizes_to_a_hundred() {
    for level in levels() {
        for size in 1..=100 {
            check(level, size, 33, 40);
            check(level, 7, size, 40);
            check(level, 7, 33, size);
            check(level, size, size, size);
        }
    }
}

#[test]
fn inputs_need_no_alignment() {
    for level in levels() {
        let (x, weight) = (numbers(9 * 50 + 1, 3), numbers(20 * 50 + 1, 4));
        let y = product(&PackedLinear::new(level, &weight[1..], 20, 50), &x[1..]);
        let expected = slowly(&x[1..], &weight[1..], 9, 20, 50);
        assert!(y.iter().zip(expected).all(|(got, want)| (f64::from(*got) - want).abs() < 1e-4));
    }
}

#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn blocks_name_their_rows_and_columns() {
    let (rows, output, input) = (70, 128, 64);
    let (x, weight) = (numbers(rows * input, 14), numbers(output * input, 15));
    let tiles = left_operand(&x, input);
    let expected = slowly(&x, &weight, rows, output, input);
    for level in levels() {
        let linear = PackedLinear::new(level, &weight, output, input);
        let mut seen = 0;
        level.with_multiply(|multiply| {
            linear.blocks(multiply, &tiles, 1..4, |panel, column, sums| {
                for (row, sums) in sums.rows().enumerate().take_while(|(row, _)| panel * BLOCK + row < rows) {
                    for (lane, sum) in sums.iter().enumerate() {
                        let want = expected[(panel * BLOCK + row) * output + (column + 1) * BLOCK + lane];
                        assert!((f64::from(*sum) - want).abs() < 1e-4, "{}", level.label());
                        seen += 1;
                    }
                }
            });
        });
        assert_eq!(seen, rows * 96);
    }
}

/// Rows of several tasks, whose outputs are rounded once.
#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn a_product_in_tiles_is_the_product() {
    let (rows, output, input) = (ROWS + 40, 96, 64);
    let (x, weight) = (numbers(rows * input, 16), numbers(output * input, 17));
    let expected = slowly(&x, &weight, rows, output, input);
    for level in levels() {
        let mut y = vec![Pair::ZERO; rows.div_ceil(BLOCK) * output / BLOCK];
        PackedLinear::new(level, &weight, output, input).forward_tiles(&left_operand(&x, input), &mut y);
        for (at, want) in expected.iter().enumerate() {
            let (row, column) = (at / output, at % output);
            let pair = &y[row / BLOCK * output / BLOCK + column / BLOCK];
            let got = f64::from(tiles::widened(pair.line(row % BLOCK)[column % BLOCK]));
            assert!((got - want).abs() <= want.abs() / 256.0 + 1e-4, "{} {row}, {column}", level.label());
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn neighbours_change_nothing() {
    for level in levels() {
        let weight = numbers(96 * 128, 9);
        let linear = PackedLinear::new(level, &weight, 96, 128);
        let x = numbers(40 * 128, 10);
        let together = product(&linear, &x);
        for row in [0, 17, 39] {
            assert_eq!(
                product(&linear, &x[row * 128..(row + 1) * 128]),
                together[row * 96..(row + 1) * 96],
                "{}",
                level.label()
            );
        }
    }
}
