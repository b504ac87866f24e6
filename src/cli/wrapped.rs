//! Text in lines that fit the terminal.

use super::console::console_width;

/// `text` in lines that fit the terminal, each with `indent` blanks before it.
pub fn wrapped(text: &str, indent: usize) -> String {
    let width = console_width().clamp(40, 120);
    let mut lines = vec![" ".repeat(indent)];
    for word in text.split(' ') {
        let length = lines.last().map_or(0, |line| line.chars().count());
        if length > indent && length + 1 + word.chars().count() > width {
            lines.push(" ".repeat(indent));
        }
        if let Some(line) = lines.last_mut() {
            if line.len() > indent {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
