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
