use std::path::PathBuf;

use super::*;

/// BERT's tokenizer, whose only added tokens are `[CLS]` and its like.
fn bert() -> TextTokenizer {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/models/tokenizer.json");
    TextTokenizer::from_bytes(&std::fs::read(path).unwrap(), "tokenizer.json").unwrap()
}

fn pair(source: &str, instruction: Option<&str>) -> Result<PairTemplate, String> {
    let tokens = BTreeMap::from([("sep_token".to_owned(), "[SEP]".to_owned())]);
    pair_template(source, instruction, &tokens, &bert())
}

/// Blocks take their line with them, a message is found by its role, and a missing instruction has a default.
#[test]
fn texts_are_found_by_their_roles() {
    let source = "\
{%- for message in messages %}
    {% if message.role == 'query' %}
Q: {{ message.content }}
    {% elif message['role'] == 'document' %}
D: {{ message.content }}{{ sep_token }}{% endif %}
{% endfor %}
I: {{ messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first | default('none') }}
";
    let template = pair(source, Some("judge")).unwrap();
    let expected = "Q: merge \"a\" & <b>\nD: pdf | it's\n[SEP]I: judge";
    assert_eq!(template.render("merge \"a\" & <b>", "pdf | it's\n"), expected);
    assert_eq!(pair(source, None).unwrap().suffix, "[SEP]I: none");
    assert_eq!((template.prefix.as_str(), template.framed, template.trims), ("", false, false));
}

#[test]
fn a_template_that_trims_is_seen_to_do_so() {
    let source = "Q: {{ (messages | selectattr('role', 'eq', 'query') | first).content | trim }}\n\
                  D: {{ messages[-1].content.strip() }}";
    let template = pair(source, None).unwrap();
    assert!(template.trims);
    assert_eq!(template.render(" merge\n", "\tpdf "), "Q: merge\nD: pdf");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let both = "{{ messages[0].content }}{{ messages[1].content }}";
    let cases = [
        ("{{ messages[0].content", "cannot be rendered"),
        ("{{ raise_exception('pairs only') }}", "pairs only"),
        ("Q: {{ messages[0].content }}", "does not place"),
        ("{{ messages[1].content }}{{ messages[0].content }}", "does not place"),
        (&format!("{both}{both}"), "does not place"),
        ("{{ messages[0].content | upper }}{{ messages[1].content }}", "does not place"),
        (&format!("{both}. Answer:"), "no special token"),
        (&format!("{{% if messages[0].content | length > 3 %}}Q: {{% endif %}}{both}"), "something else"),
    ];
    for (source, wanted) in cases {
        let error = pair(source, None).unwrap_err();
        assert!(error.contains(wanted), "{source}: {error}");
    }
    assert!(pair(both, None).is_ok());
}
