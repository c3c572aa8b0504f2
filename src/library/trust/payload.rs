//! Runs of base64 or hex that decode to a script.

use std::ops::Range;

use regex::Regex;

/// Share of the decoded bytes that must be text: keys, hashes and pictures decode to noise.
const LEAST_TEXT: f64 = 0.9;

/// The first run of at least `least` letters that decodes to text in which `script` is found, with that text.
pub(super) fn find(line: &str, least: usize, script: &Regex) -> Option<(Range<usize>, String)> {
    runs(line, least).find_map(|range| {
        let run = &line[range.clone()];
        let text = [hex(run), base64(run)].into_iter().flatten().filter_map(text).find(|text| script.is_match(text))?;
        Some((range, text))
    })
}

/// Unbroken stretches of the letters both codes use.
fn runs(line: &str, least: usize) -> impl Iterator<Item = Range<usize>> {
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let mut at = 0;
    let bytes = line.as_bytes();
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            at += bytes[start..].iter().take_while(|byte| is_code(byte)).count();
            if at - start >= least {
                return Some(start..at);
            }
            at += 1;
        }
        None
    })
}

fn hex(run: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = run.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    digits
        .filter(|digits| digits.len() % 2 == 0)
        .map(|digits| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Standard and URL alphabets (RFC 4648); what follows the padding is no part of the code.
fn base64(run: &str) -> Option<Vec<u8>> {
    let run = run.split('=').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(run.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in run.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

/// The bytes as text if they are one, UTF-16 (as PowerShell's `-EncodedCommand` has it) included.
fn text(bytes: Vec<u8>) -> Option<String> {
    let wide = bytes.len() >= 2 && bytes.chunks_exact(2).all(|pair| pair[1] == 0);
    let bytes = if wide { bytes.iter().step_by(2).copied().collect() } else { bytes };
    let readable = bytes.iter().filter(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')).count();
    (readable as f64 >= bytes.len() as f64 * LEAST_TEXT && !bytes.is_empty())
        .then(|| String::from_utf8_lossy(&bytes).into_owned())
}
