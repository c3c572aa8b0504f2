//! One frame at 200×60 with everything on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use skillscope::engine::{ModelState, Request, Response, Subject};
use skillscope::model::{Device, never};
use skillscope::search::{Pipeline, Shortlist};
use skillscope::tui::event::Event;

use super::Headless;
use crate::report::{Quantiles, Report};

const FRAMES: usize = 300;

/// Preview and attention view of a finished search. Each frame follows a change of the selected row, so that it is not
/// the same frame again.
pub fn frames(pipeline: &Pipeline, shortlist: &Shortlist, report: &mut Report) -> anyhow::Result<()> {
    let mut ui = Headless::new()?;
    let (Some(embedder), Some(reranker)) = (pipeline.embedder(), &pipeline.reranker) else { return Ok(()) };
    ui.app.handle(Event::Engine(Response::Models(ModelState::Ready {
        embedder: embedder.id().clone(),
        reranker: Some(reranker.id().clone()),
        device: Device::Cpu,
        protocol: Vec::new(),
        took: Duration::ZERO,
    })));
    ui.app.handle(Event::Engine(Response::Library(pipeline.library.clone())));
    let effects = ui.app.handle(Event::Paste(shortlist.request.to_string()));
    let asked = effects.requests.into_iter().find_map(|request| match request {
        Request::Search(search) => Some(search),
        _ => None,
    });
    let Some(asked) = asked else { anyhow::bail!("a paste did not search") };
    let found = Arc::new(pipeline.stage1(asked.id, &asked.text, asked.settings, None, false)?);
    ui.app.handle(Event::Engine(Response::Stage1(found.clone())));
    let reranking = Arc::new(pipeline.rerank(&found, &never, &mut |_| {})?);
    ui.app.handle(Event::Engine(Response::Stage2(reranking)));

    let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
    ui.app.handle(key(KeyCode::Enter, KeyModifiers::NONE));
    for view in ["preview", "attention"] {
        if view == "attention" {
            ui.app.handle(key(KeyCode::Char('o'), KeyModifiers::CONTROL));
        }
        let mut times = Vec::with_capacity(FRAMES);
        for frame in 0..FRAMES {
            let code = if frame / 10 % 2 == 0 { KeyCode::Down } else { KeyCode::Up };
            ui.app.handle(key(code, KeyModifiers::NONE));
            settle(&mut ui, pipeline)?;
            let start = Instant::now();
            ui.draw()?;
            times.push(start.elapsed());
        }
        report.quantiles(&format!("frame at 200×60, {view}"), Quantiles::of(times), Some("5 ms"));
    }
    Ok(())
}

/// Does what is due, answers the explanations asked for, and takes in what workers have finished.
fn settle(ui: &mut Headless, pipeline: &Pipeline) -> anyhow::Result<()> {
    // Far enough ahead that every rest is over.
    let (effects, _) = ui.app.tick(Instant::now() + Duration::from_secs(1));
    for request in effects.requests {
        if let Request::Explain { subject: Subject { id, text, settings, library, skill }, .. } = request {
            let capture = Arc::new(pipeline.capture(&text, settings.fields, skill, &never)?);
            ui.app.handle(Event::Engine(Response::Explained { id, skill, library, capture, beside: None }));
        }
    }
    while let Ok(event) = ui.notified.try_recv() {
        ui.app.handle(event);
    }
    Ok(())
}
