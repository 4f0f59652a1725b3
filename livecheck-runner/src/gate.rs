//! A gate: may a deployment go on, by what the cases say of the running system?
//!
//! | file | subject |
//! |---|---|
//! | `judgement` | the heart: counts and criteria in, PASS, FAIL or INCONCLUSIVE out |
//! | `render` | the judgement for people |
//! | `http` | the same as JSON, for the webhooks of deployments |

pub(crate) mod http;
mod judgement;
mod render;

pub(crate) use judgement::{CaseQuery, Criteria, GateVerdict, Judgement};
pub(crate) use render::render;
