//! Every action with its name, what it does and where it belongs: the one place that help, footer and the
//! configuration parser read.

use super::super::action::{Action, Tab};

/// A heading in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Everywhere,
    Moving,
    Explore,
    Attention,
    Erasure,
    Evaluate,
    Author,
    Lists,
}

impl Group {
    pub fn title(self) -> &'static str {
        match self {
            Group::Everywhere => "Everywhere",
            Group::Moving => "Moving",
            Group::Explore => "Explore",
            Group::Attention => "Attention view",
            Group::Erasure => "Erasure view",
            Group::Evaluate => "Evaluate",
            Group::Author => "Author",
            Group::Lists => "Lists",
        }
    }
}

impl Group {
    /// Whether these actions are about this tab more than about others.
    pub fn is_of(self, tab: Tab) -> bool {
        match self {
            Group::Explore | Group::Attention | Group::Erasure => tab == Tab::Explore,
            Group::Evaluate => tab == Tab::Evaluate,
            Group::Author => tab == Tab::Author,
            Group::Lists => matches!(tab, Tab::Library | Tab::Evaluate),
            Group::Everywhere | Group::Moving => false,
        }
    }
}

/// Makes [`ALL`] and [`entry`] from one list. The `match` has no wildcard, so an action that is missing here does
/// not compile.
macro_rules! actions {
    ($($group:ident: { $($variant:ident $(($tab:path))?, $name:literal, $about:literal;)* })*) => {
        /// All actions in the order of help.
        pub const ALL: &[Action] = &[$($(Action::$variant $(($tab))?,)*)*];

        fn entry(action: Action) -> (Group, &'static str, &'static str) {
            match action {
                $($(Action::$variant $(($tab))? => (Group::$group, $name, $about),)*)*
            }
        }
    };
}

actions! {
    Everywhere: {
        Quit, "quit", "leave skillscope";
        Help, "help", "list what can be done here, with its keys";
        NextTab, "next-tab", "go to the next tab";
        PreviousTab, "previous-tab", "go to the previous tab";
        GoTo(Tab::Explore), "go-to-explore", "go to Explore";
        GoTo(Tab::Evaluate), "go-to-evaluate", "go to Evaluate";
        GoTo(Tab::Author), "go-to-author", "go to Author";
        GoTo(Tab::Library), "go-to-library", "go to Library";
        NextTheme, "next-theme", "change the colours";
        ToggleMouse, "toggle-mouse", "turn the mouse on, or off to select text with it";
        ChooseModels, "choose-models", "load another embedder or reranker";
        Reload, "reload", "read the library again";
        OwnLibrary, "own-library", "come back to the library you opened";
        Suspend, "suspend", "stop and give the terminal back until fg";
        InsertMode, "insert-mode", "type into the text field";
        NormalMode, "normal-mode", "stop typing: keys are commands again";
    }
    Moving: {
        FocusNext, "focus-next", "go to the next pane";
        FocusPrevious, "focus-previous", "go to the previous pane";
        Back, "back", "leave the pane, the filter or this list";
        Up, "up", "one row up";
        Down, "down", "one row down";
        PageUp, "page-up", "one page up";
        PageDown, "page-down", "one page down";
        First, "first", "go to the first row";
        Last, "last", "go to the last row";
        Open, "open", "search at once, or open the selected row";
    }
    Explore: {
        FocusQuery, "focus-query", "type a request";
        ClearQuery, "clear-query", "start a new request";
        CycleStage1, "cycle-stage1", "stage 1: lexical, dense or fused";
        CycleFields, "cycle-fields", "what is read: name, + description, + body";
        CycleDepth, "cycle-depth", "length of the shortlist: 10, 20, 50";
        ToggleRerank, "toggle-rerank", "stage 2 on or off";
        Pin, "pin", "follow the selected skill as mine in Explore, or stop";
        CycleDetail, "cycle-detail", "show preview, attention, erasure, contrast, stage 1 or scores";
        Contrast, "contrast", "compare with the skill at rank 1 (rank 1 with rank 2), or with the chosen opponent: whose words won";
        ChooseOpponent, "choose-opponent", "compare skills with the selected one, or with rank 1 again";
        ToggleEvaluation, "toggle-evaluation", "show the evaluation beside the search, or hide it";
    }
    Attention: {
        NextBand, "next-band", "look at later layers";
        PreviousBand, "previous-band", "look at earlier layers";
        NextHead, "next-head", "look at the next head";
        PreviousHead, "previous-head", "look at the previous head";
        CycleReading, "cycle-reading", "attention of the scored position, of the request's words, or over an empty request";
        CycleUnits, "cycle-units", "attention by word, token, line, section; erasure of fields, sections, sentences, lines, words, request";
        ToggleHeads, "toggle-heads", "show what every head of every layer looks at, or hide it";
        CycleTarget, "cycle-target", "ask the heads about another field, or one of the heaviest words, lines or sections";
        MarkHeads, "mark-heads", "mark the heads that are looked at now, or unmark them";
        ToggleMarked, "toggle-marked", "take the mean over the marked heads, or over the band again";
    }
    Erasure: {
        CycleManner, "cycle-manner", "delete a piece, or put neutral words in its place";
    }
    Evaluate: {
        ChooseBenchmark, "choose-benchmark", "choose a benchmark, or go back to the numbers";
        StartEvaluation, "start-evaluation", "run the benchmark";
        ResumeEvaluation, "resume-evaluation", "go on with the run that was left unfinished";
        PauseEvaluation, "pause-evaluation", "pause the run, or go on";
        CancelEvaluation, "cancel-evaluation", "stop the run; what is done stays";
        NextView, "next-view", "look at the numbers another way: requests, metrics, strata, charts, runs, problems";
        PreviousView, "previous-view", "the same, backwards";
        CycleClass, "cycle-class", "list failures, fixed, degraded, missed, each kind of failure, or all requests";
        MarkRun, "mark-run", "take the run into the comparison, or out of it";
        CompareRuns, "compare-runs", "compare the runs that are marked with the first of them";
    }
    Author: {
        OpenInAuthor, "open-in-author", "edit a scratch copy of the selected skill in Author";
        AddProbe, "add-probe", "keep the request as a probe for the skill in Author, or type one there";
        ToggleShould, "toggle-should", "this probe should find the skill, or should not";
        RemoveProbe, "remove-probe", "take this probe off the list";
        CycleResults, "cycle-results", "show probes, advice, neighbours or the diff";
        SaveSkill, "save-skill", "show what saving would change; pressed again, write the file";
        RevertSkill, "revert-skill", "go back to the text of the file";
        EditOutside, "edit-outside", "edit the scratch copy with $VISUAL or $EDITOR";
        ChooseSkill, "choose-skill", "put another skill on the bench";
    }
    Lists: {
        Filter, "filter", "show only rows that contain some text";
        CycleSort, "cycle-sort", "order the rows another way";
        CycleGroup, "cycle-group", "group skills by place, category, sub-category or cluster, or not";
        CloseGroup, "close-group", "close the group of the selected row; on a closed one, all groups";
        OpenGroup, "open-group", "open the selected group";
        Copy, "copy", "copy the id of the selected skill";
    }
}

/// Its name in a keymap file.
pub fn name(action: Action) -> &'static str {
    entry(action).1
}

/// One line for people.
pub fn about(action: Action) -> &'static str {
    entry(action).2
}

pub fn group(action: Action) -> Group {
    entry(action).0
}

/// The action of this name.
pub fn by_name(wanted: &str) -> Option<Action> {
    ALL.iter().copied().find(|&action| name(action) == wanted)
}
