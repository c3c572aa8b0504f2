//! Ids and names are other people's text: each format says here what it cannot hold as it is.

/// A field of a CSV file (RFC 4180). A field that a spreadsheet would take for a formula gets an apostrophe before it.
pub fn csv(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Text in LaTeX.
pub fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\textbackslash{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '|' => out.push_str(r"\textbar{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            // After a line's end a bracket would be the space below it.
            '[' => out.push_str("{[}"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text in a cell of a Markdown table: every sign that could mean something is written as an entity.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '$' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text between tags or in a quoted attribute of HTML.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// JSON inside `<script type="application/json">`: nothing in it can end the element or begin a comment.
pub fn script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A field of a TREC file: white space would end it, so it is written as in a URL, and the percent sign too.
pub fn trec(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || c == '%' {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        } else {
            out.push(c);
        }
    }
    if out.is_empty() { "%".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a,\"b\"\n</script><img src=x onerror=alert(1)>&\\_{}%$#^~|`*[x](y)";

    #[test]
    fn csv_keeps_text_and_disarms_formulas() {
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(csv("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    }

    #[test]
    fn latex_has_no_command_left() {
        assert_eq!(
            latex(r"50% of $x_1$ & \input{/etc} #~^"),
            r"50\% of \$x\_1\$ \& \textbackslash{}input\{/etc\} \#\textasciitilde{}\textasciicircum{}"
        );
    }

    #[test]
    fn markup_has_no_tag_left() {
        for escaped in [html(HOSTILE), markdown(HOSTILE), script(HOSTILE)] {
            assert!(!escaped.contains('<') && !escaped.contains('>'), "{escaped}");
        }
        assert!(!markdown(HOSTILE).contains(['|', '`', '*', '[', '\n']));
        assert_eq!(script("{\"a\":\"</script>\"}"), "{\"a\":\"\\u003c/script\\u003e\"}");
    }

    #[test]
    fn a_trec_field_is_one_word() {
        assert_eq!(trec("a b%c\u{a0}d"), "a%20b%25c%C2%A0d");
        assert_eq!(trec(""), "%");
        assert_eq!(trec(HOSTILE).split_whitespace().count(), 1);
    }
}
