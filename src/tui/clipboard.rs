//! What is said about a copy. The copy itself is OSC 52, a request to the terminal: it reaches the clipboard of the
//! screen one sits at, over ssh too, where a clipboard program on the far side would "succeed" on the wrong machine.
//! There is no answer, so nothing more than the request is claimed.

use super::widgets::clip;

/// The sentence for the status line.
pub fn sentence(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let shown = clip(text, 40, "~");
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    if set("TMUX") {
        format!("sent {shown:?} to the clipboard through tmux, which needs `set -g set-clipboard on` to pass it on")
    } else if set("SSH_TTY") || set("SSH_CONNECTION") {
        format!("sent {shown:?} to the clipboard of your own terminal (OSC 52, over ssh)")
    } else {
        format!("sent {shown:?} to the clipboard (OSC 52; the terminal may ask or refuse)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_way_the_copy_went() {
        let with = |name: &'static str| move |asked: &str| (asked == name).then(|| "x".to_string());
        assert!(sentence("a", &with("SSH_TTY")).contains("over ssh"));
        assert!(sentence("a", &with("TMUX")).contains("tmux"));
        assert!(sentence("a", &|_| None).contains("may ask"));
        assert!(sentence(&"x".repeat(500), &|_| None).len() < 120);
    }
}
