//! Runs for other programs and for paper. Every function gives the text of one whole file.

pub(crate) mod escape;
pub mod html;
mod predictions;
mod tables;
mod trec;

use super::EvalReport;

/// What a run can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// trec_eval's run of the final rankings.
    Trec,
    /// trec_eval's judgements: the grades, or 1 for each gold skill where there are none.
    Qrels,
    /// The same with 1 for each gold skill, grades or not.
    QrelsGold,
    /// `{task: [id, …]}`.
    SkillRouter,
    /// `{task: {id: score}}`.
    SkillRet,
    /// `[[id, …], …]`, in the order of requests.
    R3,
    Csv,
    Json,
    Markdown,
    Latex,
    Html,
}

impl Format {
    pub const ALL: [Format; 11] = [
        Format::Trec,
        Format::Qrels,
        Format::QrelsGold,
        Format::SkillRouter,
        Format::SkillRet,
        Format::R3,
        Format::Csv,
        Format::Json,
        Format::Markdown,
        Format::Latex,
        Format::Html,
    ];

    /// The word used in flags.
    pub fn key(self) -> &'static str {
        match self {
            Format::Trec => "trec",
            Format::Qrels => "qrels",
            Format::QrelsGold => "qrels-gold",
            Format::SkillRouter => "skillrouter",
            Format::SkillRet => "skillret",
            Format::R3 => "r3",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Markdown => "markdown",
            Format::Latex => "latex",
            Format::Html => "html",
        }
    }

    /// The file's name where all formats are written into one folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Trec => "run.trec",
            Format::Qrels => "qrels.trec",
            Format::QrelsGold => "qrels-gold.trec",
            Format::SkillRouter => "predictions-skillrouter.json",
            Format::SkillRet => "predictions-skillret.json",
            Format::R3 => "predictions-r3.json",
            Format::Csv => "requests.csv",
            Format::Json => "report.json",
            Format::Markdown => "table.md",
            Format::Latex => "table.tex",
            Format::Html => "report.html",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.key() == key)
    }

    /// The run in this format.
    pub fn write(self, report: &EvalReport) -> String {
        match self {
            Format::Trec => trec::run(report),
            Format::Qrels => trec::qrels(report, true),
            Format::QrelsGold => trec::qrels(report, false),
            Format::SkillRouter => predictions::skillrouter(report),
            Format::SkillRet => predictions::skillret(report),
            Format::R3 => predictions::r3(report),
            Format::Csv => tables::csv(report),
            Format::Json => format!("{}\n", report.to_json()),
            Format::Markdown => tables::markdown(report),
            Format::Latex => tables::latex(report),
            Format::Html => html::report(report),
        }
    }
}

#[cfg(test)]
mod tests;
