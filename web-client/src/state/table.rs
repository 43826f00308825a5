//! The order and the choice of a table's rows.
//!
//! Pure: the component shows them.

use std::cmp::Ordering;

use client::sorting;
use shared::chat::lowercase;

/// The value of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A text, which is compared without regard to case.
    Text(String),
    /// A number, and how it is shown.
    Number(u64, String),
    /// Nothing is known. In either direction it comes last.
    Unknown,
}

impl Cell {
    /// Returns the text that is shown.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
            Self::Unknown => "–",
        }
    }

    fn cmp(&self, other: &Self, descending: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Unknown, Self::Unknown) => return Ordering::Equal,
            (Self::Unknown, _) => return Ordering::Greater,
            (_, Self::Unknown) => return Ordering::Less,
            (Self::Number(one, _), Self::Number(other, _)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => lowercase(one).cmp(&lowercase(other)),
            // A column has cells of one kind.
            (Self::Number(..), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(..)) => Ordering::Greater,
        };
        if descending { order.reverse() } else { order }
    }
}

/// The column by which rows are ordered, and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The index of the column.
    pub column: usize,
    /// The largest value comes first.
    pub descending: bool,
}

impl Order {
    /// Returns the order after the header of `column` was pressed. Numbers begin with the largest,
    /// which is the one that is looked for.
    #[must_use]
    pub fn press(self, column: usize, numeric: bool) -> Self {
        let descending = if self.column == column {
            !self.descending
        } else {
            numeric
        };
        Self { column, descending }
    }

    /// Returns the indices of the rows in which every word of `find` occurs, in this order. Rows that
    /// are alike stay in the server's order.
    pub fn choose<'a>(self, rows: impl Iterator<Item = &'a [Cell]> + 'a, find: &str) -> Vec<usize> {
        let find = lowercase(find);
        let words: Vec<_> = find.split_whitespace().collect();
        let fits = |cells: &[Cell]| {
            words.is_empty() || {
                let lower: Vec<_> = cells.iter().map(|it| lowercase(it.shown())).collect();
                let in_row = |word: &&str| lower.iter().any(|cell| cell.contains(*word));
                words.iter().all(in_row)
            }
        };
        let mut chosen: Vec<(usize, &[Cell])> =
            rows.enumerate().filter(|(_, cells)| fits(cells)).collect();
        let value = |cells: &'a [Cell]| cells.get(self.column).unwrap_or(&Cell::Unknown);
        sorting::sort_by(&mut chosen, |(_, one), (_, other)| {
            value(one).cmp(value(other), self.descending)
        });
        chosen.into_iter().map(|(index, _)| index).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<Cell>> {
        let row = |name: &str, bytes: u64| {
            vec![
                Cell::Text(name.into()),
                Cell::Number(bytes, format!("{bytes} bytes")),
            ]
        };
        vec![
            row("bob", 10),
            row("Ada", 9),
            vec![Cell::Unknown, Cell::Unknown],
            row("eve", 100),
            row("ada", 10),
        ]
    }

    fn chosen(column: usize, descending: bool, find: &str) -> Vec<usize> {
        let rows = rows();
        let order = Order { column, descending };
        order.choose(rows.iter().map(Vec::as_slice), find)
    }

    #[test]
    fn texts_are_ordered_without_case_and_numbers_by_value() {
        assert_eq!(chosen(0, false, ""), [1, 4, 0, 3, 2]);
        assert_eq!(chosen(0, true, ""), [3, 0, 1, 4, 2], "unknown stays last");
        assert_eq!(chosen(1, false, ""), [1, 0, 4, 3, 2]);
        assert_eq!(chosen(1, true, ""), [3, 0, 4, 1, 2]);
        assert_eq!(chosen(7, false, ""), [0, 1, 2, 3, 4], "no such column");
    }

    #[test]
    fn every_word_must_be_in_the_row() {
        assert_eq!(chosen(0, false, " ADA "), [1, 4]);
        assert_eq!(chosen(0, false, "10 ada"), [4]);
        assert_eq!(chosen(0, false, "nobody"), [0; 0]);
    }

    #[test]
    fn a_second_press_turns_the_order_around() {
        let order = Order {
            column: 0,
            descending: false,
        };
        assert!(order.press(0, false).descending);
        assert!(order.press(1, true).descending);
        assert!(!order.press(1, true).press(1, true).descending);
        assert!(!order.press(2, false).descending);
    }
}
