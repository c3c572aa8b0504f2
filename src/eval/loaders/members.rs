//! A JSON object read member by member, so that messages can name lines.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The members of a JSON object as written, repeated keys included, with the 1-based line of each key.
pub fn members(json: &[u8]) -> serde_json::Result<Vec<(usize, String, Value)>> {
    let line = Cell::new(1);
    let mut deserializer = serde_json::Deserializer::from_reader(CountLines { rest: json, line: &line });
    let members = deserializer.deserialize_map(Members { line: &line })?;
    deserializer.end()?;
    Ok(members)
}

/// Counts the lines that were read. serde_json asks a reader for one byte at a time, so the count is the place where
/// it is; the parser itself tells its place only in errors.
struct CountLines<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for CountLines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.rest.read(buffer)?;
        let breaks = buffer[..count].iter().filter(|&&byte| byte == b'\n').count();
        self.line.set(self.line.get() + breaks);
        Ok(count)
    }
}

struct Members<'a> {
    line: &'a Cell<usize>,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<(usize, String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((self.line.get(), key, map.next_value()?));
        }
        Ok(entries)
    }
}
