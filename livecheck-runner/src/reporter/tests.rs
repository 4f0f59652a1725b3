//! What a run looks like: snapshots of everything that the terminal shows.

mod executions;
mod fixtures;
mod runs;
