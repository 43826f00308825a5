//! Plain tables, sizes and durations for the terminal. The module is pure: text in, text out.

use std::time::Duration;

/// Returns `rows` as a table. The first row is the heading; the first column is left-aligned, the
/// others are right-aligned.
pub(crate) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(widths[column].saturating_sub(width(cell)));
            if column == 0 {
                line.push_str(cell);
                line.push_str(&padding);
            } else {
                line.push_str("  ");
                line.push_str(&padding);
                line.push_str(cell);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Formats a number of bytes: `1536` becomes `1.5 KiB`. Below 1 KiB it is given in whole bytes.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Tenths of a KiB, rounded to the nearest, in whole numbers: one digit needs no float.
    let tenths = (bytes * 10 + 512) / 1024;
    format!("{}.{} KiB", tenths / 10, tenths % 10)
}

/// Formats a duration: `75.4 s` becomes `1 min 15 s`. Below one minute it is given in tenths of a
/// second.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn aligns_first_column_left_and_others_right() {
        let text = render(&[
            row(&["file", "raw"]),
            row(&["a.wasm", "1 B"]),
            row(&["é", "10 B"]),
        ]);
        assert_eq!(text, "  file     raw\n  a.wasm   1 B\n  é       10 B\n");
    }

    #[test]
    fn short_rows_and_empty_cells_leave_no_trailing_blanks() {
        let text = render(&[
            row(&["step", "time", "why"]),
            row(&["fmt", "1 s", ""]),
            row(&["x"]),
        ]);
        assert_eq!(text, "  step  time  why\n  fmt    1 s\n  x\n");
        assert_eq!(render(&[]), "");
    }

    #[test]
    fn sizes_round_to_one_tenth() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(1024 + 51), "1.0 KiB");
        assert_eq!(size(1024 + 52), "1.1 KiB");
        assert_eq!(size(400 * 1024), "400.0 KiB");
    }

    #[test]
    fn durations_change_unit_at_a_minute() {
        assert_eq!(duration(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(duration(Duration::from_mins(1)), "1 min 00 s");
        assert_eq!(duration(Duration::from_millis(125_900)), "2 min 05 s");
    }
}
