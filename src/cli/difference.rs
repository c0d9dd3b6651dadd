//! Rows that differ from what a test expects, as a table that a person can read.

use super::ui::table;
use crate::primitives::unit_test::Difference;
use crate::primitives::unit_test::DifferingRow;

/// A value is cut to so many columns of the terminal.
const WIDEST: usize = 40;

/// So many characters of what long values begin with alike stay in front of where they differ.
const BEFORE: usize = 8;

/// How many rows are missing and how many are not expected.
pub(crate) fn summary(difference: &Difference) -> String {
    let count = |number: u64, what: &str, sign: char| {
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {what} row{plural} ({sign})"))
    };
    let parts = [count(difference.missing, "missing", '-'), count(difference.unexpected, "unexpected", '+')];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The table: `-` before what is missing, `+` before what is not expected.
pub(crate) fn lines(difference: &Difference) -> Vec<String> {
    let width = difference.columns.len();
    let columns: Vec<Vec<String>> = (0..width).map(|at| cells(&difference.rows, at)).collect();
    let mut head: Vec<&str> = vec![" "];
    head.extend(difference.columns.iter().map(String::as_str));
    head.push("");
    let rows: Vec<Vec<String>> = difference
        .rows
        .iter()
        .enumerate()
        .map(|(number, row)| {
            let mut cells = vec![if row.expected > row.actual { "-" } else { "+" }.to_owned()];
            cells.extend(columns.iter().filter_map(|column| column.get(number).cloned()));
            cells.push(times(row));
            cells
        })
        .collect();
    let mut lines = table(&head, &rows);
    if difference.more > 0 {
        let plural = if difference.more == 1 { "" } else { "s" };
        lines.push(format!("… and {} more row{plural} of them", difference.more));
    }
    lines
}

/// How often a row is there, where that is not once or never.
fn times(row: &DifferingRow) -> String {
    match (row.expected, row.actual) {
        (0, 1) | (1, 0) => String::new(),
        (expected, actual) => format!("expected {expected}, got {actual}"),
    }
}

/// The values of a column, cut where they are long, around where the long ones begin to differ.
fn cells(rows: &[DifferingRow], at: usize) -> Vec<String> {
    let value = |row: &DifferingRow| row.values.get(at).cloned().flatten();
    let cells: Vec<String> = rows.iter().map(|row| shown(value(row).as_deref())).collect();
    let is_long = |cell: &&String| console::measure_text_width(cell) > WIDEST;
    let mut long = cells.iter().filter(is_long);
    let first: Vec<char> = long.next().map(|cell| cell.chars().collect()).unwrap_or_default();
    let alike = |length: usize, cell: &String| {
        cell.chars().zip(&first).take(length).take_while(|(a, b)| a == *b).count()
    };
    let alike = if cells.iter().filter(is_long).count() > 1 { long.fold(first.len(), alike) } else { 0 };
    let skipped = if alike > WIDEST / 2 { alike.saturating_sub(BEFORE) } else { 0 };
    let cut = |cell: &String| {
        if !is_long(&cell) {
            return cell.clone();
        }
        let rest: String = cell.chars().skip(skipped).collect();
        let dots = if skipped > 0 { "…" } else { "" };
        console::truncate_str(&format!("{dots}{rest}"), WIDEST, "…").into_owned()
    };
    cells.iter().map(cut).collect()
}

/// A value as it is, or in quotes where something of it could not be seen.
fn shown(value: Option<&str>) -> String {
    let Some(text) = value else { return "NULL".to_owned() };
    let hidden = text.is_empty() || text == "NULL" || text.trim() != text || text.contains(char::is_control);
    if hidden { format!("{text:?}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    fn row(values: &[&str], expected: u64, actual: u64) -> DifferingRow {
        let value = |text: &&str| (*text != "-").then(|| (*text).to_owned());
        DifferingRow { values: values.iter().map(value).collect(), expected, actual }
    }

    #[track_caller]
    fn check(columns: &[&str], rows: Vec<DifferingRow>, more: u64, expect: Expect) {
        let missing = rows.iter().map(|row| row.expected.saturating_sub(row.actual)).sum();
        let unexpected = rows.iter().map(|row| row.actual.saturating_sub(row.expected)).sum();
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let difference = Difference { columns, rows, missing, unexpected, more };
        expect.assert_eq(&format!("{}\n{}\n", summary(&difference), lines(&difference).join("\n")));
    }

    #[test]
    fn what_is_missing_and_what_is_not_expected() {
        check(
            &["item", "total"],
            vec![row(&["apple", "3"], 1, 0), row(&["apple", "4"], 0, 1), row(&["pear", "-"], 0, 1)],
            0,
            expect![[r#"
                1 missing row (-), 2 unexpected rows (+)
                   item   total
                -  apple  3
                +  apple  4
                +  pear   NULL
            "#]],
        );
    }

    #[test]
    fn duplicates_are_counted() {
        check(
            &["x"],
            vec![row(&["1"], 2, 1), row(&["2"], 0, 3), row(&["3"], 1, 0)],
            7,
            expect![[r#"
            2 missing rows (-), 3 unexpected rows (+)
               x
            -  1  expected 2, got 1
            +  2  expected 0, got 3
            -  3
            … and 7 more rows of them
        "#]],
        );
    }

    #[test]
    fn what_could_not_be_seen_is_quoted() {
        check(
            &["text"],
            [" a", "", "NULL", "-", "a\nb", "\u{1b}[31mred", "say \"x\"", "日本"]
                .map(|v| row(&[v], 1, 0))
                .into(),
            1,
            expect![[r#"
                8 missing rows (-)
                   text
                -  " a"
                -  ""
                -  "NULL"
                -  NULL
                -  "a\nb"
                -  "\u{1b}[31mred"
                -  say "x"
                -  日本
                … and 1 more row of them
            "#]],
        );
    }

    #[test]
    fn long_values_are_cut_where_they_differ() {
        let long = |end: &str| format!("{}{end}{}", "x".repeat(60), "y".repeat(60));
        check(
            &["a", "b"],
            vec![row(&[&long("one"), &"z".repeat(70)], 1, 0), row(&[&long("two"), "short"], 0, 1)],
            0,
            expect![[r#"
                1 missing row (-), 1 unexpected row (+)
                   a                                         b
                -  …xxxxxxxxoneyyyyyyyyyyyyyyyyyyyyyyyyyyy…  zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…
                +  …xxxxxxxxtwoyyyyyyyyyyyyyyyyyyyyyyyyyyy…  short
            "#]],
        );
    }
}
