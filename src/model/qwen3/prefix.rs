//! Keys and values that one call leaves for the next: candidates of a request come in several calls, and all of their
//! prompts begin with the same instruction and request.

use std::sync::{Mutex, PoisonError};

use super::compute::Compute;
use super::plan::Plan;
use crate::model::forward::RunError;

/// The leading tokens of the last call, and for each layer their keys and values. One entry: a person has one request
/// in hand, and of a longer one typed after it the beginning still holds.
pub struct Prefix<M> {
    ids: Vec<u32>,
    layers: Vec<M>,
}

impl<M> Default for Prefix<M> {
    fn default() -> Self {
        Prefix { ids: Vec::new(), layers: Vec::new() }
    }
}

impl<M: Default> Prefix<M> {
    pub fn take(place: &Mutex<Self>) -> Self {
        // A panic elsewhere cannot have left half an entry here: entries are put back whole.
        std::mem::take(&mut place.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn put(place: &Mutex<Self>, prefix: Self) {
        *place.lock().unwrap_or_else(PoisonError::into_inner) = prefix;
    }

    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    pub fn layer(&self, index: usize) -> Option<&M> {
        self.layers.get(index)
    }

    /// After a call: what it kept of this, and what its sequences shared beyond.
    pub fn continue_with<C: Compute<Memory = M>>(&mut self, plan: &Plan, shared: Vec<M>) -> Result<(), RunError> {
        if plan.kept + plan.shared == 0 || plan.shared == 0 && plan.kept == self.ids.len() {
            return Ok(());
        }
        // Should the device fail half way, nothing is known.
        let Prefix { mut ids, mut layers } = std::mem::take(self);
        layers.resize_with(shared.len(), M::default);
        for (memory, shared) in layers.iter_mut().zip(shared) {
            C::remember(memory, plan.kept, shared)?;
        }
        ids.truncate(plan.kept);
        ids.extend(&plan.ids[..plan.shared]);
        *self = Prefix { ids, layers };
        Ok(())
    }
}
