//! The profiles that can be named, and how a name with settings (`skillrouter:instruction=code,caps=eval`) becomes one.

use std::path::Path;

use include_dir::{Dir, include_dir};
use toml::{Table, Value};

use super::{ModelError, Profile};

/// The profile used where none is named.
pub const DEFAULT: &str = "builtin";

/// In place of a value, it takes a key away that the profile below has: `caps = "none"`.
const NONE: &str = "none";

/// Profiles built on one another; more is a circle.
const DEEPEST: usize = 8;

static ASSETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/profiles");

/// All profiles, as written and as they are without settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiles {
    written: Vec<Written>,
    list: Vec<Profile>,
}

/// The content of one file.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    name: String,
    origin: String,
    table: Table,
}

impl Written {
    fn parse(contents: &[u8], origin: &str) -> Result<Self, ModelError> {
        let text = std::str::from_utf8(contents).map_err(|error| wrong(origin, error))?;
        // toml's message shows the line.
        let table: Table = toml::from_str(text).map_err(|error| wrong(origin, error))?;
        let name = match table.get("name") {
            Some(Value::String(name)) if !name.is_empty() && !name.contains([':', ',', '=']) => name.clone(),
            _ => return Err(wrong(origin, "`name` is a word without colon, comma and equals sign")),
        };
        if !table.contains_key("base") {
            // The same faults are found again in the table, but there without their line.
            toml::from_str::<Profile>(text).map_err(|error| wrong(origin, error))?;
        }
        Ok(Written { name, origin: origin.to_owned(), table })
    }
}

fn wrong(origin: &str, reason: impl std::fmt::Display) -> ModelError {
    ModelError::File { path: origin.to_owned(), reason: format!("not a profile: {reason}") }
}

impl Profiles {
    /// Those that came with the program.
    ///
    /// # Errors
    /// If one of them is not a profile (a fault of the build).
    pub fn builtin() -> Result<Self, ModelError> {
        let files = ASSETS.files().filter(|file| is_profile(file.path()));
        let written =
            files.map(|file| Written::parse(file.contents(), &format!("built-in profile {}", file.path().display())));
        Profiles { written: Vec::new(), list: Vec::new() }.with(written)
    }

    /// [`Profiles::builtin`] and the user's own, if that directory exists.
    ///
    /// # Errors
    /// As [`Profiles::with_directory`].
    pub fn with_users(directory: Option<&Path>) -> Result<Self, ModelError> {
        let profiles = Profiles::builtin()?;
        match directory.filter(|directory| directory.is_dir()) {
            Some(directory) => profiles.with_directory(directory),
            None => Ok(profiles),
        }
    }

    /// Adds the `*.toml` of a directory, in the order of their names; one of the same name replaces the earlier.
    ///
    /// # Errors
    /// If the directory or a file cannot be read, or a file is not a profile: the message names it and the line.
    pub fn with_directory(self, directory: &Path) -> Result<Self, ModelError> {
        let fail = |path: &Path, reason: String| ModelError::File { path: path.display().to_string(), reason };
        let entries = std::fs::read_dir(directory).map_err(|error| fail(directory, error.to_string()))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| fail(directory, error.to_string()))?;
        paths.retain(|path| is_profile(path));
        paths.sort();
        self.with(paths.iter().map(|path| {
            let contents = std::fs::read(path).map_err(|error| fail(path, error.to_string()))?;
            Written::parse(&contents, &path.display().to_string())
        }))
    }

    fn with(mut self, more: impl Iterator<Item = Result<Written, ModelError>>) -> Result<Self, ModelError> {
        for written in more {
            let written = written?;
            self.written.retain(|known| known.name != written.name);
            self.written.push(written);
        }
        self.list = self.written.iter().map(|written| self.checked(written)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The profile without settings; every choice of its settings gives a profile too.
    fn checked(&self, written: &Written) -> Result<Profile, ModelError> {
        let table = self.whole(written, 0)?;
        let profile = read(&table, &written.origin)?;
        for (name, setting) in &profile.options {
            for (choice, over) in &setting.choices {
                let mut table = table.clone();
                lay_over(&mut table, over);
                let origin = || format!("{}, choice {choice} of {name}", written.origin);
                read(&table, &origin())?;
            }
        }
        Ok(profile)
    }

    /// What is written, laid over what it is built on.
    fn whole(&self, written: &Written, depth: usize) -> Result<Table, ModelError> {
        let Some(base) = written.table.get("base") else { return Ok(written.table.clone()) };
        let found = base.as_str().and_then(|base| self.written.iter().find(|known| known.name == base));
        let found = found.ok_or_else(|| wrong(&written.origin, format_args!("no profile {base} to build on")))?;
        if depth == DEEPEST {
            return Err(wrong(&written.origin, "it is built on itself"));
        }
        let mut table = self.whole(found, depth + 1)?;
        lay_over(&mut table, &written.table);
        Ok(table)
    }

    /// By its name, without settings.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.list.iter().find(|profile| profile.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.list.iter()
    }

    /// A profile by its name, which may carry settings: `name:setting=choice,setting=choice`. `None` if no profile has
    /// this name: it may be a directory or a repository.
    ///
    /// # Errors
    /// If the profile has no such setting or choice: the message lists those it has.
    pub fn resolve(&self, name: &str) -> Result<Option<Profile>, ModelError> {
        let (base, settings) = name.split_once(':').unwrap_or((name, ""));
        let found = self.written.iter().zip(&self.list).find(|(written, _)| written.name == base);
        let Some((written, plain)) = found else { return Ok(None) };
        let mut table = self.whole(written, 0)?;
        for part in settings.split(',').filter(|part| !part.is_empty()) {
            if let Some(over) = choice(plain, part).map_err(|hint| unknown(name, hint))? {
                lay_over(&mut table, over);
            }
        }
        read(&table, &written.origin).map(Some)
    }
}

/// What `setting=choice` lays over the profile; nothing for the default.
fn choice<'a>(profile: &'a Profile, part: &str) -> Result<Option<&'a Table>, String> {
    let name = &profile.name;
    let (setting, choice) = part.split_once('=').ok_or_else(|| format!("{part:?} is not setting=choice"))?;
    let known = profile.options.get(setting).ok_or_else(|| match profile.options.is_empty() {
        true => format!("profile {name} has no settings"),
        false => {
            let settings: Vec<_> = profile.options.keys().map(String::as_str).collect();
            format!("profile {name} has no setting {setting:?}; it has: {}", settings.join(", "))
        }
    })?;
    match known.choices.get(choice) {
        None if known.default == choice => Ok(None),
        None => {
            let words: Vec<_> = known.words().collect();
            Err(format!("{setting} of profile {name} can be: {}; not {choice:?}", words.join(", ")))
        }
        over => Ok(over),
    }
}

fn unknown(name: &str, hint: String) -> ModelError {
    ModelError::Unknown { name: name.to_owned(), hint }
}

fn read(table: &Table, origin: &str) -> Result<Profile, ModelError> {
    table.clone().try_into().map_err(|error: toml::de::Error| wrong(origin, error.to_string().trim_end()))
}

/// Tables are merged key by key, every other value replaces; [`NONE`] takes a key away.
fn lay_over(table: &mut Table, over: &Table) {
    for (key, value) in over {
        match (table.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(over)) => lay_over(below, over),
            (_, Value::String(word)) if word == NONE => {
                table.remove(key);
            }
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

fn is_profile(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
#[path = "profiles_tests.rs"]
mod tests;
