//! Cargo asks for a build script where `links` is set; this one has nothing to do.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}
