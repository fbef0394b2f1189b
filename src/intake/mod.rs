//! Intake: identity of files, unpacking and framing. It does not know samples, the store or the watcher.

mod decode;
mod frame;
#[cfg(test)]
mod frame_tests;
mod identity;
mod scan;
mod settings;
mod stands;
mod tree;

pub use decode::{Stream, is_incomplete, unpacked};
pub use frame::{Body, Framed, Framer};
pub use identity::{Change, compare, file_id, print_before, print_head, stamp};
pub use settings::{IntakeSettings, OnDone, WatchSettings, default_include};
pub use stands::{damaged_digest, stands, still_stands};
pub use tree::{Selection, files_below};
