//! How the Author tab looks. Reads only.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::library::{Library, SkillIx};
use crate::search::what_if::FOUND_WITHIN;
use crate::search::{Draft, Ranking};
use crate::tui::session::Session;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{counted, wrap};
use crate::tui::widgets::{Pen, RankChange, clip, pane, sentence, thousands, width, window};

use super::bench::{Bench, Compared, Row};
use super::{Author, Focus, Side, layout};

/// Agent Skills specification: a longer description makes Codex drop the whole skill (domain.md 1.1, 1.4).
const MOST_DESCRIPTION: usize = 1024;
/// Columns of one stage: "1,000→1,000 ↑999".
const STAGE: usize = 13;
/// Columns of "FAIL + ".
const MARK: usize = 7;
/// Below this width the head has one word for the state.
const NARROW: u16 = 60;
/// Rows below the probes that say more about the selected one.
const MORE: usize = 4;

pub fn draw(tab: &Author, frame: &mut Frame, area: Rect, session: &Session, theme: &Theme) {
    let view = View { tab, pen: Pen::new(session, theme) };
    match tab.bench.as_ref().filter(|_| !tab.choosing) {
        Some(bench) => view.bench(frame, area, bench),
        None => view.chooser(frame, area),
    }
}

struct View<'a> {
    tab: &'a Author,
    pen: Pen<'a>,
}

