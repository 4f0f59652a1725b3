//! Which packages are found, and what is said of those that are not.

use insta::assert_snapshot;

use crate::support::Workspace;

const DEPENDS: &str = "[dependencies]\n{livecheck}\n";

#[test]
fn a_library_is_found() {
    let workspace = Workspace::new("a-library").library("orders", DEPENDS);
    assert_snapshot!(workspace.run(&["list"]));
}

#[test]
fn a_workspace_that_is_one_package_is_found() {
    let manifest = format!(
        "[package]\nname = \"alone\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{}\n[workspace]\n",
        crate::support::stand_in()
    );
    let workspace = Workspace::empty("one-package")
        .file("Cargo.toml", &manifest)
        .file("src/lib.rs", crate::support::ONE_CASE);
    let run = workspace.run_in("src", &["list"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("case: alone::flow"), "{run}");
}

#[test]
fn every_library_of_a_workspace_is_found_from_every_folder() {
    let workspace = Workspace::new("three-libraries")
        .library("orders", DEPENDS)
        .library("payments", DEPENDS)
        .library("shipping", DEPENDS);
    let run = workspace.run(&["list"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(run.stdout, workspace.run_in("packages/orders/src", &["list"]).stdout);
    assert_snapshot!(run);
}

#[test]
fn a_package_selects_what_is_linked_and_is_handed_on() {
    let workspace =
        Workspace::new("selected-package").library("orders", DEPENDS).library("payments", DEPENDS);
    assert_snapshot!(workspace.run(&["list", "-p", "orders"]));
}

#[test]
fn an_excluded_package_is_neither_linked_nor_listed() {
    let depends_on_orders = format!("{DEPENDS}orders = {{ path = \"../orders\" }}\n");
    let workspace =
        Workspace::new("excluded-package").library("orders", DEPENDS).library("payments", &depends_on_orders);
    assert_snapshot!(workspace.run(&["list", "--exclude", "orders"]));
}

#[test]
fn an_unknown_package_gets_the_nearest_name() {
    let workspace = Workspace::new("unknown-package").library("orders", DEPENDS).library("payments", DEPENDS);
    assert_snapshot!(workspace.run(&["list", "-p", "ordres"]));
    assert_snapshot!(workspace.run(&["list", "--exclude", "zzz"]));
}

#[test]
fn a_package_without_a_library_is_named_in_a_warning() {
    let workspace = Workspace::new("no-library")
        .library("orders", DEPENDS)
        .package("web", DEPENDS)
        .file("packages/web/src/main.rs", "livecheck::case!(lost);\nfn main() {}\n");
    assert_snapshot!(workspace.run(&["list"]));
}

#[test]
fn a_package_without_a_library_may_say_that_it_has_no_cases() {
    let says = format!("{DEPENDS}[package.metadata.livecheck]\ncases = false\n");
    let workspace = Workspace::new("says-no-cases")
        .library("orders", DEPENDS)
        .package("web", &says)
        .file("packages/web/src/main.rs", "fn main() {}\n");
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
}

#[test]
fn packages_without_a_library_only_are_an_error() {
    let workspace = Workspace::new("no-library-at-all")
        .package("web", DEPENDS)
        .file("packages/web/src/main.rs", "livecheck::case!(lost);\nfn main() {}\n");
    assert_snapshot!(workspace.run(&["run"]));
}

#[test]
fn a_workspace_without_livecheck_says_what_was_searched() {
    let workspace = Workspace::new("no-livecheck")
        .package("orders", "")
        .file("packages/orders/src/lib.rs", "")
        .package("payments", "")
        .file("packages/payments/src/lib.rs", "");
    assert_snapshot!(workspace.run(&["list"]));
}

#[test]
fn a_library_that_is_not_for_rust_is_named_in_a_warning() {
    let workspace = Workspace::new("not-for-rust")
        .library("orders", DEPENDS)
        .library("plugin", &format!("{DEPENDS}[lib]\ncrate-type = [\"cdylib\"]\n"));
    assert_snapshot!(workspace.run(&["list"]));
}

#[test]
fn a_dev_dependency_is_no_reason_to_warn_but_explained_where_it_matters() {
    let dev_depends = "[dev-dependencies]\n{livecheck}\n";
    let workspace = Workspace::new("dev-dependency")
        .library("orders", DEPENDS)
        .package("client", dev_depends)
        .file("packages/client/src/lib.rs", "");
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    assert_snapshot!(workspace.run(&["list", "-p", "client"]));
}

#[test]
fn a_dependency_for_another_platform_does_no_harm() {
    let workspace = Workspace::new("other-platform")
        .library("orders", DEPENDS)
        .package("driver", "[target.'cfg(windows)'.dependencies]\n{livecheck}\n")
        .file("packages/driver/src/lib.rs", "#[cfg(windows)]\nlivecheck::case!(flow);\n");
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
}

#[test]
fn a_procedural_macro_is_passed_over() {
    let workspace = Workspace::new("procedural-macro")
        .library("orders", DEPENDS)
        .package("macros", &format!("{DEPENDS}[lib]\nproc-macro = true\n"))
        .file("packages/macros/src/lib.rs", "");
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
}
