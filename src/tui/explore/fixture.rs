//! The same hand-made state for unit tests as for the screens in `tests/`.

use crate as skillscope;
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screens/fixture.rs"));
