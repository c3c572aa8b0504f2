//! The transfer: what is asked for, what is made of the answers, and what is left when they are wrong.

use skillscope::model::hub::{Hub, HubError, Selection, Verdict};

use super::server::{COMMIT, Mood, NEWER, Seen, Server, model, plan, pull, read, weights};

fn large(seen: &[Seen]) -> Vec<Option<&str>> {
    seen.iter().filter(|seen| seen.host == "cdn").map(|seen| seen.range.as_deref()).collect()
}

#[test]
fn a_pull_makes_the_layout_all_tools_share() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    let plan = plan(&hub).unwrap();
    let names: Vec<&str> = plan.files.iter().map(|planned| planned.file.path.as_str()).collect();
    assert_eq!(names, ["1_Pooling/config.json", "config.json", "model.safetensors", "tokenizer.json"]);
    assert_eq!((plan.missing(), plan.commit.as_str()), (plan.total(), COMMIT));
    server.seen();

    let path = hub.pull(&plan, &mut |_| {}).unwrap();
    let root = home.path().join("hf/hub/models--owner--name");
    assert_eq!(path, root.join("snapshots").join(COMMIT));
    assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
    for (file, up) in [("config.json", "../../blobs/"), ("1_Pooling/config.json", "../../../blobs/")] {
        let target = std::fs::read_link(path.join(file)).unwrap();
        assert!(target.to_str().unwrap().starts_with(up), "{target:?}");
    }
    assert_eq!(read(&root.join("refs/main")), COMMIT.as_bytes());
    let left: Vec<_> = std::fs::read_dir(root.join("blobs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| [40, 64].contains(&name.len())), "{left:?}");

    // The token goes to the hub, and to no other host.
    let seen = server.seen();
    for seen in &seen {
        assert_eq!(seen.token.is_some(), seen.host == "hub", "{seen:?}");
    }
    assert!(!seen.iter().any(|seen| seen.path.ends_with(".bin") || seen.path.ends_with(".md")), "{seen:?}");

    // Again: nothing is left to get, and nothing is asked for but the listing.
    let plan = super::server::plan(&hub).unwrap();
    assert_eq!((plan.missing(), plan.is_pinned()), (0, true));
    server.seen();
    hub.pull(&plan, &mut |_| {}).unwrap();
    assert_eq!(server.seen(), []);
}

#[test]
fn a_broken_connection_goes_on_where_it_was() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    server.set(Mood { cut: Some((100_000, 2)), ..Mood::default() });
    let path = pull(&hub).unwrap();
    assert_eq!(large(&server.seen()), [None, Some("bytes=100000-"), Some("bytes=200000-")]);
    assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
}

#[test]
fn what_came_is_kept_for_the_next_pull() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    server.set(Mood { cut: Some((0, 100)), ..Mood::default() });
    // 100,000 bytes once, then nothing.
    server.set(Mood { cut: Some((100_000, 1)), ..Mood::default() });
    let plan = plan(&hub).unwrap();
    let mut steps = 0;
    let broken = hub.pull(&plan, &mut |step| {
        if let skillscope::model::hub::Step::Bytes(bytes) = step
            && bytes >= 100_000
        {
            steps += 1;
            server.set(Mood { cut: Some((0, 100)), ..Mood::default() });
        }
    });
    assert!(steps > 0);
    match broken.unwrap_err() {
        error @ HubError::Interrupted { got: 100_000, .. } => {
            assert!(error.to_string().contains("pull again"), "{error}")
        }
        other => panic!("{other}"),
    }
    // A snapshot without its weights is not taken for the model.
    assert_eq!(hub.cache().commit(&model("main")), None);
    server.set(Mood::default());
    server.seen();
    let plan = super::server::plan(&hub).unwrap();
    assert_eq!(plan.missing(), plan.total() - 100_000 - 24);
    let path = hub.pull(&plan, &mut |_| {}).unwrap();
    assert_eq!(large(&server.seen()), [Some("bytes=100000-")]);
    assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
}

#[test]
fn a_host_that_ignores_ranges_does_not_spoil_the_file() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    server.set(Mood { cut: Some((100_000, 1)), ignores_ranges: true, ..Mood::default() });
    let path = pull(&hub).unwrap();
    assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
}

