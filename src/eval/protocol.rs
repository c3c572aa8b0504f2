//! Protocols: whose rules a number follows. Everything a publisher's code does differently is a row here.

use serde::{Deserialize, Serialize};

use super::metrics::{Metric, MetricKind};
use super::record::Scored;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// SkillRouter Eval-Core (papers.md 2.2).
    #[default]
    #[serde(rename = "skillrouter", alias = "skill-router")]
    SkillRouter,
    /// SkillRet, through trec_eval (papers.md 3.2).
    #[serde(rename = "skillret", alias = "skill-ret")]
    SkillRet,
    /// R3-Skill (papers.md 4.2).
    R3,
    /// Skill-Usage's task queries (papers.md 6).
    SkillUsage,
    /// trec_eval's rules, for BEIR folders and TREC files.
    Trec,
    /// An author's own tests.
    Author,
}

macro_rules! metrics {
    ($($kind:ident @ $($k:literal)+),* $(,)?) => { &[$($(Metric { kind: MetricKind::$kind, k: $k }),+),*] };
}

impl Protocol {
    pub const ALL: [Protocol; 6] = [
        Protocol::SkillRouter,
        Protocol::SkillRet,
        Protocol::R3,
        Protocol::SkillUsage,
        Protocol::Trec,
        Protocol::Author,
    ];

    /// The word used in files and flags.
    pub fn key(self) -> &'static str {
        match self {
            Protocol::SkillRouter => "skillrouter",
            Protocol::SkillRet => "skillret",
            Protocol::R3 => "r3",
            Protocol::SkillUsage => "skill-usage",
            Protocol::Trec => "trec",
            Protocol::Author => "author",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Protocol::SkillRouter => "SkillRouter",
            Protocol::SkillRet => "SkillRet",
            Protocol::R3 => "R3-Skill",
            Protocol::SkillUsage => "Skill-Usage",
            Protocol::Trec => "trec_eval",
            Protocol::Author => "author's tests",
        }
    }

    /// The protocol of this key.
    pub fn parse(key: &str) -> Option<Self> {
        Protocol::ALL.into_iter().find(|protocol| protocol.key() == key)
    }

    /// What it reports, the first five first where there is room for five.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Protocol::SkillRouter => metrics![
                Hit @ 1, Mrr @ 10, Ndcg @ 10, Recall @ 10, FullCoverage @ 10,
                Ndcg @ 1 3, Precision @ 3, Recall @ 20 50, FullCoverage @ 3 5,
            ],
            Protocol::SkillRet => metrics![
                Ndcg @ 10, Recall @ 10, Completeness @ 10, Map @ 10, Precision @ 10,
                Ndcg @ 5 15, Recall @ 5 15, Completeness @ 5 15, Map @ 5 15, Precision @ 5 15,
            ],
            Protocol::R3 => metrics![
                Hit @ 1, Ndcg @ 10, Recall @ 10, Comp @ 10, SetCompat @ 0,
                Ndcg @ 5 15, Recall @ 5 15, Comp @ 5 15,
            ],
            // MRR there is over all that is returned, which is at most 50.
            Protocol::SkillUsage => metrics![Recall @ 5 10 20, Mrr @ 50, Hit @ 1],
            Protocol::Trec => metrics![
                Ndcg @ 10, Map @ 100, Recall @ 100, Mrr @ 10, Precision @ 10,
                Ndcg @ 5 100, Recall @ 10,
            ],
            Protocol::Author => metrics![
                Hit @ 1 3 5 10, Mrr @ 10, Ndcg @ 10,
                Ndcg @ 1 3 5 15, Recall @ 10, Precision @ 1, Map @ 10, FullCoverage @ 10, SetCompat @ 0,
            ],
        }
    }

    /// The few for narrow places.
    pub fn main(self) -> &'static [Metric] {
        let metrics = self.metrics();
        &metrics[..metrics.len().min(5)]
    }

    /// What requests are ordered by and runs are compared on.
    pub fn headline(self) -> Metric {
        match self {
            Protocol::SkillUsage => Metric::RECALL_10,
            _ => Metric::NDCG_10,
        }
    }

    /// The publisher's own spelling of a metric.
    pub fn spell(self, metric: Metric) -> String {
        let name = metric.to_string();
        match (self, metric.kind) {
            (Protocol::SkillRet, MetricKind::Ndcg) => name.replace("nDCG", "NDCG"),
            (Protocol::R3, _) => name.to_lowercase().replace('-', "_"),
            _ => name,
        }
    }

    /// A ranking in the order that the protocol's scorer gives it. trec_eval (as far as 9.0.8, which pytrec_eval holds)
    /// compares scores as 32-bit floats and puts equal ones in descending order of id (papers.md 1.7).
    pub fn ordered(self, ranking: &[Scored]) -> Vec<&Scored> {
        let mut ranking: Vec<&Scored> = ranking.iter().collect();
        if matches!(self, Protocol::SkillRet | Protocol::Trec) {
            ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.id.cmp(&a.id)));
        }
        ranking
    }

    /// Whether judgements of skills that are not in the pool are dropped before anything is counted.
    pub fn restricts_to_pool(self) -> bool {
        matches!(self, Protocol::SkillRouter | Protocol::Author)
    }

    /// Whether its scorer leaves out requests that a prediction file does not name (SkillRouter's evaluate_predictions;
    /// elsewhere they count as zero).
    pub fn leaves_out_unanswered(self) -> bool {
        self == Protocol::SkillRouter
    }

    /// Decimals its reports are rounded to.
    pub fn decimals(self) -> Option<usize> {
        (self == Protocol::SkillRet).then_some(5)
    }

    /// What one has to know to compare numbers.
    pub fn describe(self) -> String {
        let ties = match self {
            Protocol::SkillRet | Protocol::Trec => "trec_eval order (32-bit scores, ties by id descending)",
            _ => "the router's own order",
        };
        let judged = if self.restricts_to_pool() { "judgements restricted to the pool" } else { "all judgements" };
        format!("{} metrics, nDCG with linear gain, {judged}, {ties}", self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_a_protocol_prints_is_read_back() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::parse(protocol.key()), Some(protocol));
            assert_eq!(serde_json::to_value(protocol).unwrap(), protocol.key(), "files say what flags say");
            assert!(protocol.metrics().contains(&protocol.headline()), "{}", protocol.label());
            for &metric in protocol.metrics() {
                assert_eq!(Metric::parse(&protocol.spell(metric)), Some(metric), "{}", protocol.spell(metric));
            }
        }
    }

    #[test]
    fn trec_eval_orders_equal_scores_by_id_descending_and_compares_in_32_bits() {
        // 0.1 + 0.2 and 0.3 differ in 64 bits and are one number in 32.
        let scored = |id: &str, score: f64| Scored { id: id.into(), score: score as f32 };
        let list = [scored("a", 0.3), scored("c", 0.1 + 0.2), scored("b", 0.3), scored("z", 0.5)];
        let ids =
            |protocol: Protocol| protocol.ordered(&list).iter().map(|scored| scored.id.as_str()).collect::<String>();
        assert_eq!(ids(Protocol::SkillRet), "zcba");
        assert_eq!(ids(Protocol::SkillRouter), "acbz");
    }
}
