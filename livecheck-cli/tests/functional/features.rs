//! Features of the user's packages.

use insta::assert_snapshot;

use crate::support::Workspace;

const OPTIONAL: &str = "[dependencies]\nlivecheck = { path = \"STAND-IN\", optional = true }\n\n[features]\nchecks = [\"dep:livecheck\"]\n";

fn optional() -> String {
    let path = crate::support::stand_in();
    let path = path.split('"').nth(1).expect("has a path");
    OPTIONAL.replace("STAND-IN", path)
}

fn workspace(name: &str) -> Workspace {
    Workspace::new(name)
        .library("orders", "[dependencies]\n{livecheck}\n[features]\nslow = []\n")
        .file(
            "packages/orders/src/lib.rs",
            "livecheck::case!(flow);\n#[cfg(feature = \"slow\")]\nlivecheck::case!(slow_flow);\n",
        )
        .package("payments", &optional())
        .file("packages/payments/src/lib.rs", "#[cfg(feature = \"checks\")]\nlivecheck::case!(flow);\n")
}

#[test]
fn a_feature_that_is_off_is_named_in_a_warning() {
    assert_snapshot!(workspace("feature-off").run(&["list"]));
}

#[test]
fn a_feature_goes_to_every_package_that_has_it() {
    let run = workspace("feature-on").run(&["list", "-F", "slow,checks"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    for case in ["orders::flow", "orders::slow_flow", "payments::flow"] {
        assert!(run.stdout.contains(case), "{run}");
    }
}

#[test]
fn a_feature_goes_to_the_package_that_is_named_with_it() {
    let run = workspace("feature-of-package").run(&["list", "--features", "payments/checks"]);
    assert!(run.stdout.contains("payments::flow") && !run.stdout.contains("slow_flow"), "{run}");
}

#[test]
fn all_features_go_to_all_packages() {
    let run = workspace("all-features").run(&["list", "--all-features"]);
    assert!(run.stdout.contains("payments::flow") && run.stdout.contains("orders::slow_flow"), "{run}");
}

#[test]
fn an_unknown_feature_gets_the_nearest_name() {
    assert_snapshot!(workspace("unknown-feature").run(&["list", "-F", "check"]));
}

#[test]
fn a_feature_that_another_member_turns_on_is_on() {
    let workspace = Workspace::new("feature-by-other")
        .package("payments", &optional())
        .file("packages/payments/src/lib.rs", "#[cfg(feature = \"checks\")]\nlivecheck::case!(flow);\n")
        .library(
            "orders",
            "[dependencies]\n{livecheck}\npayments = { path = \"../payments\", features = [\"checks\"] }\n",
        );
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    assert!(run.stdout.contains("payments::flow"), "{run}");
}
