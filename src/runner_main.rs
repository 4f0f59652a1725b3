//! `livecheck::main!`: the runner of a team that builds it itself.

/// The whole of a runner's program: the cases of the libraries that it names, and what `cargo livecheck` does with them.
///
/// `cargo livecheck build` makes such a program without a line of code, and finds the libraries by itself. A team that
/// wants a program of its own, to ship it with its own features, allocator or cases made at run time, writes a package that
/// depends on `livecheck`, with the feature `runner`, and on the libraries; and as its `src/main.rs`
///
/// ```ignore
/// livecheck::main!(orders, payments);
/// ```
///
/// A library that is not named is not linked, and its cases are missing without a word: that is what naming it is for. One
/// that is no dependency is a compile error:
///
/// ```compile_fail,E0463
/// livecheck::main!(payments);
/// ```
///
/// Cases of the program's own package need no name. What is to be done first is a function behind `before`: it makes
/// [cases at run time](crate::CaseBuilder), say one for each region of a configuration. Where it fails nothing is run, and
/// the exit code is 96, as for all that is wrong with the set-up.
///
/// ```no_run
/// livecheck::main!(; before = add_cases);
///
/// fn add_cases() -> livecheck::Result {
///     for region in ["eu", "us"] {
///         livecheck::CaseBuilder::new(format!("payments::refunds::{region}")).run(|_| async {});
///     }
///     Ok(())
/// }
/// ```
///
/// With libraries it is `livecheck::main!(orders, payments; before = add_cases);`. Who wants still more writes `main`
/// itself: `extern crate orders as _;` links a library, and [`runner::main`](crate::runner::main) does the rest.
#[cfg(feature = "runner")]
#[macro_export]
macro_rules! main {
    ($($library:ident),* $(,)?; before = $before:expr $(;)?) => {
        $(extern crate $library as _;)*

        fn main() -> ::std::process::ExitCode {
            $crate::runner::main_after($before)
        }
    };
    ($($library:ident),* $(,)?) => {
        $crate::main!($($library),*; before = || ::std::result::Result::Ok(()));
    };
}

/// Says what to turn on.
#[cfg(not(feature = "runner"))]
#[doc(hidden)]
#[macro_export]
macro_rules! main {
    ($($any:tt)*) => {
        ::std::compile_error!(
            "`livecheck::main!` makes a runner: turn on the feature `runner` of `livecheck`"
        );

        fn main() {}
    };
}
