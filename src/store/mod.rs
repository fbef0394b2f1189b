//! The store: every source, occurrence and decision in one SQLite database. The only importer of `rusqlite`.
//!
//! One writer at a time, held by a lock; any number of readers. What is committed together was decided
//! together: rows and the offset of their source move in one transaction.

mod audit;
mod batch;
mod browse;
mod columns;
mod connection;
mod earlier;
mod explain;
mod history;
mod kept;
mod lock;
mod lookup;
mod pending;
mod record;
mod settings;
mod statistics;
mod writer;

use std::io;
use std::path::PathBuf;

pub use audit::{Counted, Regime, StoredDecision};
pub use browse::{Cell, Filter, Rows};
pub use explain::{Explained, ModelShown, PolicyShown, Scores};
pub use history::{Grouping, HistoryOf};
pub use kept::{Kept, KeptFilter};
pub use lock::{WriterLock, holder};
pub use lookup::Lookup;
pub use pending::{Held, Waiting};
pub use record::{Content, Gated, ModelRow, Record};
pub use settings::{StoreSettings, Synchronous, TextKept};
pub use statistics::{Counts, Distribution, Overview, StateCount};
pub use writer::Writer;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database yet.
    #[error("there is no database at `{path}`; `gleaner run` or `gleaner backfill` makes one")]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be reached.
    #[error(
        "cannot reach database `{path}`: {source}; members of the group that owns its folder may query it"
    )]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It cannot be opened.
    #[error("cannot open database `{path}`: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// It is a file of another kind.
    #[error("`{path}` is not a Gleaner database; name another file in [store] path")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer Gleaner.
    #[error(
        "database `{path}` has schema {found}, this Gleaner knows schemas up to {known}; install a newer Gleaner"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that is known.
        known: i64,
    },
    /// Another process writes to it.
    #[error("database `{path}` is in use by another gleaner ({holder}); stop it first")]
    Locked {
        /// The database.
        path: PathBuf,
        /// What the lock file says of its holder.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error(
        "cannot lock database `{path}`: {source}; its folder must exist and be writable, see [store] path"
    )]
    Lock {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The disk or the quota is full.
    #[error("no space left for database `{path}`; free some space, everything committed is safe")]
    Full {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error(
        "database `{path}` is damaged: {source}; restore a copy, or recover it with `sqlite3 FILE .recover`"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("database `{path}`: cannot {action}: {source}")]
    Statement {
        /// The database.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// Something stored makes no sense.
    #[error("database `{path}` holds something that no Gleaner wrote: {what}")]
    Nonsense {
        /// The database.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A query of a user is not valid.
    #[error("the query failed: {0}; the views are kept, decisions, sources and daily")]
    Query(rusqlite::Error),
    /// A query of a user would change something.
    #[error("the query is refused: only statements that read are allowed")]
    NotReading,
    /// No occurrence has the id.
    #[error("no occurrence has an id that begins with `{0}`, and no sample has it as its own id")]
    Unknown(String),
    /// Several occurrences have the id.
    #[error("`{prefix}` fits {count} occurrences; give more of the id, for example `{example}`")]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// How many fit.
        count: u64,
        /// The id of one of them.
        example: String,
    },
}
