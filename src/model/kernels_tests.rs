/// `Φ(x)` in f64 by its series (Abramowitz and Stegun 26.2.10 for the middle, zero and one beyond where f32 can tell).
fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 7.5 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..300 {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn grid(from: f32, to: f32) -> impl Iterator<Item = f32> {
    (0..=100_000).map(move |i| from + (to - from) * i as f32 / 100_000.0)
}

#[test]
fn exp_is_within_its_stated_error() {
    for x in grid(-87.0, 88.0) {
        let exact = f64::from(x).exp();
        let error = (f64::from(super::exp(x)) - exact).abs() / exact;
        assert!(error < 3e-7, "exp({x}) is off by {error:e}");
    }
    assert_eq!(super::exp(0.0), 1.0);
    assert!(super::exp(f32::NEG_INFINITY) < 2e-38);
}

#[test]
fn gelu_is_within_its_stated_error() {
    for x in grid(-12.0, 12.0) {
        let exact = f64::from(x) * normal_cdf(f64::from(x));
        let error = (f64::from(super::gelu(x)) - exact).abs();
        assert!(error < 3e-7 * f64::from(x.abs().max(1.0)), "gelu({x}) is off by {error:e}");
    }
}

#[test]
fn gelu_tanh_is_its_formula() {
    for x in grid(-12.0, 12.0) {
        let wide = f64::from(x);
        let exact =
            0.5 * wide * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044715 * wide.powi(3))).tanh());
        let error = (f64::from(super::gelu_tanh(x)) - exact).abs();
        assert!(error < 6e-7 * wide.abs().max(1.0), "gelu_tanh({x}) is off by {error:e}");
    }
}

#[test]
fn rows_of_every_width() {
    for width in 1..50 {
        let row: Vec<f32> = (0..width).map(|i| ((i * 37 % 19) as f32 - 9.0) * 0.7).collect();
        let exact: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();

        let (mut soft, mut sums) = ([row.clone(), row.clone()].concat(), [0.0; 2]);
        super::exp_rows(&mut soft, width, &mut sums);
        super::divide_rows(&mut soft, width, &sums);
        let total: f64 = exact.iter().map(|x| x.exp()).sum();
        for (ours, x) in soft.iter().zip(exact.iter().cycle()) {
            assert!((f64::from(*ours) - x.exp() / total).abs() < 1e-6, "softmax of width {width}");
        }

        let norm = super::Norm { gain: vec![2.0; width], shift: vec![0.5; width], epsilon: 1e-5 };
        let (mut normed, residual, bias) = (row.clone(), vec![1.0; width], row.clone());
        norm.apply_residual(&mut normed, &residual, &bias);
        // row + 1 + row, normalised
        let mean = exact.iter().map(|x| 2.0 * x + 1.0).sum::<f64>() / width as f64;
        let variance = exact.iter().map(|x| (2.0 * x + 1.0 - mean).powi(2)).sum::<f64>() / width as f64;
        for (ours, x) in normed.iter().zip(&exact) {
            let expected = (2.0 * x + 1.0 - mean) / (variance + 1e-5).sqrt() * 2.0 + 0.5;
            assert!((f64::from(*ours) - expected).abs() < 1e-4, "norm of width {width}: {ours}, {expected}");
        }
    }
}
