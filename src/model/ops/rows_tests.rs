use super::*;

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((f64::from(*a) - b).abs() <= 1e-6 * b.abs().max(1.0), "{found:?} is not {expected:?}");
    }
}

#[test]
fn a_norm_by_hand() {
    // The mean square of 3, 4, 0, 0 and 5 is 10.
    let mut out = [0.0; 5];
    rms_norm(&[3.0, 4.0, 0.0, 0.0, 5.0], &[1.0, 2.0, 1.0, 1.0, -1.0], 0.0, &mut out);
    let root = 10f64.sqrt();
    assert_close(&out, &[3.0 / root, 8.0 / root, 0.0, 0.0, -5.0 / root]);
}

#[test]
fn a_rotation_by_hand() {
    // Two heads of four: pairs are (0, 2) and (1, 3). A quarter turn of the first pair, none of the second.
    let mut row = [1.0, 1.0, -1.0, 1.0, 2.0, 2.0, 2.0, -2.0];
    norm_rotate(&mut row, &[1.0, 1.0, 3.0, 1.0], 0.0, &[0.0, 1.0], &[1.0, 0.0]);
    assert_close(&row, &[3.0, 1.0, 1.0, 1.0, -3.0, 1.0, 1.0, -1.0]);
}

#[test]
fn silu_by_definition() {
    let (gate, up) = ([-100.0f32, -1.5, 0.0, 0.3, 20.0], [2.0f32, -1.0, 5.0, 1.0, 0.5]);
    let mut out = [0.0; 5];
    silu_product(&[gate, up].concat(), 5, &mut out);
    let expected: Vec<f64> = gate
        .iter()
        .zip(up)
        .map(|(&gate, up)| f64::from(gate) / (1.0 + (-f64::from(gate)).exp()) * f64::from(up))
        .collect();
    assert_close(&out, &expected);
}

#[test]
fn each_row_sees_one_more() {
    let mut rows = [0.0, 9.0, 9.0, 1.0, 1.0, 9.0, 2.0, 2.0, 2.0];
    let mut sums = [0.0; 3];
    causal_exp(&mut rows, 3, 1, &mut sums);
    assert_close(&rows, &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    assert_close(&sums, &[1.0, 2.0, 3.0]);
}
