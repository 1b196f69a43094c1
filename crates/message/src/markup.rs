//! What people wrote, as text for receivers that read markup, and keys that they take whole.

use sha2::{Digest, Sha256};

/// Deeper lines are indented no further.
const INDENT_MAX: usize = 6;

/// PagerDuty refuses a longer key.
const PAGER_KEY_CHARS_MAX: usize = 255;

/// A text of an author's for Slack, where it must not call anybody.
pub(crate) fn for_slack(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("```", "'''")
}

/// A line for Teams, which reads Markdown: what people wrote is text, and columns, whose blanks run
/// together there, are set apart by a dot.
pub(crate) fn for_teams(line: &str) -> String {
    let text = line.trim_start();
    let indent = "\u{a0}".repeat((line.len() - text.len()).min(INDENT_MAX));
    let columns: Vec<&str> =
        text.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
    let text = columns.join(" · ");
    let mut shown = indent;
    // A number and a dot or bracket begin a list.
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, sign) in text.char_indices() {
        let begins = (at == 0 && "#>-+=~".contains(sign)) || (at == digits && ".)".contains(sign));
        if begins || "\\`*_[]<>&!{}~|".contains(sign) {
            shown.push('\\');
        }
        shown.push(sign);
    }
    shown
}

/// A key that PagerDuty takes whole: one that is longer goes by its beginning and a hash of it.
pub(crate) fn pager_key(key: &str) -> String {
    if key.chars().count() <= PAGER_KEY_CHARS_MAX {
        return key.to_owned();
    }
    let hash = Sha256::digest(key.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let begin: String = key.chars().take(PAGER_KEY_CHARS_MAX - 1 - hash.len()).collect();
    format!("{begin}/{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_is_no_markdown() {
        for (written, sent) in [
            (
                "[Payroll](https://phish.example/login)",
                "\\[Payroll\\](https://phish.example/login)",
            ),
            ("<https://phish.example>", "\\<https://phish.example\\>"),
            ("1. On-time *delivery*", "1\\. On-time \\*delivery\\*"),
            ("12) __bold__ ~~gone~~", "12\\) \\_\\_bold\\_\\_ \\~\\~gone\\~\\~"),
            ("# Revenue", "\\# Revenue"),
            ("- one", "\\- one"),
            ("+ one", "\\+ one"),
            ("> quoted", "\\> quoted"),
            ("---", "\\---"),
            ("===", "\\==="),
            ("```rm```", "\\`\\`\\`rm\\`\\`\\`"),
            ("![x](y)", "\\!\\[x\\](y)"),
            ("{{DATE(2026-05-31T00:00:00Z)}}", "\\{\\{DATE(2026-05-31T00:00:00Z)\\}\\}"),
            ("&lt;b&gt; C:\\*", "\\&lt;b\\&gt; C:\\\\\\*"),
            ("      a  90 %   95", "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}a · 90 % · 95"),
            ("55.9 (was 72.0) - May #1", "55\\.9 (was 72.0) - May #1"),
        ] {
            assert_eq!(for_teams(written), sent, "{written}");
        }
    }

    #[test]
    fn two_long_keys_of_a_pager_stay_two() {
        let key = |end: &str| pager_key(&format!("{}{end}", "k".repeat(300)));
        assert_ne!(key("a"), key("b"));
        assert_eq!(key("a"), key("a"));
        assert_eq!(pager_key("calder/customer/1"), "calder/customer/1");
    }
}
