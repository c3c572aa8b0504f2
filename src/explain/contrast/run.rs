//! A contrast that is made step by step, so that whoever runs it can do something else in between: both skills are
//! looked at, then each is scored without each word that counts in either.

use std::collections::HashMap;

use crate::explain::erasure::Pair;
use crate::explain::{Attribution, Lens, attribute};
use crate::library::{SkillIx, Text};
use crate::model::Stop;
use crate::search::pipeline::RERANK_BATCH;
use crate::search::{Pipeline, SearchError, Settings};

use super::{Contrast, ContrastWord, Side, WORDS, WordEffect, by_word, most_attended, terms, without_word};

pub struct Run {
    pipeline: Pipeline,
    request: String,
    settings: Settings,
    lens: Lens,
    skills: [SkillIx; 2],
    /// What was looked at so far.
    looked: Vec<(Pair, Attribution)>,
    /// Known once both were looked at.
    scoring: Option<Scoring>,
}

struct Scoring {
    /// Attention of every word of each side.
    attention: [HashMap<String, f32>; 2],
    wanted: Vec<String>,
    /// Pairs to score: the side, and which of the wanted words it is without; the whole pair of a side comes first.
    tasks: Vec<(usize, Option<usize>)>,
    /// Of the first tasks.
    scores: Vec<f32>,
}

impl Run {
    /// `skills` are the one asked about and the one it is compared with, of the pipeline's library.
    pub fn new(pipeline: Pipeline, request: &str, settings: Settings, skills: [SkillIx; 2], lens: Lens) -> Self {
        let request = request.to_owned();
        Run { pipeline, request, settings, lens, skills, looked: Vec::with_capacity(2), scoring: None }
    }

    /// Pairs done, and how many there are; an upper bound until both skills were looked at.
    pub fn progress(&self) -> (usize, usize) {
        match &self.scoring {
            Some(scoring) => (2 + scoring.scores.len(), 2 + scoring.tasks.len()),
            None => (self.looked.len(), 2 + 2 * (1 + 2 * WORDS)),
        }
    }

    /// Looks at one skill, or scores the next few pairs. After [`crate::model::ModelError::Stopped`] it may be called
    /// again and goes on where it was.
    ///
    /// # Errors
    /// Without a reranker, when stopped, or if the model fails.
    pub fn step(&mut self, stop: Stop) -> Result<(), SearchError> {
        let Some(scoring) = &mut self.scoring else { return self.look(stop) };
        let reranker = self.pipeline.reranker.as_ref().ok_or(SearchError::NoReranker)?;
        let open = scoring.tasks[scoring.scores.len()..].iter().take(RERANK_BATCH);
        let pairs: Vec<_> = open
            .map(|&(side, word)| {
                let whole = &self.looked[side].0;
                let pair = word.map_or_else(|| whole.clone(), |word| without_word(whole, &scoring.wanted[word]));
                reranker.encode(&pair.request, &reranker.document_of(pair.parts(), pair.fields).text)
            })
            .collect();
        scoring.scores.extend(reranker.score(&pairs, stop)?);
        Ok(())
    }

    fn look(&mut self, stop: Stop) -> Result<(), SearchError> {
        let skill = self.skills[self.looked.len()];
        let capture = self.pipeline.capture(&self.request, self.settings.fields, skill, stop)?;
        let pair = Pair::new(&self.request, &self.pipeline.library[skill], self.settings.fields);
        self.looked.push((pair, attribute(&capture, self.lens)));
        if let [mine, other] = &self.looked[..] {
            let attention = [by_word(&mine.1), by_word(&other.1)];
            let wanted = most_attended(&attention);
            let has = |side: usize, word: usize| attention[side].contains_key(&wanted[word]);
            let words = |side| (0..wanted.len()).filter(move |&word| has(side, word)).map(Some);
            let tasks =
                [0, 1].into_iter().flat_map(|side| [None].into_iter().chain(words(side)).map(move |word| (side, word)));
            let tasks = tasks.collect();
            self.scoring = Some(Scoring { attention, wanted, tasks, scores: Vec::new() });
        }
        Ok(())
    }

    /// The contrast, once all is scored.
    pub fn finished(&self) -> Option<Contrast> {
        let scoring = self.scoring.as_ref().filter(|scoring| scoring.scores.len() == scoring.tasks.len())?;
        let mut words: Vec<ContrastWord> =
            scoring.wanted.iter().map(|word| ContrastWord::new(Text::line(word))).collect();
        let mut whole = 0.0;
        for (&(side, word), &score) in scoring.tasks.iter().zip(&scoring.scores) {
            let Some(word) = word else {
                whole = score;
                continue;
            };
            let attention = scoring.attention[side][&scoring.wanted[word]];
            let effect = Some(WordEffect { attention, change: score - whole });
            *(if side == 0 { &mut words[word].mine } else { &mut words[word].other }) = effect;
        }
        words.sort_by(|a, b| b.lead().abs().total_cmp(&a.lead().abs()));
        let side = |at: usize| {
            let attribution = &self.looked[at].1;
            let (skill, id) = (self.skills[at], self.pipeline.library[self.skills[at]].id.clone());
            Side { skill, id, score: attribution.score, fields: attribution.fields }
        };
        let weighing = self.pipeline.words(self.settings.stage1).weighing();
        let terms = terms(&self.pipeline, &self.request, self.settings, self.skills);
        Some(Contrast { mine: side(0), other: side(1), words, weighing, terms })
    }
}
