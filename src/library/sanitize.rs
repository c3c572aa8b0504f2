//! The one place where untrusted text becomes harmless (design invariant 3).

use std::fmt;
use std::sync::Arc;

/// Untrusted text: what a model may read, and what a person may see.
///
/// `Display` and [`Text::shown`] give the visible form; the raw form has to be asked for by its purpose.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text {
    raw: Arc<str>,
    /// `None` when the raw text is already harmless, as nearly all real text is.
    shown: Option<Arc<str>>,
    hidden: u32,
}

impl Text {
    /// A single line: line breaks are made visible too. For names, ids, paths, error messages.
    pub fn line(raw: impl AsRef<str>) -> Self {
        let _ = raw;
        todo!()
    }

    /// Several lines: `\n` and `\t` stay, `\r\n` is shown as a line break. For descriptions and bodies.
    pub fn block(raw: impl AsRef<str>) -> Self {
        let _ = raw;
        todo!()
    }

    /// What the author wrote, for models, indexes and hashes. Never print this.
    pub fn for_model(&self) -> &str {
        &self.raw
    }

    /// What may be printed, drawn, copied or logged.
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.raw)
    }

    /// How many hidden or control characters were made visible.
    pub fn hidden(&self) -> u32 {
        self.hidden
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.shown())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}
