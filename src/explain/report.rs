//! Everything that was found out about one pair, as it is printed and written to a page.

use serde_json::{Map, Value};

use crate::library::Text;
use crate::search::{PinnedStanding, Placed};

use super::json::number;
use super::{Agreement, Attribution, Calibrated, Contrast, DenseView, Erased, LexicalView, Look};

/// An erasure with what attention says of the same units.
#[derive(Debug, Clone)]
pub struct Compared {
    pub erased: Erased,
    /// Share of attention of each unit; `None` for the request, which is no part of that scale.
    pub shares: Option<Vec<f32>>,
    pub agreement: Option<Agreement>,
}

/// Why stage 1 found the skill, or did not.
#[derive(Debug, Clone)]
pub struct Retrieval {
    pub lexical: LexicalView,
    /// `None` without an embedder.
    pub dense: Option<DenseView>,
    /// Where it stands in both lists; `None` where no list was made.
    pub standing: Option<PinnedStanding>,
}

#[derive(Debug, Clone)]
pub struct Explanation {
    pub request: Text,
    pub id: Text,
    pub name: Text,
    pub profile: Map<String, Value>,
    pub attribution: Attribution,
    /// The same seen from the request's tokens instead of the scored position; `None` for a causal network.
    pub from_request: Option<Attribution>,
    pub calibrated: Calibrated,
    /// Every head of the chosen reading, and the document in the chosen pieces.
    pub look: Look,
    pub erasures: Vec<Compared>,
    pub contrast: Option<Contrast>,
    pub retrieval: Option<Retrieval>,
}

impl Explanation {
    /// [`Attribution::to_json`] with `{"query", "id", "profile", "from_request": {"fields", "layers", "removed_share",
    /// "removed"}, "calibrated", "head_grid", "units", "erasure": [{…, "agreement"}], "contrast",
    /// "retrieval": {"rank", "lexical", "dense"}}` beside it ([`Look::grids_json`],
    /// [`Look::pieces_json`]); what was not asked for is an empty list or null.
    pub fn to_json(&self) -> Value {
        let mut value = self.attribution.to_json();
        let Some(object) = value.as_object_mut() else { return value };
        object.insert("query".into(), self.request.for_model().into());
        object.insert("id".into(), self.id.shown().into());
        object.insert("profile".into(), self.profile.clone().into());
        object.insert("from_request".into(), self.from_request.as_ref().map(Attribution::shares_json).into());
        object.insert("calibrated".into(), self.calibrated.to_json());
        object.insert("head_grid".into(), self.look.grids_json());
        object.insert("units".into(), self.look.pieces_json());
        object.insert("erasure".into(), self.erasures.iter().map(Compared::to_json).collect());
        object.insert("contrast".into(), self.contrast.as_ref().map(Contrast::to_json).into());
        object.insert("retrieval".into(), self.retrieval.as_ref().map(Retrieval::to_json).into());
        value
    }
}

impl Compared {
    fn to_json(&self) -> Value {
        let mut value = self.erased.to_json(self.shares.as_deref());
        value["agreement"] = self.agreement.map(|agreement| agreement.to_json()).into();
        value
    }
}

impl Retrieval {
    fn to_json(&self) -> Value {
        let placed = |placed: Option<Placed>| {
            placed.map(|placed| serde_json::json!({ "rank": placed.rank, "score": number(placed.score) }))
        };
        serde_json::json!({
            "rank": self.standing.and_then(|standing| standing.rank),
            "in_shortlist": self.standing.map(|standing| standing.in_shortlist),
            "cosine": placed(self.standing.and_then(|standing| standing.dense)),
            "lexical": self.lexical.to_json(),
            "dense": self.dense.as_ref().map(DenseView::to_json),
        })
    }
}
