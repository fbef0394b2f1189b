//! Gleaner: curation of machine-generated (multi-modal) instruction samples on the host that makes them.
//!
//! Floors, lowest first; a module imports only from floors below its own (`tests/architecture.rs` checks it).

pub mod digest;
pub mod scale;
pub mod time;
pub mod units;

pub mod model;
pub mod sample;
pub mod source;
pub mod verdict;

pub mod check;
pub mod intake;
pub mod parse;
pub mod policy;
pub mod score;
pub mod store;

pub mod probe;
