//! Printing: JSON lines for scripts, columns for people. A reader that goes away early is no error.

use std::io::Write;

/// Prints one JSON object on a line.
pub(super) fn json(value: &serde_json::Value) -> anyhow::Result<()> {
    line(&value.to_string())
}

/// Prints a line; control characters of foreign data are shown as `·`, so that nobody's mail drives a terminal.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let clean: String = text.chars().map(|c| if c.is_control() && c != '\t' { '·' } else { c }).collect();
    match writeln!(std::io::stdout().lock(), "{clean}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => Ok(done?),
    }
}

/// Prints rows as columns, each as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(head.get(at).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let show = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        line(padded.join("  ").trim_end())
    };
    show(&head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>())?;
    rows.iter().try_for_each(|row| show(row))
}
