use super::*;

const INPUT: usize = 70;
const OUTPUT: usize = 90;
const ROWS: usize = 5;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 1000) as f32 / 500.0 - 1.0).collect()
}

/// In f64, of weights rounded by `round`.
fn product(x: &[f32], weight: &[f32], round: impl Fn(f32) -> f32) -> Vec<f32> {
    let dot = |row: &[f32], weight: &[f32]| -> f32 {
        row.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(round(*w))).sum::<f64>() as f32
    };
    x.chunks_exact(INPUT)
        .flat_map(|row| weight.chunks_exact(INPUT).map(move |weight| (row, weight)))
        .map(|(row, weight)| dot(row, weight))
        .collect()
}

fn assert_close(name: &str, found: &[f32], expected: &[f32], within: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= within, "{name}: {worst}");
}

/// Whole, a part, and added to something, in every format.
#[test]
fn every_format_gives_the_product() {
    let (x, weight, residual) = (numbers(ROWS * INPUT, 1), numbers(OUTPUT * INPUT, 2), numbers(ROWS * OUTPUT, 3));
    type Round = (Format, fn(f32) -> f32, f32);
    let rounds: [Round; 3] = [
        (Format::F32, |w| w, 1e-4),
        (Format::F16, |w| f16::from_f32(w).to_f32(), 1e-4),
        (Format::Bf16, |w| bf16::from_f32(w).to_f32(), 1e-4),
    ];
    for (format, round, within) in rounds {
        let linear = Linear::new(weight.clone(), INPUT, format);
        let expected = product(&x, &weight, round);
        assert_close(&format!("{format:?}"), &linear.forward(&x), &expected, within);
        let part: Vec<f32> = expected.chunks_exact(OUTPUT).flat_map(|row| &row[13..77]).copied().collect();
        assert_close(&format!("{format:?}, part"), &linear.forward_part(&x, 13..77), &part, within);
        let sum: Vec<f32> = expected.iter().zip(&residual).map(|(a, b)| a + b).collect();
        assert_close(&format!("{format:?}, added"), &linear.forward_onto(&x, residual.clone()), &sum, within);
    }
}

/// More outputs than are widened at once.
#[test]
fn wide_layers_are_widened_in_blocks() {
    let weight = numbers((WIDENED + 40) * INPUT, 4);
    let x = numbers(ROWS * INPUT, 5);
    let expected = product(&x, &weight, |w| bf16::from_f32(w).to_f32());
    assert_close("blocks", &Linear::new(weight, INPUT, Format::Bf16).forward(&x), &expected, 1e-4);
}
