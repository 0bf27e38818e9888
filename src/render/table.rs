//! Plain tables for `get`: columns of text without boxes.

use comfy_table::{ContentArrangement, presets};

use super::text;

/// Headers and rows; every cell is escaped when the table is rendered.
#[derive(Debug, Clone)]
pub struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<S: Into<String>>(headers: impl IntoIterator<Item = S>) -> Self {
        Self { headers: headers.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row, which should have as many cells as there are headers.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) -> &mut Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table in lines. Cells are broken to fit the width if there is one: only a terminal has one.
    pub fn render(&self, width: Option<usize>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(match width {
            Some(_) => ContentArrangement::Dynamic,
            None => ContentArrangement::Disabled,
        });
        if let Some(width) = width {
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        table.set_header(self.headers.iter().map(|header| text::terminal(header)));
        table.add_rows(self.rows.iter().map(|row| row.iter().map(|cell| text::terminal(cell))));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let mut rendered = String::new();
        for line in table.lines() {
            // Breaking a cell may have put at the start of a line what was harmless within it.
            rendered.push_str(&text::terminal(line.trim_end()));
            rendered.push('\n');
        }
        rendered
    }

    /// The table as CSV with a line of headers, safe to open in a spreadsheet.
    pub fn csv(&self) -> String {
        let mut rendered = String::new();
        for record in std::iter::once(&self.headers).chain(&self.rows) {
            let fields: Vec<_> = record.iter().map(|field| text::csv(field)).collect();
            rendered.push_str(&fields.join(","));
            rendered.push_str("\r\n");
        }
        rendered
    }
}
