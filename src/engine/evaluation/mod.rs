//! Evaluations run on threads of their own, behind live search; questions about benchmarks and kept runs are answered
//! on short-lived ones.

mod bench;
mod compare;
pub mod comparison;
mod control;
pub mod digest;
mod kept;
pub mod messages;
mod pace;
mod run;

use std::collections::HashMap;
use std::sync::Arc;

use control::Control;
pub(super) use kept::Kept;
use messages::{BenchRequest, EvalEvent, EvalRequest, RunId};

use super::messages::Response;
use super::{Shared, spawn};

#[derive(Default)]
pub(super) struct Evaluations {
    running: HashMap<RunId, Arc<Control>>,
}

impl Evaluations {
    pub fn start(&mut self, shared: &Arc<Shared>, request: EvalRequest) {
        let control = Arc::new(Control::default());
        self.running.insert(request.run, control.clone());
        // Its end is seen through the response; nobody waits for the thread.
        drop(spawn("evaluation", shared, move |shared| run::run(shared, request, control)));
    }

    pub fn pause(&self, shared: &Shared, run: RunId, paused: bool) {
        if let Some(control) = self.running.get(&run) {
            control.pause(paused);
            shared.publish(Response::Eval(EvalEvent::Paused { run, paused }));
        }
    }

    pub fn cancel(&mut self, run: RunId) {
        if let Some(control) = self.running.remove(&run) {
            control.stop();
        }
    }

    pub fn stop_all(&mut self) {
        self.running.values().for_each(|control| control.stop());
    }

    pub fn answer(shared: &Arc<Shared>, request: BenchRequest) {
        drop(spawn("benchmarks", shared, move |shared| {
            shared.publish(Response::Bench(bench::answer(shared, request)))
        }));
    }
}