impl View<'_> {
    fn chooser(&self, frame: &mut Frame, area: Rect) {
        let pen = &self.pen;
        let chooser = &self.tab.chooser;
        let Some(library) = chooser.library() else {
            return sentence(frame, area, "Loading the library.", Role::Muted, pen.theme);
        };
        let about = format!("{} of {}", thousands(chooser.rows.len()), counted(library.len(), "skill"));
        let title = vec![pen.span("Which skill?", Role::Title), pen.span(format!(" {about}"), Role::Muted)];
        let inner = pane(frame, area, title, true, pen.theme, pen.symbols);
        if inner.height < 2 {
            return;
        }
        let prompt = format!("{} {}", pen.symbols.prompt, chooser.filter());
        let prompt = clip(&prompt, usize::from(inner.width).saturating_sub(1), pen.symbols.ellipsis);
        frame.set_cursor_position((inner.x + width(&prompt) as u16, inner.y));
        let height = usize::from(inner.height) - 2;
        self.tab.page.set(height);
        let mut rows = vec![Line::from(pen.span(prompt, Role::Accent))];
        for at in window(Some(chooser.selected), chooser.rows.len(), height) {
            let skill = &library[chooser.rows[at]];
            let selected = at == chooser.selected;
            let mark = if selected { pen.symbols.selected } else { " " };
            let room = usize::from(inner.width).saturating_sub(1);
            let text = format!("{}  {}", skill.id, skill.description);
            rows.push(pen.selectable(
                Line::from(vec![pen.span(mark, Role::Accent), pen.cell(&text, room, Role::Text)]),
                selected,
            ));
        }
        if chooser.rows.is_empty() {
            rows.push(Line::from(pen.span("no skill has that in its id or name", Role::Muted)));
        }
        pen.rows(frame, inner, rows);
    }

    fn bench(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let areas = layout::areas(area, self.tab.focus);
        self.head(frame, areas.head, bench);
        if let Some(fields) = areas.fields {
            let draft = bench.draft();
            for (at, (&area, focus)) in fields.iter().zip(Focus::FIELDS).enumerate() {
                let focused = self.tab.focus == focus;
                let inner = pane(frame, area, self.field_title(at, &draft), focused, self.pen.theme, self.pen.symbols);
                if bench.fields[at].is_long() {
                    let text = "This text is too long to edit here. Edit the file: it is read again by itself.";
                    sentence(frame, inner, text, Role::Warning, self.pen.theme);
                } else {
                    bench.fields[at].draw(frame, inner, focused);
                }
            }
        }
        if let Some(side) = areas.side {
            self.side(frame, side, bench);
        }
    }

    fn head(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let narrow = area.width < NARROW;
        let state = match (&bench.base, bench.is_changed()) {
            (_, true) if narrow => ("changed", Role::Warning),
            (_, false) if narrow => ("", Role::Muted),
            (Ok(_), true) => ("scratch copy changed, file not", Role::Warning),
            (Ok(_), false) => ("as in the file", Role::Muted),
            (Err(_), true) => ("scratch copy changed; cannot be saved", Role::Warning),
            (Err(_), false) => ("cannot be saved, only tried", Role::Muted),
        };
        let id = clip(&bench.id, usize::from(area.width).saturating_sub(width(state.0) + 4), self.pen.symbols.ellipsis);
        let mark = format!("{} ", self.pen.symbols.pinned);
        let spans = vec![
            self.pen.span(mark, Role::Pinned),
            self.pen.span(id, Role::Title),
            self.pen.span(format!("  {}", state.0), state.1),
        ];
        frame.render_widget(Line::from(spans), area);
    }

    fn field_title(&self, at: usize, draft: &Draft) -> Vec<Span<'static>> {
        let length = |text: &str| text.chars().count();
        let (name, role, about) = match at {
            0 => ("Name", Role::FieldName, String::new()),
            1 => {
                let length = length(&draft.description);
                (
                    "Description",
                    Role::FieldDescription,
                    format!(" {} of {}", thousands(length), thousands(MOST_DESCRIPTION)),
                )
            }
            _ => ("Body", Role::FieldBody, format!(" {}", counted(length(&draft.body), "character"))),
        };
        let over = at == 1 && length(&draft.description) > MOST_DESCRIPTION;
        let about_role = if over { Role::Error } else { Role::Muted };
        vec![self.pen.span(name, role), self.pen.span(about, about_role)]
    }

    fn side(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let pen = &self.pen;
        let (name, about) = match self.tab.side {
            Side::Probes => ("Probes", passed(bench)),
            Side::Advice => ("Advice", self.advised(bench)),
            Side::Neighbours => ("Neighbours", "what this skill is confused with".into()),
            Side::Diff => ("Diff", bench.base.as_ref().map_or(String::new(), |base| base.shown().to_owned())),
        };
        let focused = matches!(self.tab.focus, Focus::Side | Focus::Probe);
        let room = usize::from(area.width).saturating_sub(name.len() + 5);
        let about = clip(&about, room, pen.symbols.ellipsis);
        let title = vec![pen.span(name, Role::Title), pen.span(format!(" {about}"), Role::Muted)];
        let inner = pane(frame, area, title, focused, pen.theme, pen.symbols);
        if let Some(failed) = &bench.failed {
            return sentence(frame, inner, failed.shown(), Role::Error, pen.theme);
        }
        match self.tab.side {
            Side::Probes => self.probes(frame, inner, bench),
            Side::Advice => self.advice(frame, inner, bench),
            Side::Neighbours => self.neighbours(frame, inner, bench),
            Side::Diff => self.diff(frame, inner, bench),
        }
    }

    fn probes(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let pen = &self.pen;
        let mut area = area;
        if self.tab.focus == Focus::Probe && area.height > 0 {
            let prompt = format!("{} {}", pen.symbols.prompt, self.tab.entry);
            // The end of what is typed is what one looks at.
            let room = usize::from(area.width).saturating_sub(1);
            let skip = prompt.chars().count().saturating_sub(room);
            let prompt: String = prompt.chars().skip(skip).collect();
            let prompt = clip(&prompt, room, pen.symbols.ellipsis);
            frame.set_cursor_position((area.x + width(&prompt) as u16, area.y));
            frame.render_widget(Line::from(pen.span(prompt, Role::Accent)), Rect { height: 1, ..area });
            area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        if bench.rows.is_empty() {
            let text = "No requests yet. Type one here, bring one from Explore, or keep an eval_queries.json beside the \
                        skill: then its rank stands here, before and now, while you type.";
            return sentence(frame, area, text, Role::Muted, pen.theme);
        }
        let more = if usize::from(area.height) >= MORE + 4 { MORE } else { 0 };
        let height = usize::from(area.height).saturating_sub(1 + more);
        self.tab.page.set(height);
        let head = format!("{:MARK$}{:STAGE$}{:STAGE$}request", "", "stage 1", "stage 2");
        let mut rows = vec![Line::from(pen.cell(&head, area.width.into(), Role::Muted))];
        for at in window(Some(self.tab.selected), bench.rows.len(), height) {
            let selected = at == self.tab.selected && self.tab.focus == Focus::Side;
            rows.push(pen.selectable(self.probe(bench, &bench.rows[at], area.width.into()), selected));
        }
        pen.rows(frame, area, rows);
        let Some(row) = bench.rows.get(self.tab.selected).filter(|_| more > 0) else { return };
        let place = Rect { y: area.y + area.height - MORE as u16 + 1, height: MORE as u16 - 1, ..area };
        sentence(frame, place, &about(bench, row), Role::Muted, pen.theme);
    }

    fn probe(&self, bench: &Bench, row: &Row, columns: usize) -> Line<'static> {
        let pen = &self.pen;
        let should = if row.probe.should { "+" } else { pen.symbols.minus };
        let request = columns.saturating_sub(MARK + 2 * STAGE);
        let mut spans = Vec::new();
        match &row.standing {
            None => {
                spans.push(pen.cell(&format!("...  {should}"), MARK, Role::Muted));
                spans.push(pen.cell("", 2 * STAGE, Role::Muted));
            }
            Some(standing) => {
                let (word, role) =
                    if passes(bench, row) == Some(true) { ("pass", Role::Promoted) } else { ("FAIL", Role::Demoted) };
                spans.push(pen.cell(&format!("{word} {should}"), MARK, role));
                spans.push(self.stage(standing.before.rank, standing.now.rank));
                let last = |ranking: &Ranking| ranking.final_rank(bench.skill);
                spans.push(match standing.now.reranked {
                    Some(_) => self.stage(last(&standing.before), last(&standing.now)),
                    None => pen.cell("", STAGE, Role::Muted),
                });
            }
        }
        spans.push(pen.cell(row.probe.request.shown(), request, Role::Text));
        Line::from(spans)
    }

    /// "12→3 ↑9"; the numbers stand there whatever the colours are.
    fn stage(&self, before: Option<usize>, now: Option<usize>) -> Span<'static> {
        let symbols = self.pen.symbols;
        let number = |rank: Option<usize>| rank.map_or(symbols.minus.into(), |rank| rank.to_string());
        let change = match (before, now) {
            (None, Some(_)) => ("new".to_owned(), Role::Promoted),
            (Some(_), None) => ("lost".to_owned(), Role::Demoted),
            (None, None) => (String::new(), Role::Muted),
            (Some(before), Some(now)) => {
                let change = match before.cmp(&now) {
                    std::cmp::Ordering::Greater => RankChange::Promoted(before - now),
                    std::cmp::Ordering::Less => RankChange::Demoted(now - before),
                    std::cmp::Ordering::Equal => RankChange::Same,
                };
                (change.label(symbols), change.role())
            }
        };
        let text = match before == now {
            true => format!("{} {}", number(now), change.0),
            false => format!("{}{}{} {}", number(before), symbols.arrow, number(now), change.0),
        };
        self.pen.cell(&text, STAGE, change.1)
    }

    fn advised(&self, bench: &Bench) -> String {
        match &bench.advised {
            Some(request) => format!("for {:?}, each row measured", request.shown()),
            None if bench.rows.is_empty() => "needs a probe".into(),
            None => "measuring when you rest".into(),
        }
    }

    fn advice(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let pen = &self.pen;
        if bench.rows.is_empty() {
            let text = "Advice is measured for one request: add a probe first.";
            return sentence(frame, area, text, Role::Muted, pen.theme);
        }
        let reach = bench.reach.iter().map(|reach| {
            let text = if reach.read < reach.of {
                format!(
                    "the {} reads {} of {} characters of the body",
                    reach.stage,
                    thousands(reach.read),
                    thousands(reach.of)
                )
            } else {
                format!("the {} reads the whole body", reach.stage)
            };
            Line::from(pen.cell(
                &text,
                area.width.into(),
                if reach.read < reach.of { Role::Warning } else { Role::Muted },
            ))
        });
        let mut rows: Vec<Line> = reach.collect();
        let head = format!(" {:STAGE$}{:STAGE$}with", "stage 1", "stage 2");
        rows.push(Line::from(pen.cell(&head, area.width.into(), Role::Muted)));
        // The whole text of the selected row, where there is room for it.
        let more = if usize::from(area.height) >= rows.len() + MORE + 4 { MORE } else { 0 };
        let height = usize::from(area.height).saturating_sub(rows.len() + more);
        self.tab.page.set(height);
        let now = bench.advice.first().map(|row| &row.ranking);
        for at in window(Some(self.tab.selected), bench.advice.len(), height) {
            let row = &bench.advice[at];
            let last = |ranking: &Ranking| ranking.final_rank(bench.skill);
            let selected = at == self.tab.selected && self.tab.focus == Focus::Side;
            let mark = if row.draft.is_some() { "+" } else { " " };
            let what = crate::library::Text::line(&row.what);
            let room = usize::from(area.width).saturating_sub(1 + 2 * STAGE);
            let spans = vec![
                pen.span(mark, Role::Accent),
                self.stage(now.and_then(|now| now.rank), row.ranking.rank),
                match row.ranking.reranked {
                    Some(_) => self.stage(now.and_then(last), last(&row.ranking)),
                    None => pen.cell("", STAGE, Role::Muted),
                },
                pen.cell(what.shown(), room, Role::Text),
            ];
            rows.push(pen.selectable(Line::from(spans), selected));
        }
        pen.rows(frame, area, rows);
        let Some(row) = bench.advice.get(self.tab.selected).filter(|_| more > 0) else { return };
        let place = Rect { y: area.y + area.height - MORE as u16 + 1, height: MORE as u16 - 1, ..area };
        let take = if row.draft.is_some() { " (+: enter takes it into the draft)" } else { "" };
        sentence(frame, place, &format!("{}{take}", crate::library::Text::line(&row.what)), Role::Muted, pen.theme);
    }

    fn neighbours(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let pen = &self.pen;
        let Some(Compared { library, collisions, neighbours }) = &bench.compared else {
            return sentence(frame, area, "Comparing with the whole library.", Role::Muted, pen.theme);
        };
        let columns = usize::from(area.width);
        let mut rows = Vec::new();
        rows.push((Role::Muted, "body cosine  skill".to_owned()));
        for row in collisions.iter() {
            let cosine = row.cosine.map_or("-".into(), |cosine| format!("{cosine:.3}"));
            let why = if row.collides() { format!("  ({})", row.reasons().join(", ")) } else { String::new() };
            let role = if row.collides() { Role::Warning } else { Role::Text };
            rows.push((role, format!("{:.2} {cosine:>6}  {}{why}", row.jaccard, library[row.other].id)));
        }
        rows.push((Role::Muted, "rank of each for its own description: with, drafted, without this skill".to_owned()));
        let number = |rank: Option<usize>| rank.map_or("-".into(), |rank| rank.to_string());
        for row in neighbours.iter() {
            let ranks = [row.with, row.drafted, row.without].map(number).join(" ");
            let worse = row.drafted > row.with || (row.with.is_some() && row.drafted.is_none());
            let role = if worse { Role::Demoted } else { Role::Text };
            rows.push((role, format!("{ranks:<12} {}", library[row.skill].id)));
        }
        let top = window(Some(self.tab.selected), rows.len(), area.height.into());
        self.tab.page.set(top.len());
        let shown = rows[top].iter().map(|(role, text)| Line::from(pen.cell(text, columns, *role)));
        pen.rows(frame, area, shown.collect::<Vec<_>>());
    }

    fn diff(&self, frame: &mut Frame, area: Rect, bench: &Bench) {
        let pen = &self.pen;
        let text = match (&bench.base, &bench.diff) {
            (Err(reason), _) => reason,
            (_, None) => "Comparing with the file.",
            (_, Some(diff)) if diff.lines.is_empty() => "Nothing would change in the file.",
            (_, Some(diff)) => {
                let columns = usize::from(area.width);
                let rows = diff.lines.iter().flat_map(|line| {
                    let role = match line.as_bytes().first() {
                        Some(b'+') => Role::Promoted,
                        Some(b'-') => Role::Demoted,
                        Some(b'@') => Role::Accent,
                        _ => Role::Text,
                    };
                    wrap(line, columns).into_iter().map(move |row| (role, &line[row]))
                });
                let rows: Vec<(Role, &str)> = rows.collect();
                let height = usize::from(area.height);
                self.tab.page.set(height);
                let top = self.tab.top.get().min(rows.len().saturating_sub(height));
                self.tab.top.set(top);
                let shown =
                    rows.into_iter().skip(top).take(height).map(|(role, text)| Line::from(pen.span(text, role)));
                pen.rows(frame, area, shown.collect::<Vec<_>>());
                return;
            }
        };
        sentence(frame, area, text, Role::Muted, pen.theme);
    }
}

