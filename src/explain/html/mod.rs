//! An explanation as one page that needs nothing else: no script, no font, no picture is fetched, and every piece of
//! text that a stranger wrote has passed the sanitiser and [`escape`].

mod look;

use crate::eval::export::escape::html as escape;
use crate::library::Field;

use super::erasure::{Effect, Manner, NEUTRAL, Unit};
use super::report::{Compared, Explanation, Retrieval};
use super::{Attribution, Contrast};

/// The page around the sections.
const TEMPLATE: &str = include_str!("../../../assets/report/explain.html");

/// Steps of the heat, as in the interface.
const STEPS: f32 = 8.0;

/// Rows of the lists of words, terms and sentences: the whole of them is in the JSON.
const ROWS: usize = 40;

pub fn page(explanation: &Explanation) -> String {
    let title = format!("{} for “{}”", explanation.name.shown().trim(), explanation.request.shown());
    let mut body = head(explanation);
    body.push_str(&attention(&explanation.attribution, explanation));
    body.push_str(&look::heads(&explanation.look));
    if let Some(pieces) = &explanation.look.pieces {
        body.push_str(&look::pieces(pieces, explanation.look.reading));
    }
    explanation.erasures.iter().for_each(|compared| body.push_str(&erasure(compared)));
    if let Some(contrast) = &explanation.contrast {
        body.push_str(&contrasted(contrast));
    }
    if let Some(retrieval) = &explanation.retrieval {
        body.push_str(&retrieved(retrieval));
    }
    // The title is put in last, so that no text can name the other mark.
    let (before, after) = TEMPLATE.split_once("@BODY@").unwrap_or((TEMPLATE, ""));
    format!("{}{body}{after}", before.replacen("@TITLE@", &escape(&title), 1))
}

fn percent(share: f32) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A number with its sign, as both directions mean something.
fn signed(value: f32) -> String {
    format!("{value:+.3}")
}

