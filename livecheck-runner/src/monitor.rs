//! The monitor: what all executions together say of each case, and who tells.
//!
//! | module | subject |
//! |---|---|
//! | [`case_state`] | the heart: the state of one case, from its reports and the time |
//! | [`statistics`], [`history`] | what the executions of a case have in common |

pub mod case_state;
pub mod history;
pub mod statistics;
