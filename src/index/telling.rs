//! The words that tell one group of skills from the others.

use crate::library::FieldSet;

use super::LexicalIndex;

/// A word of one skill of a group tells about that skill, not about the group.
const LEAST_SKILLS: u32 = 2;

impl LexicalIndex {
    /// For each group at most `most` words of names and descriptions, the most telling first. `group_of` is in library
    /// order; a skill without a group counts for none.
    ///
    /// A word weighs p · ln(p / q), where p is the share of the group's skills that have it and q that of all skills:
    /// its part of the divergence of Kullback and Leibler (Carpineto et al. 2001, section 3). A skill is the unit, so
    /// that no long description speaks for its whole group. Words that are more frequent outside say nothing about it.
    pub fn telling_words(&self, group_of: &[Option<u32>], groups: usize, most: usize) -> Vec<Vec<String>> {
        let mut sizes = vec![0u32; groups];
        group_of.iter().flatten().for_each(|&group| sizes[group as usize] += 1);
        let skills: u32 = sizes.iter().sum();
        let mut best: Vec<Vec<(f32, &str)>> = vec![Vec::new(); groups];
        let mut having = vec![0u32; groups];
        for (word, term) in self.postings().vocabulary() {
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            having.fill(0);
            for at in self.postings().list(term) {
                let group = group_of.get(self.postings().skill_at(at)).copied().flatten();
                if let Some(group) = group.filter(|_| self.postings().frequency_at(at, FieldSet::NameDescription) > 0) {
                    having[group as usize] += 1;
                }
            }
            let all: u32 = having.iter().sum();
            let everywhere = all as f32 / skills.max(1) as f32;
            for (group, &with) in having.iter().enumerate() {
                let share = with as f32 / sizes[group].max(1) as f32;
                let outside = (all - with) as f32 / (skills - sizes[group]).max(1) as f32;
                if with >= LEAST_SKILLS.min(sizes[group]) && with > 0 && share > outside {
                    best[group].push((share * (share / everywhere).ln(), word));
                }
            }
        }
        best.into_iter().map(|words| chosen(words, most)).collect()
    }
}

/// The weightiest words; of words that begin alike ("test", "testing") the weightiest only. Equal weights go by the
/// alphabet, for the vocabulary has no order.
fn chosen(mut words: Vec<(f32, &str)>, most: usize) -> Vec<String> {
    words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let mut chosen: Vec<String> = Vec::new();
    for (_, word) in words {
        if chosen.len() == most {
            break;
        }
        if !chosen.iter().any(|known| known.starts_with(word) || word.starts_with(known.as_str())) {
            chosen.push(word.to_owned());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::load::{Source, load};

    #[test]
    fn words_that_a_group_shares_and_others_lack_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            ("a", "Deploy a cluster with helm when asked"),
            ("b", "Deploy helm to a cluster when asked 2024"),
            ("c", "Paint a picture when asked"),
            ("d", "Paint with oil when asked"),
        ];
        let pool: String = rows
            .map(|(id, text)| format!("{{\"id\":\"{id}\",\"name\":\"{id}\",\"description\":\"{text}\"}}\n"))
            .concat();
        let path = folder.path().join("pool.jsonl");
        std::fs::write(&path, pool).unwrap();
        let index = LexicalIndex::build(&load(&Source::Paths(vec![path])).unwrap());
        let words = index.telling_words(&[Some(0), Some(0), Some(1), Some(1)], 2, 3);
        // All in both skills and nowhere else, so by the alphabet; "when" and "asked" are everywhere, "oil" is in one.
        assert_eq!(words, [vec!["cluster", "deploy", "helm"], vec!["paint"]]);
        // A group of one is told by its own words; a skill without a group counts for none.
        let words = index.telling_words(&[None, None, Some(0), Some(1)], 2, 2);
        assert_eq!(words, [vec!["picture"], vec!["oil"]]);
    }
}
