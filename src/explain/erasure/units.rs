//! What is erased: fields, sections and sentences of a skill, sentences of a request.

use std::ops::Range;

use crate::explain::markdown::{sections, sentences};
use crate::library::{Field, FieldSet, Text};

/// How large the pieces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grain {
    Fields,
    /// Name, description, and what stands under each heading of the body.
    Sections,
    /// Name, and each sentence of description and body.
    #[default]
    Sentences,
    /// Each sentence of the request.
    Request,
}

impl Grain {
    pub const ALL: [Grain; 4] = [Grain::Fields, Grain::Sections, Grain::Sentences, Grain::Request];

    /// The word used in JSON and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Grain::Fields => "fields",
            Grain::Sections => "sections",
            Grain::Sentences => "sentences",
            Grain::Request => "request",
        }
    }

    /// What it is called in full.
    pub fn title(self) -> &'static str {
        match self {
            Grain::Fields => "field erasure",
            Grain::Sections => "section erasure",
            Grain::Sentences => "sentence erasure",
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

/// All units of a pair, in the order of the text; together they are everything but blank fields.
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
    pub(super) fn unit(self, pair: &Pair) -> Unit {
        let Piece { place, bytes, label } = self;
        let text = pair.text(place);
        let label = match label {
            Label::Place => Text::line(place.key()),
            Label::Words => Text::quoted(&text[bytes.clone()]),
            Label::Heading(heading) if heading.is_empty() => Text::line("(no heading)"),
            Label::Heading(heading) => Text::quoted(&text[heading]),
        };
        Unit { place, bytes, label }
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
            _ => vec![Piece { place, bytes: 0..text.len(), label: Label::Place }],
        }
    };
    Field::ALL.into_iter().filter(wanted).flat_map(of_field).collect()
}
