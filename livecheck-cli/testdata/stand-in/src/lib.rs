//! A livecheck that has cases and a runner, and nothing of what they are for.

pub use inventory;

/// A case: its name, with its module's path.
pub struct Case(pub &'static str);

inventory::collect!(Case);

/// Registers a case.
#[macro_export]
macro_rules! case {
    ($name:ident) => {
        $crate::inventory::submit! { $crate::Case(concat!(module_path!(), "::", stringify!($name))) }
    };
}

/// A runner that says what it was called with, and what was linked.
#[cfg(feature = "runner")]
pub mod runner {
    use std::process::ExitCode;

    /// Prints the arguments and the cases, and ends with `STAND_IN_EXIT_CODE`.
    pub fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        println!("arguments: {}", arguments.join(" "));
        let mut cases: Vec<&str> = inventory::iter::<crate::Case>().map(|case| case.0).collect();
        cases.sort_unstable();
        for case in cases {
            println!("case: {case}");
        }
        if std::env::var_os("STAND_IN_WAIT").is_some() {
            println!("waiting");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        let code = std::env::var("STAND_IN_EXIT_CODE").ok().and_then(|code| code.parse().ok());
        ExitCode::from(code.unwrap_or(0u8))
    }
}
