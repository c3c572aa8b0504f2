//! Runs on disk as lines of a list. A finished run never changes, so each is read once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::eval::store::{RunStore, StoredRun};
use crate::eval::{Protocol, published};
use crate::library::Text;
use crate::search::Settings;

use super::digest::{BesideLine, Whose, metrics};
use super::messages::RunLine;

/// Earlier runs that stand beside a new one.
const EARLIER: usize = 8;

#[derive(Debug, Default)]
pub(in crate::engine) struct Kept {
    finished: Mutex<HashMap<String, RunLine>>,
}

impl Kept {
    /// All of them, newest first; one that cannot be read is a line that says so. The error is a sentence.
    pub fn list(&self, store: &RunStore) -> Result<Vec<RunLine>, String> {
        let ids = store.ids().map_err(|error| error.to_string())?;
        Ok(ids.into_iter().map(|id| self.line(store, id)).collect())
    }

    fn line(&self, store: &RunStore, id: String) -> RunLine {
        let finished = || self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = finished().get(&id) {
            return line.clone();
        }
        let line = match store.read(&id) {
            Ok(stored) => line(id, &stored),
            Err(error) => return unreadable(id, &error.to_string()),
        };
        if line.finished {
            finished().insert(line.id.clone(), line.clone());
        }
        line
    }

    /// What stands beside a run: what publishers printed under its protocol, those tables first that are of the same
    /// data, and earlier runs of the same benchmark.
    pub fn beside(&self, store: Option<&RunStore>, run: &crate::eval::EvalReport) -> Vec<BesideLine> {
        let header = &run.header;
        let protocol = header.protocol;
        let mut tables: Vec<_> =
            published::lookup(protocol, header.revision.as_deref()).filter(|table| table.stratum.is_none()).collect();
        tables.sort_by_key(|table| !table.is_comparable(header.planned, header.pool));
        let wanted = metrics(protocol);
        let printed = tables.into_iter().flat_map(|table| {
            let wanted = &wanted;
            table.rows.iter().map(move |row| BesideLine {
                name: row.system.clone(),
                whose: Whose::Published {
                    label: table.label(),
                    same_data: table.is_comparable(header.planned, header.pool),
                },
                values: wanted.iter().map(|&metric| table.get(row, metric)).collect(),
            })
        });
        let names: Vec<String> = wanted.iter().map(|&metric| protocol.spell(metric)).collect();
        let same = |line: &RunLine| {
            line.finished
                && line.fingerprint == header.benchmark_fingerprint
                && line.protocol == protocol
                && line.id != header.id
        };
        // A list that cannot be read is said where runs are listed.
        let lines = store.and_then(|store| self.list(store).ok()).unwrap_or_default();
        let earlier = lines.into_iter().filter(same).take(EARLIER).map(|line| BesideLine {
            values: names
                .iter()
                .map(|name| line.values.iter().find(|(own, _)| own == name).map(|(_, value)| *value))
                .collect(),
            name: line.settings.map_or_else(|| line.system.shown().to_owned(), in_words),
            whose: Whose::Earlier { started: line.started },
        });
        earlier.chain(printed).collect()
    }
}

fn line(id: String, stored: &StoredRun) -> RunLine {
    let (report, header) = (&stored.report, &stored.report.header);
    let after = report.all.after();
    let values = metrics(header.protocol).into_iter();
    RunLine {
        id,
        started: header.started.clone(),
        benchmark: Text::line(&header.benchmark),
        fingerprint: header.benchmark_fingerprint.clone(),
        protocol: header.protocol,
        system: Text::line(&header.system),
        settings: Some(header.settings),
        done: report.scored() + report.no_skill.len(),
        planned: header.planned,
        finished: stored.finished,
        values: values.filter_map(|metric| Some((header.protocol.spell(metric), after.get(metric)?))).collect(),
        damage: stored.damage.first().map(Text::line),
    }
}

/// Stage 1, fields, depth and stage 2 in words.
pub(super) fn in_words(settings: Settings) -> String {
    let rerank = if settings.rerank { "reranked" } else { "not reranked" };
    format!("{} {} {} {rerank}", settings.stage1.key(), settings.fields.key(), settings.depth)
}

fn unreadable(id: String, why: &str) -> RunLine {
    RunLine {
        id,
        started: String::new(),
        benchmark: Text::default(),
        fingerprint: String::new(),
        protocol: Protocol::default(),
        system: Text::default(),
        settings: None,
        done: 0,
        planned: 0,
        finished: false,
        values: Vec::new(),
        damage: Some(Text::line(why)),
    }
}
