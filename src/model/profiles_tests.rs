use super::*;

#[test]
fn the_default_profile_is_built_in_and_written_as_data() {
    let profiles = Profiles::builtin().unwrap();
    let profile = profiles.get(DEFAULT).unwrap();
    assert_eq!((profile.embedder.max_tokens, profile.reranker.max_tokens), (256, 256));
    assert_eq!(
        (profile.embedder.document.caps.description, profile.embedder.document.caps.body),
        (Some(300), Some(2500))
    );
    assert_eq!(profile.reranker.document.caps.body, None, "what is not read must be visible, so nothing is cut before");
    let text = toml::to_string(profile).unwrap();
    assert_eq!(&toml::from_str::<Profile>(&text).unwrap(), profile);
}
