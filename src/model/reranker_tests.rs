#![allow(clippy::excessive_precision, reason = "the digits as torch prints them")]

use super::*;

/// `torch.log_softmax(torch.tensor([0, d]), 0)[1].half().float().exp().half()`, PyTorch 2.15.
#[test]
fn f16_probabilities_are_torchs() {
    let cases = [
        (-20.0, 0.0),
        (-9.5, 7.486343383789062e-05),
        (-3.25, 0.037353515625),
        (-0.5, 0.37744140625),
        (0.0, 0.5),
        (0.1, 0.52490234375),
        (1.0, 0.73095703125),
        (3.0, 0.95263671875),
        (5.5, 0.99609375),
        (7.0, 0.9990234375),
        (8.5, 1.0),
        (12.0, 1.0),
        (1e4, 1.0),
        (-1e4, 0.0),
    ];
    for (log_odds, expected) in cases {
        assert_eq!(probability_f16(log_odds), expected, "{log_odds}");
    }
}
