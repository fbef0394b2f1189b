//! The four forms of output: a table for people; JSON, JSONL and CSV for programs.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::table::Table;
use crate::store::Cell;

/// `--format` and `--json`.
#[derive(clap::Args, Debug, Clone)]
pub(super) struct Style {
    /// Form of the output
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl Style {
    /// Returns what was asked for.
    pub(super) fn chosen(&self) -> Option<Format> {
        if self.json { Some(Format::Json) } else { self.format }
    }
}

/// A form of output.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Aligned columns
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values (RFC 4180)
    Csv,
}

/// Prints in the form that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    format: Format,
}

impl Printer {
    /// Makes a printer.
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Returns the form.
    pub(super) fn format(self) -> Format {
        self.format
    }

    /// Tells whether people read the output.
    pub(super) fn is_table(self) -> bool {
        self.format == Format::Table
    }

    /// Prints a text for people.
    pub(super) fn text(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Prints one value as JSON: in one line for JSONL, over several lines else.
    pub(super) fn value(self, value: &impl Serialize) -> io::Result<()> {
        let text = if self.format == Format::Jsonl {
            serde_json::to_string(value)
        } else {
            serde_json::to_string_pretty(value)
        };
        self.text(&format!("{}\n", text.map_err(io::Error::other)?))
    }

    /// Prints rows under columns.
    pub(super) fn rows(self, columns: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
        let mut stream = RowStream::new(self);
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        stream.header(columns)?;
        for row in rows {
            stream.row(row.clone())?;
        }
        stream.finish()
    }
}

/// Prints rows as they come; a table is held back until its widths are known.
pub(super) struct RowStream {
    format: Format,
    out: io::BufWriter<io::Stdout>,
    columns: Vec<String>,
    table: Vec<Vec<Cell>>,
    count: u64,
}

/// Rows of a table that are laid out together, under a header of their own.
const MEASURED: usize = 1000;

impl RowStream {
    /// Makes a stream to standard output.
    pub(super) fn new(printer: Printer) -> Self {
        let out = io::BufWriter::new(io::stdout());
        Self { format: printer.format, out, columns: Vec::new(), table: Vec::new(), count: 0 }
    }

    /// Takes the names of the columns.
    pub(super) fn header(&mut self, columns: Vec<String>) -> io::Result<()> {
        if self.format == Format::Csv {
            let line = csv_line(columns.iter().map(String::as_str))?;
            self.out.write_all(&line)?;
        }
        self.columns = columns;
        Ok(())
    }

    /// Takes a row.
    pub(super) fn row(&mut self, cells: Vec<Cell>) -> io::Result<()> {
        match self.format {
            Format::Table => {
                self.table.push(cells);
                if self.table.len() == MEASURED {
                    self.flush_table()?;
                }
            }
            Format::Json => {
                let before = if self.count == 0 { "[\n" } else { ",\n" };
                write!(self.out, "{before}{}", object(&self.columns, &cells)?)?;
            }
            Format::Jsonl => writeln!(self.out, "{}", object(&self.columns, &cells)?)?,
            Format::Csv => {
                let texts: Vec<String> = cells.iter().map(plain).collect();
                let line = csv_line(texts.iter().map(String::as_str))?;
                self.out.write_all(&line)?;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Ends the output; returns nothing more to print.
    pub(super) fn finish(mut self) -> io::Result<()> {
        match self.format {
            Format::Table => self.flush_table()?,
            Format::Json => self.out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?,
            Format::Jsonl | Format::Csv => {}
        }
        self.out.flush()
    }

    fn flush_table(&mut self) -> io::Result<()> {
        let width =
            io::stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1));
        let mut table = Table::new(&self.columns);
        for cells in self.table.drain(..) {
            let numeric =
                cells.iter().map(|cell| matches!(cell, Cell::Integer(_) | Cell::Real(_))).collect();
            table.row(cells.iter().map(shown).collect(), numeric);
        }
        self.out.write_all(table.text(width).as_bytes())
    }
}

fn object(columns: &[String], cells: &[Cell]) -> io::Result<String> {
    let mut object = Map::new();
    for (column, cell) in columns.iter().zip(cells) {
        object.insert(column.clone(), serde_json::to_value(cell).unwrap_or(Json::Null));
    }
    serde_json::to_string(&object).map_err(io::Error::other)
}

fn csv_line<'a>(fields: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(fields).map_err(io::Error::other)?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// As `plain`, but on one line, and numbers with four decimals.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Real(number) if number.fract() == 0.0 && number.abs() >= 10.0 => format!("{number}"),
        Cell::Real(number) => format!("{number:.4}"),
        Cell::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => plain(other),
    }
}
