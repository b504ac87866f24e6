//! Text from data made safe for HTML, SVG and scripts.

/// `text` for element content and quoted attributes.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            // Control characters are errors in HTML; `>` in XML.
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

/// JSON for a `<script type="application/json">`: nothing in it can end the element.
pub(super) fn json(value: &serde_json::Value) -> String {
    // Outside of strings JSON has none of these characters, and inside every one may be written as \u.
    let mut escaped = String::new();
    for character in value.to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_data_is_markup() {
        assert_eq!(
            text("</script><b a='1' c=\"2\">&amp;\u{0}\u{1b}"),
            "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;\u{fffd}\u{fffd}"
        );
        assert_eq!(text("naïve – 你好"), "naïve – 你好");
    }

    #[test]
    fn json_cannot_end_its_script_and_reads_back() {
        let value = serde_json::json!({"<b>": "</script><!--\u{2028}&\""});
        let written = json(&value);
        assert!(!written.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&written).expect("JSON"),
            value
        );
    }
}
