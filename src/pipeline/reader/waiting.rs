//! Pending samples: let in again when their images are there or their time is over.

use std::path::Path;
use std::sync::Arc;

use super::{Halt, Reader};
use crate::pipeline::work::{Home, Origin, Raw, Target};
use crate::probe;
use crate::source::OccurrenceRow;
use crate::store::Waiting;
use crate::time;

/// Pending samples that are read at a time.
const PAGE: usize = 256;

impl Reader {
    /// Looks through all pending samples, in the order of their arrival.
    pub(super) fn release_waiting(&mut self) -> Result<(), Halt> {
        let mut after = OccurrenceRow(0);
        loop {
            let page = self.lookup.waiting(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row;
            let full = page.len() == PAGE;
            for waiting in page {
                if !self.feed.is_released(waiting.row) && self.may_go(&waiting) {
                    self.release(waiting)?;
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    fn may_go(&self, waiting: &Waiting) -> bool {
        time::now() >= waiting.wait_until
            || probe::all_there(&waiting.images, folder_of(&waiting.path), &self.feed.kit.images)
    }

    fn release(&mut self, waiting: Waiting) -> Result<(), Halt> {
        let held = self.lookup.held(waiting.row)?;
        let pictures: usize = held.images.iter().map(String::len).sum();
        let others = held.extra.as_ref().map_or(0, String::len);
        let home = Home {
            id: waiting.source,
            folder: folder_of(&waiting.path).to_owned(),
            name: waiting.name,
            previous: None,
        };
        let origin = Origin {
            home: Arc::new(home),
            id: waiting.id,
            ordinal: waiting.ordinal,
            span: waiting.span,
            seen_at: waiting.seen_at,
            wait_until: waiting.wait_until,
            weight: (held.conversations.len() + pictures + others) as u64,
            target: Target::Pending(waiting.row),
        };
        self.feed.record(origin, Raw::Held(Box::new(held)))?;
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
