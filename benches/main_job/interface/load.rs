//! From key to frame while the engine indexes and reranks at full load.

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{at, never, select, unbounded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use skillscope::engine::{Engine, EngineOptions, ModelChoice, Response};
use skillscope::library::load::Source;
use skillscope::model::Device;
use skillscope::tui::app::Redraw;
use skillscope::tui::event::Event;

use super::Headless;
use crate::report::{Quantiles, Report};

/// Keys measured.
const KEYS: usize = 400;
/// As in the interface's own loop (`tui/mod.rs`).
const FRAME: Duration = Duration::from_millis(10);
const TURN: Duration = Duration::from_millis(8);
/// Typed again and again, so that stage 2 starts, is interrupted and starts again.
const TEXT: &str = "tune the PID gains of an adaptive cruise control and plot the step response ";

/// A key is sent from another thread at irregular times; its time ends when the frame that shows it is drawn.
pub fn key_to_frame(shared: &Path, report: &mut Report) -> anyhow::Result<()> {
    let engine = Engine::start(EngineOptions {
        source: Source::Paths(vec![shared.join("easy")]),
        cache: None,
        models: ModelChoice { embedder: "builtin".into(), reranker: Some("builtin".into()) },
        placement: Device::Cpu.into(),
        benchmarks: Vec::new(),
        hub: None,
        runs: None,
        profiles: None,
        watch: false,
        approximate: false,
    });
    let mut ui = Headless::new()?;
    wait_for_load(&engine, &mut ui)?;

    let (keys, pressed) = unbounded::<(Instant, Event)>();
    let typist = std::thread::spawn(move || {
        let mut state = 0x9e37_79b9_u64;
        for key in 0..KEYS {
            // 40 to 220 ms, now and then longer than the rerank delay (xorshift; Marsaglia 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            std::thread::sleep(Duration::from_millis(40 + state % 180));
            let text: Vec<char> = TEXT.chars().collect();
            let event = match key % (text.len() * 2) {
                0 => press(KeyCode::Char('x'), KeyModifiers::CONTROL),
                // A paste is reranked at once: stage 2 is interrupted by the next key in the middle of a batch.
                place if place % 4 == 3 => Event::Paste("controller ".into()),
                place => press(KeyCode::Char(text[place % text.len()]), KeyModifiers::NONE),
            };
            if keys.send((Instant::now(), event)).is_err() {
                return;
            }
        }
    });

    let mut times = Vec::with_capacity(KEYS);
    let (mut last_frame, mut redraw, mut waiting) = (Instant::now(), Redraw::Soon, Vec::new());
    let (mut batches, mut indexed) = (0, (0, 0));
    while times.len() < KEYS {
        let (effects, mut wake) = ui.app.tick(Instant::now());
        redraw = redraw.max(effects.redraw);
        for request in effects.requests {
            anyhow::ensure!(engine.send(request), "the engine has stopped");
        }
        let due = if redraw == Redraw::Now { last_frame } else { last_frame + FRAME };
        if redraw != Redraw::No && due <= Instant::now() {
            ui.draw()?;
            last_frame = Instant::now();
            redraw = Redraw::No;
            times.extend(waiting.drain(..).map(|sent: Instant| sent.elapsed()));
        } else if redraw != Redraw::No {
            wake = Some(wake.map_or(due, |wake| wake.min(due)));
        }
        let turn = Instant::now();
        let mut next = select! {
            recv(pressed) -> key => key.ok().map(|(sent, event)| { waiting.push(sent); event }),
            recv(ui.notified) -> event => event.ok(),
            recv(engine.responses()) -> response => response.ok().map(Event::Engine),
            recv(wake.map_or_else(never, at)) -> _ => Some(Event::Tick),
        };
        while let Some(event) = next {
            match &event {
                Event::Engine(Response::Stage2(_)) => batches += 1,
                Event::Engine(Response::Indexing(indexing)) => indexed = (indexing.ready, indexing.of),
                _ => {}
            }
            let effects = ui.app.handle(event);
            redraw = redraw.max(effects.redraw);
            for request in effects.requests {
                anyhow::ensure!(engine.send(request), "the engine has stopped");
            }
            let waiting_key = || pressed.try_recv().map(|(sent, event)| (Some(sent), event)).ok();
            let other = || ui.notified.try_recv().or_else(|_| engine.responses().try_recv().map(Event::Engine)).ok();
            next = if turn.elapsed() >= TURN {
                None
            } else if let Some((sent, event)) = waiting_key() {
                waiting.extend(sent);
                Some(event)
            } else {
                other()
            };
        }
    }
    let _ = typist.join();
    report.quantiles("key to frame while indexing and reranking", Quantiles::of(times.clone()), Some("p95 16 ms"));
    report.note(format!(
        "During the {KEYS} keys the engine published {batches} rerank batches and embedded up to {} of {} skills; \
         slowest key {}.",
        indexed.0,
        indexed.1,
        crate::report::milliseconds(times.iter().max().copied().unwrap_or_default())
    ));
    anyhow::ensure!(indexed.0 < indexed.1, "indexing ended before the keys did: this was not full load");
    Ok(())
}

fn press(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

/// Until models and library are there and vectors are being built.
fn wait_for_load(engine: &Engine, ui: &mut Headless) -> anyhow::Result<()> {
    loop {
        let response = engine.responses().recv_timeout(Duration::from_secs(60))?;
        let started = matches!(response, Response::Indexing(_));
        ui.app.handle(Event::Engine(response));
        if started {
            return Ok(());
        }
    }
}
