//! Figures: panels that wrap, a caption, and a name to save them under.

use super::escape;

/// A figure of some panels; `name` is what its SVG file is called, `caption` is markup.
pub(super) fn figure(name: &str, panels: &str, caption: &str) -> String {
    let name: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    format!(
        "<figure data-name=\"{}\"><div class=\"panels\">{panels}</div><figcaption>{caption}</figcaption></figure>\n",
        escape::text(&name)
    )
}

/// Something that is closed until a reader opens it; `summary` is markup.
pub(super) fn details(summary: &str, body: &str) -> String {
    format!("<details><summary>{summary}</summary><div class=\"fold\">{body}</div></details>\n")
}
