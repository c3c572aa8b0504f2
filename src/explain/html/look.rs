//! What every head looks at as tables of heat, and the document in pieces.

use crate::eval::export::escape::html as escape;
use crate::explain::look::{Look, Pieces};
use crate::explain::{HeadGrid, Heads, Reading};
use crate::library::Field;

use super::{STEPS, percent, section, table};

pub(super) fn heads(look: &Look) -> String {
    let grids: String = look.grids.iter().map(|(name, grid)| one(name, grid, look)).collect();
    let what = match look.reading {
        Reading::Scored => "from the scored position, as shares of what each head gives the three fields",
        Reading::Request => "from the request's words, as shares of what each head gives the three fields",
        Reading::Calibrated => "from the scored position, in points over an empty request",
    };
    let body = format!(
        "<p class=\"soft\">Every layer and head, {what}; under “fields” the raw mass on all three. Heat is relative to the \
         strongest cell; framed cells are in the {}.</p>{grids}",
        escape(&look.heads_label())
    );
    section("Heads", &body)
}

/// One grid, folded away but for the body's, which is most of the document.
fn one(name: &str, grid: &HeadGrid, look: &Look) -> String {
    let most = grid.peak().map_or(0.0, |(_, _, value)| value.abs());
    let head = |head: usize| format!("<th>{}</th>", head + 1);
    let cell = |layer: usize, head: usize| {
        let Some(value) = grid.at(layer, head) else { return "<td>·</td>".to_owned() };
        let step = if most > 0.0 { (value.abs() / most * STEPS).min(STEPS - 1.0) as u8 } else { 0 };
        let shown = match look.reading {
            Reading::Calibrated => format!("{:+.0}", value * 100.0),
            Reading::Scored | Reading::Request => format!("{:.0}", value * 100.0),
        };
        let frame = if in_mean(&look.heads, grid, layer, head) { " in" } else { "" };
        let title = format!("layer {} head {}: {}", layer + 1, head + 1, percent(value));
        format!("<td class=\"h{step}{frame}\" title=\"{title}\">{shown}</td>")
    };
    let row = |layer: usize| {
        let cells: String = (0..grid.heads).map(|head| cell(layer, head)).collect();
        format!("<tr><th>{}</th>{cells}</tr>", layer + 1)
    };
    let rows: String = (0..grid.layers).map(row).collect();
    let heads: String = (0..grid.heads).map(head).collect();
    let open = if name == Field::Body.key() { " open" } else { "" };
    format!(
        "<details{open}><summary>On {name}</summary><table class=\"grid\"><thead><tr><th>layer, head</th>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></details>"
    )
}

fn in_mean(heads: &Heads, grid: &HeadGrid, layer: usize, head: usize) -> bool {
    match heads {
        Heads::Lens(lens) => lens.band.layers(grid.layers).contains(&layer) && lens.heads(grid.heads).contains(&head),
        Heads::Marked(set) => set.contains(layer, head),
    }
}

/// The pieces in their order, those the model never saw struck through.
pub(super) fn pieces(pieces: &Pieces, reading: Reading) -> String {
    let signed = |weight: f32| match reading {
        Reading::Calibrated => format!("{:+.1} points", weight * 100.0),
        Reading::Scored | Reading::Request => percent(weight),
    };
    let rows = pieces.all.iter().filter(|piece| piece.field.is_some()).map(|piece| {
        let text = escape(piece.label.shown());
        let text = if piece.weight.is_none() { format!("<span class=\"unseen\">{text}</span>") } else { text };
        let weight = piece.weight.map_or("not seen".to_owned(), signed);
        vec![piece.field.map_or("", Field::key).to_owned(), text, weight, piece.tokens.to_string()]
    });
    let table = table(&["field", pieces.kind.key(), "attention", "tokens"], 2, rows);
    section(&format!("Attention by {}, {}", pieces.kind.key(), reading.key()), &table)
}
