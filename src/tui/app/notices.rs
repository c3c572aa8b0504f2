//! Sentences for the status line, one after another.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a sentence stays: long enough to read one of full width.
const NOTICE: Duration = Duration::from_secs(6);

/// A flood of sentences is as good as none: the oldest waiting ones go.
const MOST: usize = 8;

struct Notice {
    text: String,
    /// `None` until it has been on screen for the first time.
    until: Option<Instant>,
}

#[derive(Default)]
pub struct Notices {
    waiting: VecDeque<Notice>,
}

impl Notices {
    /// After those that are still waiting; a repetition of the last one says nothing new.
    pub fn push(&mut self, text: String) {
        tracing::info!(text, "notice");
        if self.waiting.back().is_none_or(|last| last.text != text) {
            self.waiting.push_back(Notice { text, until: None });
        }
        while self.waiting.len() > MOST {
            self.waiting.pop_front();
        }
    }

    pub fn shown(&self) -> Option<&str> {
        self.waiting.front().map(|notice| notice.text.as_str())
    }

    #[cfg(test)]
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.waiting.iter().map(|notice| notice.text.as_str())
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes away what has been shown long enough: whether that changed anything, and when the next one is due.
    pub fn tick(&mut self, now: Instant) -> (bool, Option<Instant>) {
        let mut changed = false;
        while let Some(notice) = self.waiting.front_mut() {
            let until = *notice.until.get_or_insert(now + NOTICE);
            // With another one waiting, half the time has to do.
            let until = if self.waiting.len() > 1 { until - NOTICE / 2 } else { until };
            if now < until {
                return (changed, Some(until));
            }
            self.waiting.pop_front();
            changed = true;
        }
        (changed, None)
    }
}
