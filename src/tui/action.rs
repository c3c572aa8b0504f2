//! Everything a person can ask for. Keys become actions; actions change state; drawing only reads.

/// The four tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tab {
    Explore,
    Evaluate,
    Author,
    Library,
}

impl Tab {
    pub const ALL: [Tab; 4] = [Tab::Explore, Tab::Evaluate, Tab::Author, Tab::Library];

    pub fn title(self) -> &'static str {
        match self {
            Tab::Explore => "Explore",
            Tab::Evaluate => "Evaluate",
            Tab::Author => "Author",
            Tab::Library => "Library",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    // Everywhere
    Quit,
    Help,
    NextTab,
    PreviousTab,
    GoTo(Tab),
    FocusNext,
    FocusPrevious,
    /// Leave the current pane, pop-up or filter.
    Back,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Enter: search at once, open the selected row.
    Open,
    NextTheme,
    ToggleMouse,
    Reload,
    /// Come back from a visited library.
    OwnLibrary,
    Suspend,
    /// Open the model picker.
    ChooseModels,
    /// Modal keymaps: characters go to the text field.
    InsertMode,
    /// Modal keymaps: characters are commands.
    NormalMode,
    // Explore
    FocusQuery,
    ClearQuery,
    CycleStage1,
    CycleFields,
    CycleDepth,
    ToggleRerank,
    /// Pin the selected skill as "mine", or unpin it.
    Pin,
    /// Switch the detail pane between its views.
    CycleDetail,
    /// Attention: words, tokens, lines, sections. Erasure: fields, sections, sentences, lines, words, or sentences of
    /// the request.
    CycleUnits,
    /// Erase by deletion or by neutral words.
    CycleManner,
    /// Against the skill at rank 1, or the chosen opponent.
    Contrast,
    /// The selected skill is what others are compared with, or rank 1 again.
    ChooseOpponent,
    NextBand,
    PreviousBand,
    NextHead,
    PreviousHead,
    /// Plain, from the request, calibrated.
    CycleReading,
    /// The grid of layers and heads.
    ToggleHeads,
    /// What the grid asks each head about.
    CycleTarget,
    /// Mark the heads the numbers are of, or unmark them.
    MarkHeads,
    /// The mean over the marked heads, or back.
    ToggleMarked,
    /// The evaluation beside the search.
    ToggleEvaluation,
    // Evaluate
    ChooseBenchmark,
    StartEvaluation,
    /// Go on with a run that was left unfinished.
    ResumeEvaluation,
    PauseEvaluation,
    CancelEvaluation,
    NextView,
    PreviousView,
    /// Failures, fixed, degraded, … : which requests are listed.
    CycleClass,
    /// Take a run into the comparison, or out of it.
    MarkRun,
    CompareRuns,
    // Author
    /// Put the selected skill on the bench.
    OpenInAuthor,
    /// Explore: take the request to the bench. Author: type one.
    AddProbe,
    /// Should find the skill, or should not.
    ToggleShould,
    RemoveProbe,
    /// Probes, advice, neighbours, diff.
    CycleResults,
    /// Show the diff; again, write the file.
    SaveSkill,
    RevertSkill,
    /// With `$VISUAL` or `$EDITOR`.
    EditOutside,
    ChooseSkill,
    // Library and Evaluate lists
    Filter,
    CycleSort,
    /// Library: by place, category, sub-category, cluster, or not at all.
    CycleGroup,
    /// Close the group of the selected row; on a closed one, all groups.
    CloseGroup,
    OpenGroup,
    /// Copy the selected skill's id.
    Copy,
}
