use super::Library;
pub struct Watch {}
impl Watch {
    pub fn start(_l: &Library, _f: impl Fn() + Send + 'static) -> Result<Self, String> {
        todo!()
    }
}
