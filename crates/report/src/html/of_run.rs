//! What a page says of the run alone, such as how long its steps took: marked, so that pages of the same results can be
//! compared.

use super::table::Cell;

/// The class of all elements that say something of the run alone.
pub(super) const CLASS: &str = "of-run";

/// How the elements begin.
const STARTS: [&str; 3] = [
    "td class=\"of-run\"",
    "td class=\"n of-run\"",
    "span class=\"of-run\"",
];
/// A sort key follows so.
const KEY: &str = " data-v=\"";

/// A cell of plain text on the run alone.
pub(super) fn cell(text: impl AsRef<str>) -> Cell {
    Cell::text(text).class(CLASS)
}

/// Plain text within a paragraph on the run alone; `text` has no markup.
pub(super) fn span(text: &str) -> String {
    format!("<span class=\"{CLASS}\">{text}</span>")
}

/// `page` without the text of such elements. Everything else stays, as do elements that the page of a report never has.
pub(crate) fn without_run(page: &str) -> String {
    let mut elements = page.split('<');
    let mut kept = elements.next().unwrap_or_default().to_owned();
    for element in elements {
        kept.push('<');
        kept.push_str(start_of_run(element).unwrap_or(element));
    }
    kept
}

/// How `element`, from its name to the next one, begins where it says something of the run alone.
fn start_of_run(element: &str) -> Option<&'static str> {
    STARTS.into_iter().find(|start| {
        let Some(rest) = element.strip_prefix(start) else {
            return false;
        };
        let number = rest.strip_prefix(KEY).and_then(|key| key.split_once('"'));
        let rest = match number {
            Some((number, rest)) if number.parse::<f64>().is_ok() => rest,
            _ => rest,
        };
        rest.starts_with('>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_elements_of_the_run_say_is_left_out() {
        let page = "a<td class=\"n of-run\" data-v=\"1.5\">1.5 s</td><td class=\"of-run\">AVX2</td>\
                    <span class=\"of-run\">2 s</span> of<td class=\"n\">0.8</td>";
        let kept = "a<td class=\"n of-run\"</td><td class=\"of-run\"</td>\
                    <span class=\"of-run\"</span> of<td class=\"n\">0.8</td>";
        assert_eq!(without_run(page), kept);
        for stays in [
            "<td class=\"of-run\" onclick=\"x\">a",
            "<td class=\"n of-run\" data-v=\"x\">a",
            "<td class=\"of-run\" data-v=\"1\" style=\"x\">a",
            "<th class=\"of-run\">a",
        ] {
            assert_eq!(without_run(stays), stays);
        }
    }
}
