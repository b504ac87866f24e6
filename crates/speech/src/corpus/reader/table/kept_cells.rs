//! What the rows of one utterance say in a column that utterances keep.

use super::rows::Row;

/// The cells of one column that are not empty, with the lines of their rows.
pub(super) struct KeptCells<'r>(Vec<(u64, &'r str)>);

impl<'r> KeptCells<'r> {
    /// Those of the kept column at the place `column`.
    pub fn of(column: usize, rows: &[(u64, &'r Row)]) -> Self {
        let cells = rows
            .iter()
            .filter_map(|(line, row)| Some((*line, row.kept().nth(column)?)));
        Self(cells.filter(|(_, cell)| !cell.is_empty()).collect())
    }

    /// The cells with their lines.
    pub fn with_lines(&self) -> &[(u64, &'r str)] {
        &self.0
    }

    /// The cells as numbers, if all of them are.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let number = |cell: &str| cell.parse().ok().filter(|number: &f64| number.is_finite());
        self.0.iter().map(|(_, cell)| number(cell)).collect()
    }

    /// The first cell and the first that says something else, where the cells are not all numbers.
    pub fn differing_texts(&self) -> Option<[(u64, &'r str); 2]> {
        let first = *self.0.first()?;
        let other = *self.0.iter().find(|(_, cell)| *cell != first.1)?;
        self.numbers().is_none().then_some([first, other])
    }

    /// The most frequent cell, the first in the file of those that are equally frequent; and whether there are several.
    pub fn most_frequent(&self) -> Option<(&'r str, bool)> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for (_, cell) in &self.0 {
            match counts.iter_mut().find(|(known, _)| known == cell) {
                Some((_, count)) => *count += 1,
                None => counts.push((cell, 1)),
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max()?;
        let mut winners = counts.into_iter().filter(|(_, count)| *count == most);
        let (first, _) = winners.next()?;
        Some((first, winners.next().is_some()))
    }
}
