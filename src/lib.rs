//! Gleaner: curation of machine-generated (multi-modal) instruction samples on the host that makes them.
//!
//! Floors, lowest first; a module imports only from floors below its own (`tests/journeys/architecture.rs` checks it).

pub mod digest;
pub mod fault;
pub mod scale;
pub mod signature;
pub mod time;
pub mod units;

pub mod model;
pub mod sample;
pub mod service;
pub mod shutdown;
pub mod source;
pub mod telemetry;
pub mod verdict;
pub mod watch;

pub mod check;
pub mod intake;
pub mod parse;
pub mod policy;
pub mod score;
pub mod store;

pub mod audit;
pub mod evaluate;
pub mod export;
pub mod judge;
pub mod probe;

pub mod config;

pub mod pipeline;

pub mod cli;
