//! LiveCheck from end to end, one file for each topic.

#![expect(clippy::unwrap_used, reason = "a test that panics fails, and says where")]

mod alerts;
mod bad_input;
mod before_it_starts;
mod blue_green;
mod bounds;
mod checkpoints;
mod checks;
mod coming_from_faust;
mod context;
mod control;
mod crash;
mod explanations;
mod failures;
mod faults;
mod faust;
mod gate;
mod golden;
mod hand_over;
mod keys;
mod monitor;
mod observers;
mod orders;
mod outage;
mod own_main;
mod parcels;
mod schedules;
mod serving;
mod sharing;
mod store;
mod tables;
mod terminal;
mod topics;