#[test]
fn a_part_that_is_too_long_or_of_something_else_is_not_trusted() {
    for part in [weights(400_000), vec![0; 150_000]] {
        let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
        let hub = server.hub(home.path());
        let digits = super::server::etag("model.safetensors", &weights(300_000));
        let blobs = home.path().join("hf/hub/models--owner--name/blobs");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join(format!("{digits}.part")), &part).unwrap();
        match pull(&hub) {
            Ok(path) => assert_eq!(read(&path.join("model.safetensors")), weights(300_000)),
            Err(HubError::Altered { .. }) => {
                let path = pull(&hub).unwrap();
                assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn altered_content_never_gets_its_name() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    server.set(Mood { alters: true, ..Mood::default() });
    let error = pull(&hub).unwrap_err();
    assert!(matches!(&error, HubError::Altered { file, .. } if file == "model.safetensors"), "{error}");
    let blobs = home.path().join("hf/hub/models--owner--name/blobs");
    let digits = super::server::etag("model.safetensors", &weights(300_000));
    assert!(!blobs.join(&digits).exists() && !blobs.join(format!("{digits}.part")).exists());
    assert_eq!(hub.cache().commit(&model("main")), None);
    server.set(Mood::default());
    pull(&hub).unwrap();
}

#[test]
fn a_busy_server_is_asked_again() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    server.set(Mood { busy: 2, ..Mood::default() });
    pull(&hub).unwrap();
    assert_eq!(large(&server.seen()).len(), 3);
}

#[test]
fn refusals_say_what_to_do() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    let said = |mood: Mood| {
        server.set(mood);
        plan(&hub).unwrap_err().to_string()
    };
    let gated = said(Mood { refuses: Some((403, "GatedRepo")), ..Mood::default() });
    assert!(gated.contains("403, GatedRepo") && gated.contains("HF_TOKEN"), "{gated}");
    assert!(gated.contains("owner/name") && gated.contains("accept its conditions"), "{gated}");
    let unknown = said(Mood { refuses: Some((401, "RepoNotFound")), ..Mood::default() });
    assert!(unknown.contains("does not exist"), "{unknown}");
    let missing = said(Mood { refuses: Some((404, "RepoNotFound")), ..Mood::default() });
    assert!(missing.contains("owner/name@main is not on the hub"), "{missing}");
    let broken = said(Mood { refuses: Some((500, "")), ..Mood::default() });
    assert!(broken.contains("500") && broken.contains("try again"), "{broken}");
}

#[test]
fn offline_asks_nobody_and_no_network_is_a_sentence() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let mut set = server.environment(home.path());
    set.push(("HF_HUB_OFFLINE", "1".into()));
    let hub = |set: Vec<(&'static str, String)>| {
        let variable = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        Hub::of(&variable, None).unwrap()
    };
    let error = plan(&hub(set)).unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }) && error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
    assert_eq!(server.seen(), []);

    let mut set = server.environment(home.path());
    // A port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    set[0].1 = format!("http://{closed}");
    let error = plan(&hub(set)).unwrap_err().to_string();
    assert!(error.contains(&format!("cannot reach http://{closed}")) && error.contains("HF_ENDPOINT"), "{error}");
}

#[test]
fn a_revision_stays_at_its_commit_until_updated() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    pull(&hub).unwrap();
    server.move_main(NEWER);
    assert!(pull(&hub).unwrap().ends_with(COMMIT));
    let newest = hub.plan(&model("main"), &Selection::Model, true).unwrap();
    assert_eq!((newest.commit.as_str(), newest.missing()), (NEWER, 0));
    assert!(hub.pull(&newest, &mut |_| {}).unwrap().ends_with(NEWER));
    assert_eq!(hub.cache().commit(&model("main")).as_deref(), Some(NEWER));
    assert_eq!(hub.cache().commit(&model(COMMIT)).as_deref(), Some(COMMIT));
}

#[test]
fn an_abbreviated_commit_is_looked_up() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    let plan = hub.plan(&model(&COMMIT[..12]), &Selection::Model, false).unwrap();
    assert_eq!(plan.commit, COMMIT);
    hub.pull(&plan, &mut |_| {}).unwrap();
    assert_eq!(hub.cache().commit(&model(&COMMIT[..12])).as_deref(), Some(COMMIT));
    let error = hub.plan(&model("abcdef0"), &Selection::Model, false).unwrap_err();
    assert!(matches!(error, HubError::NotFound { .. }), "{error}");
}

#[test]
fn two_programs_do_not_write_the_same_file() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    let digits = super::server::etag("model.safetensors", &weights(300_000));
    let locks = home.path().join("hf/hub/.locks/models--owner--name");
    std::fs::create_dir_all(&locks).unwrap();
    let lock = std::fs::File::create(locks.join(format!("{digits}.lock"))).unwrap();
    lock.lock().unwrap();
    assert!(matches!(pull(&hub), Err(HubError::Busy { .. })));
    drop(lock);
    pull(&hub).unwrap();
}

#[test]
fn damage_is_found() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    let path = pull(&hub).unwrap();
    let verdicts = || -> Vec<(String, Verdict)> {
        let findings = hub.cache().verify(&model("main")).unwrap();
        findings.into_iter().map(|finding| (finding.path, finding.verdict)).collect()
    };
    assert!(verdicts().iter().all(|(_, verdict)| *verdict == Verdict::Right), "{:?}", verdicts());
    let wrong = |file: &str| match verdicts().into_iter().find(|(path, _)| path == file).unwrap().1 {
        Verdict::Wrong(reason) => reason,
        other => panic!("{other:?}"),
    };
    let blob = path.join("model.safetensors").canonicalize().unwrap();
    let mut content = weights(300_000);
    content[200_000] ^= 1;
    std::fs::write(&blob, &content).unwrap();
    assert!(wrong("model.safetensors").contains("its hash is"), "{}", wrong("model.safetensors"));
    std::fs::write(&blob, &content[..200_000]).unwrap();
    assert!(wrong("model.safetensors").contains("200000 bytes"), "{}", wrong("model.safetensors"));
    std::fs::remove_file(&blob).unwrap();
    assert!(wrong("model.safetensors").contains("missing"));
    std::fs::write(path.join("config.json").canonicalize().unwrap(), "{}").unwrap();
    assert!(wrong("config.json").contains("its hash is"));
}