/// A table of cells that are already markup; the first `texts` columns are words.
fn table(heads: &[&str], texts: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let cell = |tag: &str, at: usize, text: &str| match at < texts {
        true => format!("<{tag} class=\"text\">{text}</{tag}>"),
        false => format!("<{tag}>{text}</{tag}>"),
    };
    let heads: String = heads.iter().enumerate().map(|(at, head)| cell("th", at, head)).collect();
    let row = |row: Vec<String>| {
        let cells: String = row.iter().enumerate().map(|(at, text)| cell("td", at, text)).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = rows.into_iter().map(row).collect();
    format!("<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>{body}</section>\n", escape(title))
}

fn head(explanation: &Explanation) -> String {
    let protocol = |part: &str| {
        let words = explanation.profile.get(part).and_then(|model| model["protocol"].as_str());
        words.map_or(String::new(), |words| format!("<p class=\"soft\">{part}: {}</p>", escape(words)))
    };
    let heading = escape(explanation.name.shown().trim());
    let (id, request) = (escape(explanation.id.shown()), escape(explanation.request.shown()));
    format!(
        "<h1>{heading}</h1><p class=\"soft\">{id}</p><p>Request: {request}</p><p>Raw score {:.4}; scores of two requests \
         cannot be compared.</p>{}{}\n",
        explanation.attribution.score,
        protocol("embedder"),
        protocol("reranker")
    )
}

fn attention(attribution: &Attribution, explanation: &Explanation) -> String {
    let calibrated = &explanation.calibrated;
    let dash = || "–".to_owned();
    let rows = Field::ALL.into_iter().map(|field| {
        let own = attribution.fields[field as usize];
        vec![
            field.key().to_owned(),
            percent(own.share),
            percent(own.token_share),
            own.per_token().map_or_else(dash, |share| format!("{:.3} %", share * 100.0)),
            own.lift.map_or_else(dash, |lift| format!("{lift:.2}")),
            format!("{:+.1}", calibrated.fields[field as usize] * 100.0),
            explanation.from_request.as_ref().map_or_else(dash, |view| percent(view.fields[field as usize].share)),
        ]
    });
    let heads =
        ["field", "attention", "tokens", "per token", "lift", "over no request, points", "from the request's words"];
    let removed = attribution.removed;
    let taken = format!(
        "<p class=\"soft\">{} of the attention was removed before: template and sinks {}, request {}, separators {}. The \
         model saw {} of {} tokens. Averaged: {}. Attention is not an explanation; erasure below is about cause.</p>",
        percent(removed.total()),
        percent(removed.special),
        percent(removed.request),
        percent(removed.separators),
        attribution.seen_tokens,
        attribution.total_tokens,
        escape(&explanation.look.heads_label()),
    );
    let layers = attribution.layers.iter().enumerate().map(|(at, shares)| {
        std::iter::once((at + 1).to_string()).chain(shares.iter().map(|&share| percent(share))).collect()
    });
    let layers = table(&["layer", "name", "description", "body"], 0, layers);
    let body = format!(
        "{}{taken}<details><summary>By layer</summary>{layers}</details><p class=\"words\">{}</p>",
        table(&heads, 1, rows),
        words(attribution)
    );
    section("Attention", &body)
}

/// The document under its heat, each word with its share as a tooltip.
fn words(attribution: &Attribution) -> String {
    let most = attribution.words.iter().filter_map(|word| word.weight).fold(0.0, f32::max);
    let mark = |word: &super::Word| {
        let text = escape(word.text.shown());
        match word.weight {
            None => format!("<span class=\"unseen\">{text}</span>"),
            Some(weight) if most > 0.0 && weight > 0.0 => {
                let step = (weight / most * STEPS).min(STEPS - 1.0) as u8;
                format!("<span class=\"h{step}\" title=\"{}\">{text}</span>", percent(weight))
            }
            Some(_) => text,
        }
    };
    let rest = match attribution.unlisted {
        0 => String::new(),
        more => format!("<span class=\"unseen\"> … {more} more characters</span>"),
    };
    attribution.words.iter().map(mark).chain([rest]).collect()
}

fn erasure(compared: &Compared) -> String {
    let erased = &compared.erased;
    let how = match erased.manner {
        Manner::Deletion => "Deleted: what follows moves up, and text that was cut off may come into sight.".to_owned(),
        Manner::Neutral => format!("Every word replaced by “{NEUTRAL}”: what follows stays where it was."),
    };
    let badge = compared.agreement.map_or(String::new(), |agreement| {
        format!(
            "<p><span class=\"badge {}\">{}</span></p>",
            agreement.verdict.key().replace(' ', "-"),
            escape(&agreement.label())
        )
    });
    let unseen = match erased.unseen {
        0 => String::new(),
        more => format!(" {more} more were never seen by the model."),
    };
    let none = if erased.lists.is_some() { "out" } else { "–" };
    let of = |rank: Option<usize>| rank.map_or(none.to_owned(), |rank| rank.to_string());
    let before = match erased.lists {
        Some(lists) => format!(
            "{}. As it is: rank {}, stage 1 {}; out: not in the list.",
            capital(&lists.sentence(erased.units.len())),
            of(erased.rank),
            of(lists.whole.and_then(|whole| whole.stage1))
        ),
        None => erased.rank.map_or(String::new(), |rank| format!("Rank {rank} of the shortlist as it is.")),
    };
    let choice = erased.choice().map_or(String::new(), |choice| format!(" {}.", capital(&choice)));
    let row = |(at, (unit, effect)): (usize, (&Unit, &Option<Effect>))| {
        let cosine = effect.and_then(|effect| effect.cosine_change);
        let share = match (&compared.shares, cosine) {
            (Some(shares), _) => percent(shares[at]),
            (None, Some(change)) => signed(change),
            (None, None) => "–".into(),
        };
        let change = effect.map_or("–".into(), |effect| {
            let class = if effect.change < 0.0 { "carries" } else { "holds" };
            format!("<span class=\"{class}\">{}</span>", signed(effect.change))
        });
        let mut cells = vec![unit.place.key().to_owned(), escape(unit.label.shown()), share, change];
        cells.push(of(effect.and_then(|effect| effect.rank)));
        if erased.lists.is_some() {
            cells.push(of(effect.and_then(|effect| effect.standing?.stage1)));
        }
        cells
    };
    let rows = erased.units.iter().zip(&erased.effects).enumerate().map(row);
    let third = if compared.shares.is_some() { "attention" } else { "Δ cosine" };
    let heads = ["field", "without", third, "Δ score", "rank then", "stage 1 then"];
    let heads = if erased.lists.is_some() { &heads[..] } else { &heads[..5] };
    let body = format!("{badge}<p class=\"soft\">{how}{choice}{unseen} {before}</p>{}", table(heads, 2, rows));
    section(&format!("{}, {}", capital(erased.grain.title()), erased.manner.key()), &body)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn contrasted(contrast: &Contrast) -> String {
    let effect = |effect: Option<super::contrast::WordEffect>| match effect {
        Some(effect) => [percent(effect.attention), signed(effect.change)],
        None => ["–".into(), "–".into()],
    };
    let words = contrast.words.iter().take(ROWS).map(|word| {
        let ([attention, change], [their_attention, their_change]) = (effect(word.mine), effect(word.other));
        vec![escape(word.word.shown()), attention, change, their_attention, their_change, signed(word.lead())]
    });
    let heads = ["word", "attention here", "Δ score without", "attention there", "Δ score without", "lead here"];
    let terms = contrast.terms.iter().take(ROWS).map(|term| {
        let numbers = [term.mine, term.other, term.lead()].map(signed);
        std::iter::once(escape(term.term.shown())).chain(numbers).collect()
    });
    let body = format!(
        "<p>Score {:.4} here, {:.4} there.</p>{}<h3>Words of the request in {}</h3>{}",
        contrast.mine.score,
        contrast.other.score,
        table(&heads, 1, words),
        contrast.weighing.label(),
        table(&["term", "here", "there", "lead here"], 1, terms)
    );
    section(&format!("Against {}", contrast.other.id.shown()), &body)
}

fn retrieved(retrieval: &Retrieval) -> String {
    let lexical = &retrieval.lexical;
    let rank = |rank: Option<usize>| rank.map_or("no rank".into(), |rank| format!("rank {rank}"));
    let mut body = format!(
        "<p>{} {}, cosine {}, shortlist {}.</p>",
        lexical.weighing.label(),
        rank(lexical.placed.map(|placed| placed.rank)),
        rank(retrieval.standing.and_then(|standing| standing.dense).map(|placed| placed.rank)),
        rank(retrieval.standing.and_then(|standing| standing.rank)),
    );
    let terms = lexical.terms.iter().take(ROWS).map(|term| {
        let scores = [term.score, term.by_field[0], term.by_field[1], term.by_field[2]];
        std::iter::once(escape(term.term.shown())).chain(scores.map(|score| format!("{score:.3}"))).collect()
    });
    body.push_str(&table(&["term", lexical.weighing.label(), "name", "description", "body"], 1, terms));
    let missing: Vec<String> = lexical.missing.iter().map(|word| escape(word.shown())).collect();
    if !missing.is_empty() {
        body.push_str(&format!("<p>Not in the skill: {}</p>", missing.join(", ")));
    }
    if let Some(dense) = &retrieval.dense {
        let sentences =
            dense.sentences.iter().take(ROWS).map(|near| {
                vec![near.field.key().to_owned(), escape(near.text.shown()), format!("{:.3}", near.cosine)]
            });
        body.push_str(&format!("<h3>Nearest sentences (whole skill: cosine {:.3})</h3>", dense.cosine));
        body.push_str(&table(&["field", "sentence", "cosine"], 2, sentences));
    }
    section("Stage 1", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<b onclick='x'>\"&"), "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;");
        assert!(TEMPLATE.contains("@TITLE@") && TEMPLATE.contains("@BODY@"));
        assert!(TEMPLATE.contains("default-src 'none'") && !TEMPLATE.contains("http:") && !TEMPLATE.contains("https:"));
    }
}
