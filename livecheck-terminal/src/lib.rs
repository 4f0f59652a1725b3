//! How the programs of LiveCheck speak: [`style`] has the column of verbs and the colours of what they print,
//! [`text`] brings text of others onto the terminal, and [`exit_code`] says what scripts are told.

pub mod exit_code;
pub mod style;
pub mod text;
