//! Uptests as they are run: real executables, real processes.

mod bad_input;
mod functions;
mod rig;
mod running;
mod velociraptor;
