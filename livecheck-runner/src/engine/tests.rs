//! The shard against scripted cases, and against a model of what every verdict must be.

mod committed;
mod explanations;
mod harness;
mod keys;
mod properties;
mod saving;
mod scenarios;
mod successors;
mod world;
