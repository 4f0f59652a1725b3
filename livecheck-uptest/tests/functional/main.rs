//! Uptests as they are run: real executables, real processes.

mod bad_input;
mod rig;
mod running;
mod velociraptor;
