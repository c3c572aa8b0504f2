//! From where attention is read, and against what.

/// Three views of one pair. Each is normalised within the fields; what that takes out is [`super::Removed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reading {
    /// The row of the scored position, as SkillRouter reads it: [CLS] of an encoder, the last token of a causal
    /// network.
    #[default]
    Scored,
    /// The mean row of the request's tokens: request to document. Of an encoder only: in a causal network the request
    /// stands before the document and cannot look at it.
    Request,
    /// The scored position's shares minus those for the empty request ([`super::calibration`]).
    Calibrated,
}

impl Reading {
    pub const ALL: [Reading; 3] = [Reading::Scored, Reading::Request, Reading::Calibrated];

    /// One word.
    pub fn key(self) -> &'static str {
        match self {
            Reading::Scored => "plain",
            Reading::Request => "from the request",
            Reading::Calibrated => "calibrated",
        }
    }

    /// The next one; that of the request is left out where there is none.
    pub fn next(self, causal: bool) -> Self {
        match self {
            Reading::Scored if causal => Reading::Calibrated,
            Reading::Scored => Reading::Request,
            Reading::Request => Reading::Calibrated,
            Reading::Calibrated => Reading::Scored,
        }
    }
}