/// Whether the skill stands where it should; `None` while that is not known.
fn passes(bench: &Bench, row: &Row) -> Option<bool> {
    let now = &row.standing.as_ref()?.now;
    let last = if now.reranked.is_some() { now.final_rank(bench.skill) } else { now.rank };
    Some(last.is_some_and(|rank| rank <= FOUND_WITHIN) == row.probe.should)
}

fn passed(bench: &Bench) -> String {
    let known: Vec<bool> = bench.rows.iter().filter_map(|row| passes(bench, row)).collect();
    let passed = known.iter().filter(|&&passes| passes).count();
    format!("{passed} of {} pass; found is among the first {FOUND_WITHIN}", bench.rows.len())
}

/// More about one probe, in words.
fn about(bench: &Bench, row: &Row) -> String {
    let Some(standing) = &row.standing else { return String::new() };
    let number = |rank: Option<usize>| rank.map_or("none".into(), |rank| rank.to_string());
    let (before, now) = (&standing.before, &standing.now);
    let mut parts = vec![format!("by words {}, was {}", number(now.lexical), number(before.lexical))];
    if let (Some(is), Some(was)) = (now.cosine, before.cosine) {
        parts.push(format!("by vectors {} ({is:.3}), was {} ({was:.3})", number(now.dense), number(before.dense)));
    }
    if !now.in_shortlist(bench.skill) {
        parts.push("stage 1 loses it: not in the shortlist".into());
    }
    if let Some(first) = now.winner().filter(|&first| first != bench.skill) {
        parts.push(format!("first is {}", id(&bench.library, first)));
    }
    parts.join("; ")
}

fn id(library: &Library, skill: SkillIx) -> &str {
    library.skills().get(skill.index()).map_or("", |skill| skill.id.shown())
}
