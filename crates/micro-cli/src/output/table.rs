//! Tables: columns are filled up with tabs, eight wide, so that both people and `cut -f` get on with them.

const TAB: usize = 8;

/// Rows as text, with a line break after each.
pub fn table(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max().unwrap_or(0);
    // A cell ends with a tab even when it is full: the next stop is where the column ends.
    let widths: Vec<usize> = (0..count).map(|column| (width(column) / TAB + 1) * TAB).collect();
    rows.iter().map(|row| line(row, &widths) + "\n").collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (number, (cell, width)) in row.iter().zip(widths).enumerate() {
        text.push_str(cell);
        if number + 1 < row.len() {
            text.extend(std::iter::repeat_n('\t', (width - length(cell)).div_ceil(TAB)));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn length(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["NAME", "STATUS", "X"], ["helloworld", "running", "a"], ["x", "", "b"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        assert_eq!(table(&rows), "NAME\t\tSTATUS\tX\nhelloworld\trunning\ta\nx\t\t\tb\n");
        assert_eq!(table(&[]), "");
    }
}
