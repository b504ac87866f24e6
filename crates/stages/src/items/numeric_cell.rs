//! Cells of a column of numbers, as tables have them.

/// What pandas and R write where a value is missing, and what people do.
const MISSING: [&str; 7] = ["nan", "na", "n/a", "<na>", "null", "none", "-"];

/// The number in a cell; none where it says that there is none.
///
/// # Errors
/// The cell without the blanks around it, where it is something else.
pub fn numeric_cell(cell: &str) -> Result<Option<f64>, &str> {
    let cell = cell.trim();
    if cell.is_empty() || MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    // Half of Europe writes a comma; targets have no thousands.
    let number = match cell.split_once(',') {
        Some((whole, decimals)) if !decimals.contains([',', '.']) => {
            format!("{whole}.{decimals}").parse::<f64>()
        }
        _ => cell.parse(),
    };
    match number {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_missing_ones_and_text_are_reported_apart() {
        for (cell, number) in [("2.5", 2.5), (" 2,5 ", 2.5), ("-1e2", -100.0)] {
            assert_eq!(numeric_cell(cell), Ok(Some(number)));
        }
        for cell in ["", " ", "NaN", "n/a", "NA", "<NA>", "null", "None", "-"] {
            assert_eq!(numeric_cell(cell), Ok(None), "{cell}");
        }
        for cell in ["fifteen", "1,000.5", "1,2,3", "inf"] {
            assert_eq!(numeric_cell(cell), Err(cell));
        }
    }
}
