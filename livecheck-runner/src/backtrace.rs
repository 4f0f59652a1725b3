//! Backtraces, cut to what a case's author wrote.

use std::fmt::Write;

/// How the frames begin that stand between the place of a panic or an error and the hook that took the backtrace.
const MACHINERY: &[&str] = &[
    "<anyhow::",
    "anyhow::",
    "<core::",
    "core::",
    "<std::",
    "std::",
    "<alloc::",
    "alloc::",
    "__rustc::",
    "rust_begin_unwind",
    "<T as core::",
    "livecheck_core::",
    "<livecheck_core::",
    "livecheck_runner::",
    "<livecheck_runner::",
];

/// With this frame a panic begins to be handled: those above it are the standard library's and the hook's own.
const PANIC: &str = "rust_begin_unwind";

/// Where the sources of the standard library are: what is inlined has a name without a path.
const STANDARD_LIBRARY: &[&str] = &["at /rustc/", "/rustlib/src/rust/library/"];

/// The frames of a backtrace that are the case's: from where it panicked, or made its error, to where the runner
/// polled it.
pub(crate) fn of_the_case(backtrace: &str) -> String {
    let mut frames: Vec<String> = Vec::new();
    for line in backtrace.lines() {
        match line.trim_start().split_once(": ") {
            Some((number, symbol)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                frames.push(symbol.to_owned());
            }
            _ => {
                if let Some(frame) = frames.last_mut() {
                    let _ = write!(frame, "\n      {}", line.trim());
                }
            }
        }
    }
    let is_machinery = |frame: &String| {
        MACHINERY.iter().any(|start| frame.starts_with(start))
            || STANDARD_LIBRARY.iter().any(|place| frame.contains(place))
    };
    let is_runner =
        |frame: &String| frame.contains("livecheck_core::") || frame.contains("livecheck_runner::");
    let panicked = frames.iter().position(|frame| frame.contains(PANIC)).unwrap_or(0);
    let of_case = frames[panicked..].iter().skip_while(|frame| is_machinery(frame));
    let mut of_case: Vec<&String> = of_case.take_while(|frame| !is_runner(frame)).collect();
    while of_case.last().is_some_and(|frame| is_machinery(frame)) {
        of_case.pop();
    }
    of_case.into_iter().enumerate().fold(String::new(), |mut text, (number, frame)| {
        let _ = writeln!(text, "{number:>4}: {frame}");
        text
    })
}

/// Where the first of those frames is, as `file:line:column`.
pub(crate) fn place_of(frames: &str) -> Option<&str> {
    let place = frames.lines().find_map(|line| line.trim_start().strip_prefix("at "))?;
    Some(place.strip_prefix("./").unwrap_or(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_backtrace_only_the_case_is_shown() {
        let backtrace = "\
   0: {closure#0}
             at ./livecheck-runner/src/execute/panics.rs:80:60
   1: livecheck_runner::execute::panics::report
   2: __rustc::rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:689:5
   3: core::panicking::panic_fmt
             at /rustc/library/core/src/panicking.rs:80:14
   4: orders::check_side
             at ./src/cases.rs:41:5
   5: orders::order_flow::{{closure}}
             at ./src/cases.rs:31:5
   6: poll<alloc::boxed::Box<dyn core::future::future::Future>>
             at /rustc/library/core/src/future/future.rs:133:9
   7: {closure#0}<core::option::Option<livecheck_core::context::Context>>
             at /registry/tokio/src/task/task_local.rs:401:35
   8: tokio::runtime::task
";
        let expected = "   0: orders::check_side\n      at ./src/cases.rs:41:5\n   \
                        1: orders::order_flow::{{closure}}\n      at ./src/cases.rs:31:5\n";
        assert_eq!(of_the_case(backtrace), expected);
    }

    #[test]
    fn of_an_errors_backtrace_the_machinery_is_not_shown() {
        let backtrace = "\
   0: anyhow::error::<impl core::convert::From<E> for anyhow::Error>::from
             at /registry/anyhow/src/backtrace.rs:27:14
   1: <core::result::Result<T,F> as core::ops::try_trait::FromResidual<E>>::from_residual
   2: orders::pay::{{closure}}
             at ./src/cases.rs:9:5
   3: livecheck_core::execution::Execution::start
";
        let frames = of_the_case(backtrace);
        assert_eq!(frames, "   0: orders::pay::{{closure}}\n      at ./src/cases.rs:9:5\n");
        assert_eq!(place_of(&frames), Some("src/cases.rs:9:5"));
    }
}
