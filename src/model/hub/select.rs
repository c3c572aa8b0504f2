//! Which files of a repository are needed.

use super::{HubError, RemoteFile, Repository};

/// What a network is loaded from, besides its weights. Code and pickles are never among it.
const MODEL_FILES: [&str; 9] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "chat_template.jinja",
    "chat_template.json",
];

const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const SHARD: &str = "model-*-of-*.safetensors";

/// A rule that picks files of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// What a bi- or cross-encoder is loaded from: config, tokenizer, safetensors, sentence-transformers' files.
    Model,
    /// Paths; `*` stands for any characters but `/`. Each must match something.
    Patterns(Vec<String>),
}

impl Selection {
    /// # Errors
    /// If something the rule cannot do without is not there.
    pub fn of(&self, repository: &Repository, files: Vec<RemoteFile>) -> Result<Vec<RemoteFile>, HubError> {
        let lacks = |reason: String| HubError::Listing { repository: repository.to_string(), reason };
        match self {
            Selection::Model => model(files).map_err(lacks),
            Selection::Patterns(patterns) => {
                let unmatched = |pattern: &&String| !files.iter().any(|file| matches(pattern, &file.path));
                if let Some(pattern) = patterns.iter().find(unmatched) {
                    return Err(lacks(format!(
                        "has no file {pattern}: its layout has changed since it was listed here"
                    )));
                }
                Ok(files.into_iter().filter(|file| patterns.iter().any(|known| matches(known, &file.path))).collect())
            }
        }
    }
}

fn model(files: Vec<RemoteFile>) -> Result<Vec<RemoteFile>, String> {
    let whole: Vec<String> =
        files.iter().filter(|file| split(&file.path).1 == WHOLE).map(|file| split(&file.path).0.to_owned()).collect();
    let wanted = |path: &str| {
        let (directory, name) = split(path);
        // Where the weights are there in one file, shards of the same would be twice the download.
        let sharded = name == INDEX || matches(SHARD, name);
        let weights = name == WHOLE || (sharded && !whole.iter().any(|known| known == directory));
        is_module(directory) && (weights || MODEL_FILES.contains(&name))
    };
    let others: Vec<&str> = ["pytorch_model.bin", ".gguf", ".onnx", ".bin"]
        .into_iter()
        .filter(|ending| files.iter().any(|file| file.path.ends_with(ending)))
        .collect();
    let others = match others.first() {
        Some(found) => format!("; it has {found} files, which are not read: .bin files can run code when opened"),
        None => String::new(),
    };
    let chosen: Vec<RemoteFile> = files.into_iter().filter(|file| wanted(&file.path)).collect();
    let has = |test: &dyn Fn(&str) -> bool| chosen.iter().any(|file| test(split(&file.path).1));
    if !has(&|name| name == WHOLE || matches(SHARD, name)) {
        return Err(format!("has no weights as safetensors{others}"));
    }
    for needed in ["config.json", "tokenizer.json"] {
        if !has(&|name| name == needed) {
            return Err(format!("has no {needed}, so it cannot be loaded here"));
        }
    }
    Ok(chosen)
}

/// Directory ("" for the top) and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The top, or a directory of a sentence-transformers module: `1_Pooling`, `2_Dense`.
fn is_module(directory: &str) -> bool {
    let numbered = |(number, _): (&str, &str)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    directory.is_empty() || (!directory.contains('/') && directory.split_once('_').is_some_and(numbered))
}

/// `*` stands for any characters but `/`.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, rest)) => path.strip_prefix(before).is_some_and(|tail| {
            let reach = tail.find('/').unwrap_or(tail.len());
            (0..=reach).filter(|at| tail.is_char_boundary(*at)).any(|at| matches(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hash, Kind};
    use super::*;

    fn listing(paths: &[&str]) -> Vec<RemoteFile> {
        let hash = Hash::GitBlob("0".repeat(40));
        paths.iter().map(|path| RemoteFile { path: (*path).to_owned(), size: 1, hash: hash.clone() }).collect()
    }

    fn select(selection: &Selection, paths: &[&str]) -> Result<Vec<String>, String> {
        let repository = Repository::new(Kind::Model, "owner/name", "main").unwrap();
        let chosen = selection.of(&repository, listing(paths)).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn a_model_is_its_config_tokenizer_weights_and_modules() {
        let needed = [
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
            "chat_template.jinja",
            "config.json",
            "model.safetensors",
            "modules.json",
            "tokenizer.json",
        ];
        let useless = [
            ".gitattributes",
            "README.md",
            "flax_model.msgpack",
            "modeling_custom.py",
            "onnx/config.json",
            "onnx/model.onnx",
            "onnx/model.safetensors",
            "pytorch_model.bin",
            "training_args.bin",
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "1_Pooling/deep/config.json",
        ];
        let all: Vec<&str> = needed.iter().chain(&useless).copied().collect();
        assert_eq!(select(&Selection::Model, &all).unwrap(), needed);
        let sharded = ["config.json", "tokenizer.json", INDEX, "model-00001-of-00001.safetensors"];
        assert_eq!(select(&Selection::Model, &sharded).unwrap(), sharded);
    }

    #[test]
    fn what_cannot_be_loaded_is_said_before_the_download() {
        let said = select(&Selection::Model, &["config.json", "tokenizer.json", "pytorch_model.bin"]).unwrap_err();
        assert!(said.contains("no weights as safetensors") && said.contains("pytorch_model.bin"), "{said}");
        let said = select(&Selection::Model, &["config.json", "model.safetensors"]).unwrap_err();
        assert!(said.contains("no tokenizer.json"), "{said}");
    }

    #[test]
    fn patterns_stay_in_their_directory_and_must_match() {
        let patterns = |list: &[&str]| Selection::Patterns(list.iter().map(|text| (*text).to_owned()).collect());
        let files = ["tasks.jsonl", "easy/part-0.jsonl.gz", "easy/deep/part-1.jsonl.gz", "hard/part-0.jsonl.gz"];
        let chosen = select(&patterns(&["tasks.jsonl", "easy/*.jsonl.gz"]), &files).unwrap();
        assert_eq!(chosen, ["tasks.jsonl", "easy/part-0.jsonl.gz"]);
        assert!(select(&patterns(&["tasks.jsonl", "qrels.tsv"]), &files).unwrap_err().contains("no file qrels.tsv"));
    }
}
