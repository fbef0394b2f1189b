//! What came earlier and is not to come again: contents, near texts, images.

use rusqlite::{OptionalExtension, params};

use super::StoreError;
use super::lookup::Lookup;
use crate::digest::Digest;
use crate::signature::Signature;

impl Lookup {
    /// Finds the occurrence with this content that reached a gate.
    ///
    /// # Errors
    /// The database fails.
    pub fn gated(&self, digest: &Digest) -> Result<Option<Digest>, StoreError> {
        let id: Option<String> = self.database.run("look a duplicate up", |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM occurrence WHERE digest = ?1 AND seq IS NOT NULL LIMIT 1",
                )?
                .query_row([digest.to_string()], |row| row.get(0))
                .optional()
        })?;
        id.map(|id| self.digest(&id)).transpose()
    }

    /// Calls `take` with the id and the signature of the last `window` samples that reached a gate, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn signatures(
        &self,
        window: usize,
        mut take: impl FnMut(Digest, &Signature),
    ) -> Result<(), StoreError> {
        let action = "read the signatures";
        // The first `seq` of the window is found by walking the index backwards.
        let first: i64 = self.database.run(action, |connection| {
            connection.query_row(
                "SELECT coalesce(min(seq), 0) FROM
                     (SELECT seq FROM occurrence WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT ?1)",
                params![i64::try_from(window).unwrap_or(i64::MAX)],
                |row| row.get(0),
            )
        })?;
        let connection = &self.database.connection;
        let failed = |error| self.database.failed(action, error);
        let mut statement = connection
            .prepare(
                "SELECT o.id, s.bytes FROM occurrence o JOIN signature s ON s.row = o.row
                 WHERE o.seq >= ?1 ORDER BY o.seq",
            )
            .map_err(failed)?;
        let mut rows = statement.query([first]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let id: String = row.get(0).map_err(failed)?;
            let bytes = row.get_ref(1).map_err(failed)?;
            let signature = bytes.as_blob().ok().and_then(Signature::from_bytes);
            let wrong = || self.database.nonsense(format!("the signature of `{id}`"));
            take(self.digest(&id)?, &signature.ok_or_else(wrong)?);
        }
        Ok(())
    }

    /// Returns how many samples of an image, by its reference, reached a gate.
    ///
    /// # Errors
    /// The database fails.
    pub fn samples_of_image(&self, name: &str) -> Result<u64, StoreError> {
        let count: Option<u64> = self.database.run("look an image up", |connection| {
            connection
                .prepare_cached("SELECT count FROM image WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })?;
        Ok(count.unwrap_or(0))
    }

    fn digest(&self, id: &str) -> Result<Digest, StoreError> {
        id.parse().map_err(|_| self.database.nonsense(format!("the id `{id}`")))
    }
}
