//! Parts of a benchmark that have numbers of their own.

use crate::library::Skill;

use super::benchmark::{Qrels, Task};
use super::protocol::Protocol;
use super::record::Stratum;

/// Words of a description up to which it belongs to a band: SkillRouter's quartiles (papers.md 2.5).
const DESCRIPTION_BANDS: [(usize, &str); 3] = [(19, "to 19 words"), (27, "20 to 27 words"), (35, "28 to 35 words")];
const LONGEST_BAND: &str = "over 35 words";

/// What a request belongs to: what its loader says, how many skills it needs, how long the description of the one gold
/// skill is where there is one, and for R3-Skill the languages of request and skill, unless the rows say them. `qrels`
/// as they are scored; `skill` is the first gold one.
pub fn strata(task: &Task, qrels: &Qrels, protocol: Protocol, skill: Option<&Skill>) -> Vec<Stratum> {
    let mut strata = Vec::new();
    let single = qrels.gold.len() == 1;
    strata.push(Stratum::new("skills", if single { "single" } else { "multi" }));
    strata.push(Stratum::new("skills needed", qrels.gold.len().to_string()));
    for (group, value) in [("difficulty", &task.difficulty), ("domain", &task.domain)] {
        if !value.shown().is_empty() {
            strata.push(Stratum::new(group, value.shown()));
        }
    }
    strata.extend(task.strata.iter().cloned());
    let said = strata.iter().any(|stratum| stratum.group == LANGUAGE);
    if let (Protocol::R3, false, Some(skill)) = (protocol, said, skill) {
        let text = [skill.name.for_model(), skill.description.for_model()].join(" ");
        strata.push(Stratum::new(LANGUAGE, format!("{}→{}", language(task.request.for_model()), language(&text))));
    }
    if let (true, Some(skill)) = (single, skill) {
        let words = skill.description.for_model().split_whitespace().count();
        let band = DESCRIPTION_BANDS.iter().find(|(most, _)| words <= *most).map_or(LONGEST_BAND, |(_, name)| name);
        strata.push(Stratum::new("description", band));
    }
    strata
}

const LANGUAGE: &str = "language";

/// "zh" or "en", the two of R3-Skill: whether Chinese characters outnumber words of other letters. A Chinese character
/// is about a word's weight, and Chinese requests are full of English names of tools.
fn language(text: &str) -> &'static str {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    let han = text.chars().filter(|&c| is_han(c)).count();
    let words = text.split(|c: char| !c.is_alphabetic() || is_han(c)).filter(|word| !word.is_empty()).count();
    if han > words { "zh" } else { "en" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_sentence_with_english_names_is_chinese() {
        assert_eq!(language("帮我用 Python 和 pandas 清洗这份 CSV 数据"), "zh");
        assert_eq!(language("Translate 你好 into English for me"), "en");
        assert_eq!(language(""), "en");
    }
}
