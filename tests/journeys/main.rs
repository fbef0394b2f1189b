//! Journeys through the public surface: the real binary, real models, real SQLite, real files.

mod architecture;
mod backfill;
mod crash;
mod daemon;
mod duplicates;
mod memory;
mod model;
mod models;
mod odd_files;
mod pages;
mod probes;
mod real_data;
mod rewriting;
mod support;
mod training;
mod wrong_use;
