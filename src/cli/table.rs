//! Aligned columns that fit the width of a terminal.

/// Narrowest width to which a text column is cut.
const MIN_WIDTH: usize = 8;

/// A table that is laid out when it is complete.
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// Makes a table with these columns.
    pub(super) fn new(columns: &[String]) -> Self {
        Self { header: columns.to_vec(), rows: Vec::new(), right: vec![false; columns.len()] }
    }

    /// Adds a row; `numeric` says which cells are numbers, which stand to the right.
    pub(super) fn row(&mut self, cells: Vec<String>, numeric: Vec<bool>) {
        self.right.iter_mut().zip(numeric).for_each(|(right, numeric)| *right |= numeric);
        self.rows.push(cells);
    }

    /// Lays the table out; with a width, long texts are cut so that rows fit.
    pub(super) fn text(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let mut text = self.line(&self.header, &widths);
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
        }
        text
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let measure = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| console::measure_text_width(cell)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.header.len())
            .map(|column| measure(column).max(console::measure_text_width(&self.header[column])))
            .collect();
        let Some(available) = width else { return widths };
        let total =
            |widths: &[usize]| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        while total(&widths) > available {
            let widest = (0..widths.len())
                .filter(|&column| !self.right[column])
                .max_by_key(|&column| widths[column]);
            match widest.filter(|&column| widths[column] > MIN_WIDTH) {
                Some(column) => widths[column] -= 1,
                None => break,
            }
        }
        widths
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cut = console::truncate_str(cell, *width, "…");
            let alignment = if self.right[column] {
                console::Alignment::Right
            } else {
                console::Alignment::Left
            };
            if column > 0 {
                line.push_str("  ");
            }
            line.push_str(&console::pad_str(&cut, *width, alignment, None));
        }
        let mut line = line.trim_end().to_owned();
        line.push('\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_fit() {
        let mut table = Table::new(&["name".into(), "n".into()]);
        table.row(vec!["a long name that is cut".into(), "5".into()], vec![false, true]);
        table.row(vec!["short".into(), "500".into()], vec![false, true]);
        assert_eq!(
            table.text(None),
            "name                       n\na long name that is cut    5\nshort                    500\n"
        );
        assert_eq!(table.text(Some(15)), "name          n\na long na…    5\nshort       500\n");
    }
}
