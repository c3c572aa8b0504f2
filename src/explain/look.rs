//! One way of looking at a pair, for a file or a page: what every head looks at, and the document in pieces.

use serde_json::{Map, Value, json};

use crate::library::{Field, Text};
use crate::model::Capture;

use super::json::number;
use super::{Attribution, HeadGrid, Heads, Reading, Span, SpanKind, Target, attribute, calibrate, spans};

/// A pair's captures: for the request, and what the readings need beside it.
pub struct Captures {
    pub own: Capture,
    /// `None` for a causal network.
    pub from_request: Option<Capture>,
    /// For the empty request.
    pub content_free: Capture,
}

/// What the grids ask every head about, in their order.
const TARGETS: [(&str, Target); 4] = [
    ("name", Target::Field(Field::Name)),
    ("description", Target::Field(Field::Description)),
    ("body", Target::Field(Field::Body)),
    ("fields", Target::Fields),
];

#[derive(Debug, Clone)]
pub struct Look {
    pub reading: Reading,
    /// What is averaged for the pieces; the grids show all heads.
    pub heads: Heads,
    /// One for each field, and the raw mass on all three; by name.
    pub grids: Vec<(&'static str, HeadGrid)>,
    /// The document in pieces, if that was asked for.
    pub pieces: Option<Pieces>,
}

/// The document in pieces of one kind, in order.
#[derive(Debug, Clone)]
pub struct Pieces {
    pub kind: SpanKind,
    pub all: Vec<Piece>,
}

#[derive(Debug, Clone)]
pub struct Piece {
    /// `None` for separators between fields.
    pub field: Option<Field>,
    /// A section's heading, else the words of the piece on one line.
    pub label: Text,
    /// Share of the fields' attention, or its change over the empty request; `None` for text the model never saw.
    pub weight: Option<f32>,
    /// Tokens of the fields that end in it.
    pub tokens: usize,
}

impl Captures {
    /// `None` if the network does not have this reading.
    pub fn look(&self, reading: Reading, heads: &Heads, kind: Option<SpanKind>) -> Option<Look> {
        let seen = match reading {
            Reading::Request => self.from_request.as_ref()?,
            Reading::Scored | Reading::Calibrated => &self.own,
        };
        let grid = |target: &Target| match reading {
            Reading::Calibrated => HeadGrid::new(seen, target).minus(&HeadGrid::new(&self.content_free, target)),
            Reading::Scored | Reading::Request => HeadGrid::new(seen, target),
        };
        let attribution = attribute(seen, heads.clone());
        let pieces = kind.map(|kind| Pieces { kind, all: self.pieces(reading, seen, &attribution, kind) });
        let grids = TARGETS.iter().map(|(name, target)| (*name, grid(target))).collect();
        Some(Look { reading, heads: attribution.heads, grids, pieces })
    }

    fn pieces(&self, reading: Reading, seen: &Capture, attribution: &Attribution, kind: SpanKind) -> Vec<Piece> {
        let all = match reading {
            Reading::Calibrated => {
                let free = attribute(&self.content_free, attribution.heads.clone());
                let change = calibrate(attribution, &free);
                change.spans((seen, attribution), (&self.content_free, &free), kind)
            }
            Reading::Scored | Reading::Request => spans(seen, attribution, kind),
        };
        let piece = |span: &Span| Piece {
            field: span.field,
            label: span.label(&seen.document),
            weight: span.weight,
            tokens: span.tokens,
        };
        all.iter().map(piece).collect()
    }
}

impl Look {
    /// What is averaged, in words.
    pub fn heads_label(&self) -> String {
        let (layers, heads) = self.size();
        self.heads.label(layers, heads)
    }

    fn size(&self) -> (usize, usize) {
        self.grids.first().map_or((0, 0), |(_, grid)| (grid.layers, grid.heads))
    }

    /// `{"reading", "layers", "heads", "targets": {"name" | "description" | "body" | "fields": [layer][head]}}`: the
    /// share of the fields' attention that each head gives a field, and under `fields` the raw mass it gives all three;
    /// for a calibrated reading the change over the empty request. Null where a head looks at no field.
    pub fn grids_json(&self) -> Value {
        let targets: Map<String, Value> =
            self.grids.iter().map(|(name, grid)| ((*name).to_owned(), cells(grid))).collect();
        let (layers, heads) = self.size();
        json!({ "reading": self.reading.key(), "layers": layers, "heads": heads, "targets": targets })
    }

    /// `{"kind", "reading", "pieces": [{"field", "text", "weight", "tokens"}]}`; null where no kind was asked for.
    pub fn pieces_json(&self) -> Value {
        let Some(pieces) = &self.pieces else { return Value::Null };
        let piece = |piece: &Piece| {
            json!({
                "field": piece.field.map(Field::key),
                "text": piece.label.shown(),
                "weight": piece.weight.map(number),
                "tokens": piece.tokens,
            })
        };
        let all: Vec<Value> = pieces.all.iter().map(piece).collect();
        json!({ "kind": pieces.kind.key(), "reading": self.reading.key(), "pieces": all })
    }
}

fn cells(grid: &HeadGrid) -> Value {
    let row = |layer| (0..grid.heads).map(|head| grid.at(layer, head).map(number)).collect::<Vec<_>>();
    (0..grid.layers).map(row).collect::<Vec<_>>().into()
}
