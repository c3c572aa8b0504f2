//! huggingface_hub as the judge of our cache.

use std::process::Command;

use super::server::{COMMIT, Mood, NAME, Server, pull, read, weights};

/// Runs a script in a Python that has huggingface_hub, against the server; `None` if none is named.
fn python(server: &Server, home: &std::path::Path, script: &str) -> Option<String> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else {
        println!("skipped: SKILLSCOPE_PYTHON names no Python with huggingface_hub");
        return None;
    };
    let output = Command::new(python)
        .args(["-c", script])
        .envs(server.environment(home))
        .env("HF_HUB_DISABLE_XET", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn it_finds_what_we_pulled() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let path = pull(&server.hub(home.path())).unwrap();
    let script = format!(
        "import os, huggingface_hub as h\n\
         for f in ['config.json', '1_Pooling/config.json', 'model.safetensors']:\n\
         \x20   print(h.hf_hub_download('{NAME}', f, local_files_only=True))\n\
         info = h.scan_cache_dir()\n\
         repo, = info.repos\n\
         revision, = repo.revisions\n\
         print(repo.repo_id, repo.repo_type, revision.commit_hash, sorted(revision.refs), len(revision.files),\n\
         \x20     revision.size_on_disk, len(info.warnings))"
    );
    let Some(out) = python(&server, home.path(), &script) else { return };
    let file = |name: &str| path.join(name).display().to_string();
    let size = 21 + 3 + 2 + weights(300_000).len();
    let expected = [
        file("config.json"),
        file("1_Pooling/config.json"),
        file("model.safetensors"),
        format!("{NAME} model {COMMIT} ['main', 'skillscope/main'] 4 {size} 0"),
    ];
    assert_eq!(out, expected.join("\n"));
}

/// Its names of blobs (ETags) are ours: asked for the same files it downloads nothing.
#[test]
fn it_downloads_nothing_again() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    pull(&server.hub(home.path())).unwrap();
    server.seen();
    let script = format!(
        "import huggingface_hub as h\n\
         for f in ['config.json', 'model.safetensors']:\n\
         \x20   print(h.hf_hub_download('{NAME}', f))"
    );
    if python(&server, home.path(), &script).is_some() {
        // Beside files it asks for things of its own.
        let seen: Vec<_> = server.seen().into_iter().filter(|seen| seen.path.contains("/resolve/")).collect();
        assert!(!seen.is_empty() && seen.iter().all(|seen| seen.method == "HEAD"), "{seen:?}");
    }
}

/// And we find what it pulled.
#[test]
fn we_find_what_it_downloaded() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let script = format!(
        "import huggingface_hub as h\n\
         for f in ['config.json', 'tokenizer.json', '1_Pooling/config.json', 'model.safetensors']:\n\
         \x20   print(h.hf_hub_download('{NAME}', f))"
    );
    let Some(out) = python(&server, home.path(), &script) else { return };
    assert_eq!(out.lines().count(), 4);
    let hub = server.hub(home.path());
    assert!(hub.cache().commit(&super::server::model("main")).as_deref() == Some(COMMIT));
    let plan = super::server::plan(&hub).unwrap();
    assert_eq!(plan.missing(), 0);
    server.set(Mood { busy: 100, ..Mood::default() });
    let path = hub.pull(&plan, &mut |_| {}).unwrap();
    assert_eq!(read(&path.join("model.safetensors")), weights(300_000));
    let findings = hub.cache().verify(&super::server::model("main")).unwrap();
    assert!(findings.iter().all(|finding| finding.verdict == skillscope::model::hub::Verdict::Right), "{findings:?}");
}

/// It can remove what we pulled, and no reference is left that leads nowhere.
#[test]
fn it_removes_what_we_pulled() {
    let (server, home) = (Server::with_model(), tempfile::tempdir().unwrap());
    let hub = server.hub(home.path());
    pull(&hub).unwrap();
    let script = format!(
        "import huggingface_hub as h\n\
         h.scan_cache_dir().delete_revisions('{COMMIT}').execute()\n\
         info = h.scan_cache_dir()\n\
         print(len(info.repos), len(info.warnings))"
    );
    let Some(out) = python(&server, home.path(), &script) else { return };
    assert_eq!(out, "0 0");
    assert_eq!(hub.cache().held().unwrap(), []);
}
