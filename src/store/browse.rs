//! Questions of users: their own SQL, read-only, or filters over the `decisions` view.

use rusqlite::types::{Value, ValueRef};

use super::StoreError;
use super::lookup::Lookup;
use crate::time::{self, UnixMillis};

/// One value of a result.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text; blobs come as their length in words.
    Text(String),
}

/// Which decisions are asked for; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Verdict.
    pub verdict: Option<String>,
    /// Reason code, or a family of codes such as `text`.
    pub reason: Option<String>,
    /// Source.
    pub source: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Seen at or after.
    pub since: Option<UnixMillis>,
    /// Seen before.
    pub until: Option<UnixMillis>,
    /// Lowest and highest scores: column, comparison, value.
    pub scores: Vec<(&'static str, &'static str, f64)>,
    /// Words that the text must contain.
    pub text: Option<String>,
    /// Most rows.
    pub limit: u64,
    /// Whether people read the answer: short ids and fewer columns.
    pub brief: bool,
}

/// Columns of a filtered answer.
const COLUMNS: &str = "d.id, d.sample_id, d.seq, d.source, d.kind, d.verdict, d.reason, d.question, d.answer, d.style,
    d.seen_at, d.detail";

/// Columns that fit a terminal.
const BRIEF_COLUMNS: &str =
    "substr(d.id, 1, 12) AS id, d.sample_id, d.verdict, d.reason, d.question, d.answer, d.detail";

/// What takes the rows of an answer, one by one.
pub trait Rows {
    /// Takes the names of the columns, once, before the rows. Returns whether to go on.
    fn header(&mut self, columns: Vec<String>) -> bool;
    /// Takes one row. Returns whether to go on.
    fn row(&mut self, cells: Vec<Cell>) -> bool;
}

impl Lookup {
    /// Runs a user's SQL and hands its rows on as they come.
    ///
    /// # Errors
    /// The SQL is not valid, or would change something.
    pub fn query(&self, sql: &str, rows: &mut dyn Rows) -> Result<(), StoreError> {
        self.rows(sql, &[], rows)
    }

    /// Hands on the newest decisions that pass a filter.
    ///
    /// # Errors
    /// The database fails.
    pub fn filtered(&self, filter: &Filter, rows: &mut dyn Rows) -> Result<(), StoreError> {
        let (conditions, values) = filter.conditions();
        let limit = filter.limit;
        let columns = if filter.brief { BRIEF_COLUMNS } else { COLUMNS };
        let sql = format!(
            "SELECT {columns} FROM decisions d JOIN occurrence x ON x.id = d.id WHERE {conditions} ORDER BY x.row DESC LIMIT {limit}"
        );
        self.rows(&sql, &values, rows)
    }

    fn rows(&self, sql: &str, values: &[Value], rows: &mut dyn Rows) -> Result<(), StoreError> {
        let mut statement = self.database.connection.prepare(sql).map_err(StoreError::Query)?;
        if !statement.readonly() {
            return Err(StoreError::NotReading);
        }
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let count = columns.len();
        if !rows.header(columns) {
            return Ok(());
        }
        let mut found =
            statement.query(rusqlite::params_from_iter(values)).map_err(StoreError::Query)?;
        while let Some(row) = found.next().map_err(StoreError::Query)? {
            let cells: Result<Vec<Cell>, rusqlite::Error> =
                (0..count).map(|column| row.get_ref(column).map(cell)).collect();
            if !rows.row(cells.map_err(StoreError::Query)?) {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Text(format!("<{} bytes>", bytes.len())),
    }
}

impl Filter {
    fn conditions(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["true".to_owned()];
        let mut values = Vec::new();
        let mut add = |condition: String, value: Value| {
            conditions.push(condition);
            values.push(value);
        };
        for (column, wanted) in
            [("verdict", &self.verdict), ("source", &self.source), ("kind", &self.kind)]
        {
            if let Some(wanted) = wanted {
                add(format!("d.{column} = ?"), Value::Text(wanted.clone()));
            }
        }
        if let Some(reason) = &self.reason {
            let family = !reason.contains('.');
            let (condition, value) = if family {
                ("d.reason GLOB ?", format!("{reason}.*"))
            } else {
                ("d.reason = ?", reason.clone())
            };
            add(condition.to_owned(), Value::Text(value));
        }
        if let Some(since) = self.since {
            add("d.seen_at >= ?".to_owned(), Value::Text(time::rfc3339(since)));
        }
        if let Some(until) = self.until {
            add("d.seen_at < ?".to_owned(), Value::Text(time::rfc3339(until)));
        }
        for (column, comparison, value) in &self.scores {
            add(format!("d.{column} {comparison} ?"), Value::Real(*value));
        }
        for word in self.text.iter().flat_map(|text| text.split_whitespace()) {
            add(
                "d.id IN (SELECT o.id FROM occurrence o JOIN content c ON c.row = o.row
                     WHERE instr(lower(c.conversations), lower(?)) > 0)"
                    .to_owned(),
                Value::Text(word.to_owned()),
            );
        }
        (conditions.join(" AND "), values)
    }
}
