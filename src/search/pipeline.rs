pub struct Pipeline {}
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
}
