//! The words of the house: [`Skill`], [`Field`], [`Library`].

use std::collections::HashMap;
use std::ops::Index;
use std::path::PathBuf;

use super::{LoadReport, Text};

/// A part of a skill that a router may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Name,
    Description,
    Body,
}

impl Field {
    pub const ALL: [Field; 3] = [Field::Name, Field::Description, Field::Body];

    /// The word used in JSON and on screen.
    pub fn key(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Description => "description",
            Field::Body => "body",
        }
    }
}

/// Which fields a stage reads. SkillRouter calls the last two `nd` and `full` (papers: SkillRouter, table 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldSet {
    Name,
    #[serde(rename = "nd")]
    NameDescription,
    #[default]
    Full,
}

impl FieldSet {
    pub const ALL: [FieldSet; 3] = [FieldSet::Name, FieldSet::NameDescription, FieldSet::Full];

    pub fn key(self) -> &'static str {
        match self {
            FieldSet::Name => "name",
            FieldSet::NameDescription => "nd",
            FieldSet::Full => "full",
        }
    }

    pub fn contains(self, field: Field) -> bool {
        match field {
            Field::Name => true,
            Field::Description => self != FieldSet::Name,
            Field::Body => self == FieldSet::Full,
        }
    }
}

/// Position of a skill in its [`Library`]. Valid only for the library it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SkillIx(pub u32);

impl SkillIx {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// BLAKE3 of the raw name, description and body (first 16 bytes): the same content has the same hash in any library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    pub fn of(name: &str, description: &str, body: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [name, description, body] {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut out = [0; 16];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        ContentHash(out)
    }
}

/// Where a skill was read from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Index into [`Library::roots`].
    pub root: usize,
    /// The SKILL.md or the pool file.
    pub path: PathBuf,
    /// [`Origin::path`] as it may be shown.
    pub shown: Text,
    /// 1-based line in a pool file; `None` for a SKILL.md.
    pub line: Option<u64>,
}

/// One skill, as its author wrote it.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Unique in its library: the published id of a pool row, or the folder's path below its root.
    pub id: Text,
    pub name: Text,
    pub description: Text,
    pub body: Text,
    /// Front matter keys other than name and description, in file order, nested ones joined with dots.
    pub extra: Vec<(Text, Text)>,
    pub origin: Origin,
    pub hash: ContentHash,
    /// What the lenient loader had to put right.
    pub notes: Vec<Text>,
}

impl Skill {
    pub fn field(&self, field: Field) -> &Text {
        match field {
            Field::Name => &self.name,
            Field::Description => &self.description,
            Field::Body => &self.body,
        }
    }

    /// The same skill with another name, description and body (raw), as if its file said so.
    pub fn with_text(&self, [name, description, body]: [&str; 3]) -> Skill {
        Skill {
            hash: ContentHash::of(name, description, body),
            name: Text::line(name),
            description: Text::block(description),
            body: Text::block(body),
            ..self.clone()
        }
    }

    /// Hidden or control characters made visible in all fields together (the "hidden characters" badge).
    pub fn hidden_characters(&self) -> u32 {
        Field::ALL.iter().map(|&field| self.field(field).hidden()).sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// A tree of SKILL.md folders named by the user.
    Tree,
    /// A `.jsonl` or `.jsonl.gz` pool, or a folder of shards.
    Pool,
    /// A place where an agent keeps skills, found by discovery.
    Discovered,
    /// The library inside the binary.
    Demo,
}

/// A place skills were loaded from.
#[derive(Debug, Clone)]
pub struct Root {
    pub path: PathBuf,
    /// How to call it on screen: a path with `~`, or "demo library".
    pub label: Text,
    pub kind: RootKind,
    /// Agents that read this place, e.g. "Claude Code (user)"; empty when the user named the path.
    pub agents: Vec<String>,
    pub skills: usize,
}

/// All skills that can be found, with what could not be loaded. Immutable: a reload makes a new one.
#[derive(Debug, Default)]
pub struct Library {
    pub roots: Vec<Root>,
    pub report: LoadReport,
    skills: Vec<Skill>,
    by_id: HashMap<String, SkillIx>,
    /// Size of the group of skills with equal content; 1 for a unique skill.
    copies: Vec<u32>,
    /// Size of the group of skills with the same name (ASCII case folded); 1 for a unique name.
    namesakes: Vec<u32>,
}

impl Library {
    /// BLAKE3 over ids and contents in order (first 16 bytes, hex): what tells one library from another.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for skill in &self.skills {
            hasher.update(skill.id.for_model().as_bytes());
            hasher.update(&[0]);
            hasher.update(&skill.hash.0);
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Takes skills whose ids are unique (the loader sees to it) and finds copies and namesakes.
    pub fn new(skills: Vec<Skill>, roots: Vec<Root>, report: LoadReport) -> Self {
        let mut by_content: HashMap<ContentHash, u32> = HashMap::new();
        let mut by_name: HashMap<String, u32> = HashMap::new();
        for skill in &skills {
            *by_content.entry(skill.hash).or_default() += 1;
            *by_name.entry(skill.name.for_model().to_ascii_lowercase()).or_default() += 1;
        }
        let copies = skills.iter().map(|skill| by_content[&skill.hash]).collect();
        let namesakes = skills.iter().map(|skill| by_name[&skill.name.for_model().to_ascii_lowercase()]).collect();
        let by_id = skills
            .iter()
            .enumerate()
            .map(|(index, skill)| (skill.id.shown().to_string(), SkillIx(index as u32)))
            .collect();
        Library { roots, report, skills, by_id, copies, namesakes }
    }

    pub fn skills(&self) -> &[Skill] {
        &self.skills
    }

    pub fn len(&self) -> usize {
        self.skills.len()
    }

    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SkillIx, &Skill)> {
        self.skills.iter().enumerate().map(|(index, skill)| (SkillIx(index as u32), skill))
    }

    /// By id as shown (ids are compared after sanitising, on both sides).
    pub fn find(&self, id: &str) -> Option<SkillIx> {
        self.by_id.get(id).copied()
    }

    /// How many skills of this library have exactly this content, this one included.
    pub fn copies(&self, skill: SkillIx) -> u32 {
        self.copies[skill.index()]
    }

    /// How many skills of this library have this name, this one included.
    pub fn namesakes(&self, skill: SkillIx) -> u32 {
        self.namesakes[skill.index()]
    }
}

impl Index<SkillIx> for Library {
    type Output = Skill;

    fn index(&self, ix: SkillIx) -> &Skill {
        &self.skills[ix.index()]
    }
}
