//! What is erased: fields, sections, sentences, lines and words of a skill, sentences of a request.

use std::ops::Range;

use crate::explain::markdown::{sections, sentences, whole_lines};
use crate::explain::words::split;
use crate::library::{Field, FieldSet, Text};

/// Words that are taken out, at most: with the built-in pair on two cores, this many take from 0.4 s
/// (docs/performance.md) to a second without bf16 units.
pub const WORDS: usize = 64;

/// How large the pieces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grain {
    Fields,
    /// Name, description, and what stands under each heading of the body.
    Sections,
    /// Name, and each sentence of description and body.
    #[default]
    Sentences,
    /// Name, and each line of description and body.
    Lines,
    /// Each word of the three; of more than [`WORDS`] those with the most attention.
    Words,
    /// Each sentence of the request.
    Request,
}

impl Grain {
    pub const ALL: [Grain; 6] =
        [Grain::Fields, Grain::Sections, Grain::Sentences, Grain::Lines, Grain::Words, Grain::Request];

    /// The word used in JSON and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Grain::Fields => "fields",
            Grain::Sections => "sections",
            Grain::Sentences => "sentences",
            Grain::Lines => "lines",
            Grain::Words => "words",
            Grain::Request => "request",
        }
    }

    /// What it is called in full.
    pub fn title(self) -> &'static str {
        match self {
            Grain::Fields => "field erasure",
            Grain::Sections => "section erasure",
            Grain::Sentences => "sentence erasure",
            Grain::Lines => "line erasure",
            Grain::Words => "word erasure",
            // SkillRet's text does not say how it ranks and masks, and asks the encoder alone (papers.md 3.5).
            Grain::Request => "query-sentence erasure (our reconstruction of SkillRet's)",
        }
    }

    pub fn next(self) -> Self {
        Grain::ALL[(self as usize + 1) % Grain::ALL.len()]
    }
}

/// Which text a unit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Field(Field),
    Request,
}

impl Place {
    pub fn key(self) -> &'static str {
        match self {
            Place::Field(field) => field.key(),
            Place::Request => "request",
        }
    }
}

/// A piece of a skill's field or of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub place: Place,
    /// Bytes of the raw field or request, the white space after it included: what is taken out.
    pub bytes: Range<usize>,
    /// The heading of a section, the name of a field, the words of a sentence.
    pub label: Text,
}

/// What is compared with what: a request and the raw fields of a skill (order of [`Field::ALL`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub request: String,
    pub parts: [String; 3],
    /// Which of them the model is given.
    pub fields: FieldSet,
}

impl Pair {
    pub fn text(&self, place: Place) -> &str {
        match place {
            Place::Field(field) => &self.parts[field as usize],
            Place::Request => &self.request,
        }
    }

    /// The fields as [`crate::text::DocumentTemplate::render_parts`] takes them.
    pub fn parts(&self) -> [&str; 3] {
        [&self.parts[0], &self.parts[1], &self.parts[2]]
    }
}

/// All units of a pair, in the order of the text; together they are everything but blank fields, and in words all but
/// marks without a letter or digit.
pub fn units(pair: &Pair, grain: Grain) -> Vec<Unit> {
    pieces(pair, grain).into_iter().map(|piece| piece.unit(pair)).collect()
}

/// A unit before its label is made: of a body of megabytes only what the model saw is ever shown.
pub(super) struct Piece {
    pub(super) place: Place,
    pub(super) bytes: Range<usize>,
    label: Label,
}

enum Label {
    /// The whole text.
    Place,
    /// Its own words.
    Words,
    /// Where the heading stands.
    Heading(Range<usize>),
}

impl Piece {
    pub(super) fn unit(&self, pair: &Pair) -> Unit {
        let Piece { place, bytes, label } = self;
        let text = pair.text(*place);
        let label = match label {
            Label::Place => Text::line(place.key()),
            Label::Words => Text::quoted(&text[bytes.clone()]),
            Label::Heading(heading) if heading.is_empty() => Text::line("(no heading)"),
            Label::Heading(heading) => Text::quoted(&text[heading.clone()]),
        };
        Unit { place: *place, bytes: bytes.clone(), label }
    }
}

pub(super) fn pieces(pair: &Pair, grain: Grain) -> Vec<Piece> {
    let by_sentence = |place: Place| -> Vec<Piece> {
        let parts = sentences(pair.text(place)).into_iter();
        parts.map(|bytes| Piece { place, bytes, label: Label::Words }).collect()
    };
    if grain == Grain::Request {
        return by_sentence(Place::Request);
    }
    let wanted = |field: &Field| pair.fields.contains(*field) && !pair.parts[*field as usize].trim().is_empty();
    let of_field = |field: Field| {
        let place = Place::Field(field);
        let text = pair.text(place);
        match (grain, field) {
            (Grain::Sections, Field::Body) => sections(text)
                .into_iter()
                .map(|section| Piece { place, bytes: section.bytes, label: Label::Heading(section.heading) })
                .collect(),
            (Grain::Sentences, Field::Description | Field::Body) => by_sentence(place),
            (Grain::Lines, Field::Description | Field::Body) => {
                let lines = whole_lines(text).into_iter();
                lines.map(|bytes| Piece { place, bytes, label: Label::Words }).collect()
            }
            (Grain::Words, _) => by_word(text, place),
            _ => vec![Piece { place, bytes: 0..text.len(), label: Label::Place }],
        }
    };
    Field::ALL.into_iter().filter(wanted).flat_map(of_field).collect()
}

/// Words with the white space after them, but for a line break: without it the next line would be another's end.
fn by_word(text: &str, place: Place) -> Vec<Piece> {
    let mut pieces = Vec::new();
    split(text, 0..text.len(), |bytes, ink_end| {
        if text[bytes.start..ink_end].contains(char::is_alphanumeric) {
            let ends_line = text[ink_end..bytes.end].contains('\n');
            let bytes = bytes.start..if ends_line { ink_end } else { bytes.end };
            pieces.push(Piece { place, bytes, label: Label::Words });
        }
    });
    pieces
}
