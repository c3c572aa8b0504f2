//! The way of a call through the layers, whatever they are computed with.

use std::sync::Mutex;

use super::plan::Plan;
use super::prefix::Prefix;
use crate::model::Stop;
use crate::model::forward::{Output, RunError};
use crate::text::Encoding;

/// Rows a layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    /// The last of each sequence. Keys and values are still made of all.
    Last,
}

/// Loaded layers on a device.
pub trait Compute {
    /// `[rows, hidden]`
    type State;
    /// Keys and values of one layer; the default holds none.
    type Memory: Default;
    /// What is the same for every layer of a call.
    type Step;
    /// Attention rows of one layer.
    type Attention;

    fn layers(&self) -> usize;

    fn prepare(&self, plan: &Plan) -> Result<Self::Step, RunError>;

    /// The plan's tokens.
    fn embed(&self, plan: &Plan, step: &Self::Step) -> Result<Self::State, RunError>;

    /// One layer: its rows, the keys and values of the plan's shared rows, and if `capture` is set the attention of the
    /// first sequence's last row. `memory` holds at least `plan.kept` tokens.
    #[allow(clippy::type_complexity, reason = "three answers of one pass, named above")]
    fn layer(
        &self,
        index: usize,
        x: Self::State,
        step: (&Plan, &Self::Step),
        memory: &Self::Memory,
        wanted: Rows,
        capture: bool,
    ) -> Result<(Self::State, Self::Memory, Option<Self::Attention>), RunError>;

    /// Cuts `memory` to `kept` tokens and appends.
    fn remember(memory: &mut Self::Memory, kept: usize, shared: Self::Memory) -> Result<(), RunError>;

    /// The final norm, to main memory.
    fn finish(&self, x: Self::State) -> Result<Vec<f32>, RunError>;

    /// `[layers, heads, positions]`, to main memory.
    fn weights(rows: Vec<Self::Attention>) -> Result<Vec<f32>, RunError>;
}

/// What a call gives: rows after the final norm, and attention weights if they were asked for.
pub type Given = (Vec<f32>, Option<Vec<f32>>);

/// Runs sequences that are not empty. `prefix` is where the beginning of one call is left for the next; without it
/// nothing is shared.
pub fn run<C: Compute>(
    compute: &C,
    prefix: Option<&Mutex<Prefix<C::Memory>>>,
    sequences: &[&Encoding],
    output: Output,
    capture: bool,
    stop: Stop,
) -> Result<Given, RunError> {
    // What is shared has no row of its own to give.
    let prefix = prefix.filter(|_| output == Output::Last);
    // Taken out, not held: two calls at once do not wait for each other, the second only finds nothing.
    let mut known = prefix.map_or_else(Prefix::default, Prefix::take);
    let plan = match prefix {
        Some(_) => Plan::sharing(sequences, known.ids()),
        None => Plan::apart(sequences),
    };
    let result = layers(compute, &plan, &known, output, capture, stop);
    let result = result.and_then(|(given, shared)| {
        known.continue_with::<C>(&plan, shared)?;
        Ok(given)
    });
    // Also after a stop: the next call begins like this one, and what is kept is untouched then.
    if let Some(prefix) = prefix {
        Prefix::put(prefix, known);
    }
    result
}

/// All layers, and the keys and values of the shared rows in each.
fn layers<C: Compute>(
    compute: &C,
    plan: &Plan,
    known: &Prefix<C::Memory>,
    output: Output,
    capture: bool,
    stop: Stop,
) -> Result<(Given, Vec<C::Memory>), RunError> {
    let step = compute.prepare(plan)?;
    let mut state = compute.embed(plan, &step)?;
    let (mut shared, mut attention) = (Vec::new(), capture.then(Vec::new));
    let nothing = C::Memory::default();
    for index in 0..compute.layers() {
        if stop() {
            return Err(RunError::Stopped);
        }
        let wanted = if index + 1 == compute.layers() && output == Output::Last { Rows::Last } else { Rows::All };
        let memory = known.layer(index).unwrap_or(&nothing);
        let (next, new, rows) = compute.layer(index, state, (plan, &step), memory, wanted, capture)?;
        state = next;
        shared.push(new);
        if let Some(attention) = &mut attention {
            attention.extend(rows);
        }
    }
    let weights = attention.map(C::weights).transpose()?;
    Ok(((compute.finish(state)?, weights), shared))
}
