//! The chat template of a model's repository, as sentence-transformers' CrossEncoder (5.4 and later) uses it: the
//! instruction is a message of role `system`, the request of role `query`, the document of role `document`.
//!
//! The template is rendered when a model is loaded, with marks in place of the texts; what stands around the marks is
//! the [`PairTemplate`]. So the program runs no template per pair, and knows where each text stands.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::prompt::PairTemplate;
use super::tokens::TextTokenizer;

/// Texts that no template contains. The characters between the words are those that a template might escape, the white
/// space at the ends is what it might trim.
const MARKS: [&str; 2] = ["\n  first<&>\"'mark \t\n", " \n second<&>\"'mark\t \n"];

/// What stands around request and document when `source` (a Jinja template) is rendered with this instruction.
/// `tokens` are names that templates use for special tokens (`eos_token`).
///
/// # Errors
/// A sentence: the template is none, does not place both texts once and in this order, changes them, or ends in
/// something that cannot be kept apart when a document is cut.
pub fn pair_template(
    source: &str,
    instruction: Option<&str>,
    tokens: &BTreeMap<String, String>,
    tokenizer: &TextTokenizer,
) -> Result<PairTemplate, String> {
    let rendered = render(source, instruction, MARKS, tokens).map_err(|error| sentence(&error))?;
    let template = [false, true].into_iter().find_map(|trims| around(&rendered, trims));
    let template = template.ok_or(
        "the chat template does not place the texts of the roles query and document once each, in this order and \
         unchanged",
    )?;
    // Any other texts must come out the same way: a template may branch on what it is given.
    for pair in [["", "x"], ["a", "b c"], [MARKS[1], MARKS[0]]] {
        let expected = render(source, instruction, pair, tokens).map_err(|error| sentence(&error))?;
        if template.render(pair[0], pair[1]) != expected {
            return Err("the chat template writes something else around other texts".into());
        }
    }
    if !template.suffix.is_empty() && !tokenizer.begins_with_added_token(&template.suffix) {
        let suffix = &template.suffix;
        return Err(format!("the chat template goes on with {suffix:?} after the document, which is no special token"));
    }
    Ok(template)
}

/// The template whose rendering this is.
fn around(rendered: &str, trims: bool) -> Option<PairTemplate> {
    let marks = MARKS.map(|mark| if trims { mark.trim() } else { mark });
    let (before, rest) = rendered.split_once(marks[0])?;
    let (between, suffix) = rest.split_once(marks[1])?;
    let again = |text: &str| MARKS.iter().any(|mark| text.contains(mark.trim()));
    if again(before) || again(between) || again(suffix) {
        return None;
    }
    Some(PairTemplate {
        prefix: String::new(),
        before: before.to_owned(),
        between: between.to_owned(),
        suffix: suffix.to_owned(),
        trims,
        framed: false,
    })
}

/// As transformers' `apply_chat_template` renders: blocks take their line with them, and the environment knows
/// `raise_exception` and Python's string methods.
fn render(
    source: &str,
    instruction: Option<&str>,
    [query, document]: [&str; 2],
    tokens: &BTreeMap<String, String>,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    let message = |(role, content): (&str, &str)| Value::from_pairs([("role", role), ("content", content)]);
    let system = instruction.map(|content| ("system", content));
    let messages: Vec<Value> =
        system.into_iter().chain([("query", query), ("document", document)]).map(message).collect();
    let own = [("messages", Value::from(messages)), ("add_generation_prompt", Value::from(false))];
    let tokens = tokens.iter().map(|(name, token)| (name.as_str(), Value::from(token.as_str())));
    environment.render_str(source, Value::from_pairs(tokens.chain(own)))
}

fn sentence(error: &Error) -> String {
    format!("the chat template cannot be rendered: {error}")
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
