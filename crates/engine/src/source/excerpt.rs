//! What a diagnostic shows of a text: whole lines, and of long lines what is near the place.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Lines with more bytes are cut.
const LONGEST_LINE_BYTES: usize = 400;
/// What stays of a long line on each side of the place.
const NEAR_BYTES: usize = 60;
/// Places over more lines are underlined in their first line only.
const MOST_LINES: usize = 12;

/// The contents that miette renders: the lines of `span` and `context` lines before and after them.
///
/// Where a line of `span` is long, only the bytes near `span` are shown; long neighbours are left out.
pub fn around<'a>(
    name: &str,
    text: &'a str,
    span: &SourceSpan,
    context: [usize; 2],
) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
    let [before, after] = context;
    let whole = text.read_span(span, before, after)?;
    let (shown, line, column) = match context != [0, 0] && has_long_line(whole.data()) {
        true => {
            let range = cut(text, span, context);
            let start = line_start(text, range.start);
            let line = text[..start].matches('\n').count();
            (range.clone(), line, range.start - start)
        }
        false => {
            let start = whole.span().offset();
            (
                start..start + whole.span().len(),
                whole.line(),
                whole.column(),
            )
        }
    };
    Ok(Box::new(MietteSpanContents::new_named(
        name.into(),
        &text.as_bytes()[shown.clone()],
        (shown.start, shown.len()).into(),
        line,
        column,
        whole.line_count(),
    )))
}

/// `range`, or the start of its first line where it is long.
pub fn start_of(text: &str, range: &Range<usize>) -> Range<usize> {
    let place = text.get(range.clone()).unwrap_or_default();
    let is_long = has_long_line(place.as_bytes()) || place.lines().nth(MOST_LINES).is_some();
    if !is_long {
        return range.clone();
    }
    let first = place.lines().next().unwrap_or_default();
    let end = boundary_before(first, NEAR_BYTES);
    range.start..range.start + end
}

fn has_long_line(bytes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.len() > LONGEST_LINE_BYTES)
}

fn cut(text: &str, span: &SourceSpan, context: [usize; 2]) -> Range<usize> {
    let (start, end) = (span.offset(), span.offset() + span.len());
    let span = boundary_before(text, start)..boundary_after(text, end);
    let (mut start, mut end) = (line_start(text, span.start), line_end(text, span.end));
    if has_long_line(&text.as_bytes()[start..end]) {
        start = start.max(boundary_after(text, span.start.saturating_sub(NEAR_BYTES)));
        end = end.min(boundary_before(text, span.end + NEAR_BYTES));
        return start..end;
    }
    for _ in 0..context[0] {
        let earlier = line_start(text, start.saturating_sub(1));
        if start == 0 || start - earlier > LONGEST_LINE_BYTES {
            break;
        }
        start = earlier;
    }
    for _ in 0..context[1] {
        let later = line_end(text, (end + 1).min(text.len()));
        if later - end > LONGEST_LINE_BYTES {
            break;
        }
        end = later;
    }
    start..end
}

/// The last boundary between characters at or before `at`.
fn boundary_before(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first boundary between characters at or after `at`, or the end.
fn boundary_after(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, range: Range<usize>) -> (&str, usize, usize) {
        let span = (range.start, range.len()).into();
        let contents = around("test.toml", text, &span, [1, 1]).unwrap();
        let start = contents.span().offset();
        let end = start + contents.span().len();
        (&text[start..end], contents.line(), contents.column())
    }

    #[test]
    fn of_a_long_line_what_is_near_the_place_is_shown() {
        let numbers: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let text = format!("[matrix]\nseed = [{}]\nbins = [1]\n", numbers.join(", "));
        let at = text.find("5000").unwrap();
        let (excerpt, line, column) = shown(&text, at..at + 4);
        assert!(excerpt.contains("4999, 5000, 5001"), "{excerpt}");
        assert_eq!(excerpt.len(), 2 * NEAR_BYTES + 4);
        assert_eq!((line, column), (1, at - NEAR_BYTES - "[matrix]\n".len()));
        // A long neighbour is left out.
        let at = text.find("bins").unwrap();
        assert_eq!(shown(&text, at..at + 4), ("bins = [1]\n", 2, 0));
        assert_eq!(shown(&text, 0..8), ("[matrix]", 0, 0));
    }

    #[test]
    fn characters_are_never_cut() {
        let text = format!("x = \"{}\" y", "ä€".repeat(300));
        let position = text.find('y').unwrap();
        for at in (0..=position).filter(|&at| text.is_char_boundary(at)) {
            let (excerpt, ..) = shown(&text, at..at);
            assert!(excerpt.len() <= 2 * NEAR_BYTES);
        }
        assert!(start_of(&text, &(4..position)).end <= 4 + NEAR_BYTES);
    }

    #[test]
    fn short_texts_are_shown_as_they_are() {
        let text = "one\ntwo\nthree\nfour\n";
        assert_eq!(shown(text, 4..7).0, "one\ntwo\nthree\n");
        assert_eq!(start_of(text, &(0..text.len())), 0..text.len());
    }

    #[test]
    fn of_many_lines_the_first_is_underlined() {
        let text = "seed = [\n1,\n".to_owned() + &"2,\n".repeat(100) + "]";
        assert_eq!(start_of(&text, &(7..text.len())), 7..8);
    }
}
