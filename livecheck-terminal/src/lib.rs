//! How the programs of LiveCheck speak: [`style`] has the column of verbs and the colours of what they print,
//! [`text`] brings text of others onto the terminal, and [`exit_code`] says what scripts are told. What cargo tells them
//! of their package, and nobody else is to hear, is in [`cargo_environment`].

pub mod cargo_environment;
pub mod exit_code;
pub mod style;
pub mod text;
