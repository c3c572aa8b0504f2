use super::*;

fn template(name: Option<usize>, description: Option<usize>, body: Option<usize>) -> DocumentTemplate {
    DocumentTemplate { caps: Caps { name, description, body }, ..DocumentTemplate::default() }
}

#[test]
fn fields_are_joined_and_their_spans_point_at_them() {
    let document = template(None, None, None).render_parts(["pdf", "Merge files", "# PDF\n"], FieldSet::Full);
    assert_eq!(document.text, "pdf | Merge files | # PDF\n");
    let fields = Field::ALL.map(|field| &document.text[document.span(field)]);
    assert_eq!(fields, ["pdf", "Merge files", "# PDF\n"]);
}

#[test]
fn fields_that_were_not_asked_for_leave_no_separator() {
    let parts = ["pdf", "Merge files", "# PDF"];
    let template = template(None, None, Some(2));
    let name = template.render_parts(parts, FieldSet::Name);
    assert_eq!(name.text, "pdf");
    let described = template.render_parts(parts, FieldSet::NameDescription);
    assert_eq!(described.text, "pdf | Merge files");
    assert!(described.span(Field::Body).is_empty());
    assert_eq!(described.cut(Field::Body), 0, "what was not asked for was not cut");
}

/// Python's `text[:n]`: code points, not bytes and not graphemes.
#[test]
fn caps_count_code_points() {
    let document =
        template(Some(2), Some(3), Some(0)).render_parts(["éé\u{301}x", "日本語です", "body"], FieldSet::Full);
    assert_eq!(document.text, "éé | 日本語 | ");
    assert_eq!(Field::ALL.map(|field| document.cut(field)), [2, 2, 4]);
    let exact = template(Some(3), None, None).render_parts(["日本語", "", ""], FieldSet::Name);
    assert_eq!((exact.text.as_str(), exact.cut(Field::Name)), ("日本語", 0));
}

#[test]
fn a_range_belongs_to_a_field_only_if_it_lies_wholly_in_it() {
    let document = template(None, None, None).render_parts(["pdf", "", "body"], FieldSet::Full);
    assert_eq!(document.text, "pdf |  | body");
    assert_eq!(document.field_of(&(0..3)), Some(Field::Name));
    assert_eq!(document.field_of(&(9..13)), Some(Field::Body));
    for (bytes, why) in [(2..5, "straddles"), (4..5, "separator"), (6..6, "empty"), (0..13, "all"), (9..14, "beyond")] {
        assert_eq!(document.field_of(&bytes), None, "{why}");
    }
}

#[test]
fn plain_text_is_body() {
    let document = Document::plain("some text");
    assert_eq!(document.field_of(&(0..4)), Some(Field::Body));
    assert_eq!(document.span(Field::Name), 0..0);
}

/// A token of byte-level BPE begins with the space before its word, and may end with the line ends after it.
#[test]
fn white_space_of_a_separator_does_not_take_a_word() {
    let document = template(None, None, None).render_parts(["pdf", "Merge", "body"], FieldSet::Full);
    assert_eq!(document.text, "pdf | Merge | body");
    assert_eq!(document.field_of(&(5..11)), Some(Field::Description), " Merge");
    assert_eq!(document.field_of(&(6..12)), Some(Field::Description), "Merge with a space behind");
    assert_eq!(document.field_of(&(3..5)), None, "a separator");
    assert_eq!(document.field_of(&(4..11)), None, "a bar and a word");
    let blank = template(None, None, None).render_parts(["a", "b", "\n\n"], FieldSet::Full);
    assert_eq!(blank.field_of(&(8..10)), Some(Field::Body), "white space of a field is the field's");
}

#[test]
fn labels_and_what_is_read_at_most() {
    let labels = Labels { name: "N: ".into(), description: "D: ".into(), body: "B: ".into() };
    let labelled = DocumentTemplate { labels, separator: "\n".into(), ..DocumentTemplate::default() };
    let document = labelled.render_parts(["pdf", "Merge", "body"], FieldSet::Full);
    assert_eq!(document.text, "N: pdf\nD: Merge\nB: body");
    assert_eq!(Field::ALL.map(|field| &document.text[document.span(field)]), ["pdf", "Merge", "body"]);
    let narrow = DocumentTemplate { fields: FieldSet::NameDescription, ..labelled };
    assert_eq!(narrow.render_parts(["pdf", "Merge", "body"], FieldSet::Full).text, "N: pdf\nD: Merge");
    assert_eq!(narrow.render_parts(["pdf", "Merge", "body"], FieldSet::Name).text, "N: pdf");
}

/// Python's `str.strip()`: U+001C to U+001F and U+0085 too, U+200B not.
#[test]
fn stripped_as_python_does() {
    let template = DocumentTemplate { strip: true, ..template(None, None, Some(2)) };
    let parts = ["\u{1c} pdf\u{85}", "\u{3000}Merge\u{200b} ", "\r\nbody"];
    let document = template.render_parts(parts, FieldSet::Full);
    assert_eq!(document.text, "pdf | Merge\u{200b} | bo");
    assert_eq!(document.cut(Field::Body), 2, "white space is dropped, not cut");
}

#[test]
fn a_body_is_shortened_where_characters_end() {
    let mut document = template(None, None, Some(3)).render_parts(["a", "b", "日本語です"], FieldSet::Full);
    document.shorten_body(4);
    assert_eq!(document.text, "a | b | 日本語", "inside a character");
    document.shorten_body(3);
    assert_eq!((document.text.as_str(), document.cut(Field::Body)), ("a | b | 日", 4));
    document.shorten_body(100);
    assert_eq!(&document.text[document.span(Field::Body)], "日");
}
