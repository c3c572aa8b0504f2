//! The score of a causal reranker: how much rather it would say yes than no.

use super::config::Config;
use super::names;
use crate::model::ModelError;
use crate::model::modules::Answer;
use crate::model::weights::Weights;
use crate::text::TextTokenizer;

/// The difference of two rows of the head, which is all of it that a score needs: the other 150,000 logits would cost
/// as much as a third of the layers do.
pub struct YesNo {
    /// `W[yes] − W[no]`, or `W[yes]` where nothing is taken from it.
    difference: Vec<f32>,
}

impl YesNo {
    /// The tokens of the two words.
    ///
    /// # Errors
    /// If they are not single tokens; `origin` is the tokenizer's file.
    pub fn words(tokenizer: &TextTokenizer, origin: &str) -> Result<Answer, ModelError> {
        let id = |word: &str| {
            let whole = tokenizer.encode(word, usize::MAX);
            tokenizer.id_of(word).filter(|id| whole.ids.contains(id)).ok_or_else(|| ModelError::File {
                path: origin.to_owned(),
                reason: format!("{word:?} is not a single token, and the score is made of its logit"),
            })
        };
        Ok(Answer { yes: id("yes")?, no: Some(id("no")?) })
    }

    /// # Errors
    /// If the head is missing or has another shape than the config says, or no row for a token.
    pub fn load(weights: &Weights, config: &Config, answer: Answer) -> Result<Self, ModelError> {
        let name = if config.tie_word_embeddings { names::WORDS } else { names::HEAD };
        let row = |id: u32| {
            let row = weights.row(name, config.vocab_size, config.hidden_size, id as usize)?;
            row.ok_or_else(|| ModelError::Run {
                model: name.to_owned(),
                reason: format!("the answer is token {id}, and the network's vocab_size is {}", config.vocab_size),
            })
        };
        let mut difference = row(answer.yes)?;
        if let Some(no) = answer.no {
            difference.iter_mut().zip(row(no)?).for_each(|(yes, no)| *yes -= no);
        }
        Ok(YesNo { difference })
    }

    /// `logit(yes) − logit(no)`, the log-odds of yes among the two (or `logit(yes)` alone), of a hidden state after the
    /// final norm.
    pub fn score(&self, last: &[f32]) -> f32 {
        last.iter().zip(&self.difference).map(|(x, weight)| x * weight).sum()
    }
}
