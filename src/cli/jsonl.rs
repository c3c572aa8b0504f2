//! JSON lines in, JSON lines out, for checking a model from outside.

use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::library::Text;

use super::Outcome;

/// A line longer than this is not a request; reading it would only fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// Reads one `In` per line from standard input, writes one `Out` per line as soon as it is there. An error names the
/// line; the lines before it have been answered.
pub fn each_line<In: DeserializeOwned, Out: Serialize>(
    mut answer: impl FnMut(In) -> anyhow::Result<Out>,
) -> anyhow::Result<Outcome> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = Vec::new();
    let mut answered = false;
    for number in 1u64.. {
        line.clear();
        let read = std::io::Read::take(&mut input, LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if read as u64 > LONGEST_LINE {
            bail!("standard input, line {number}: longer than {} MiB", LONGEST_LINE >> 20);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let parsed = serde_json::from_slice(&line)
            // The parser quotes what it met.
            .map_err(|error| anyhow::anyhow!("{}", Text::line(error.to_string())))
            .with_context(|| format!("standard input, line {number}"))?;
        let answer = answer(parsed).with_context(|| format!("standard input, line {number}"))?;
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
        answered = true;
    }
    Ok(if answered { Outcome::Done } else { Outcome::Nothing })
}
