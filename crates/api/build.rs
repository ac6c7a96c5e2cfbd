//! Makes the folder of the built portal where it is missing, so that the program compiles before the portal was
//! built, and asks to be run again when the portal changes.

use std::path::Path;

fn main() {
    let dist = Path::new("../../portal/dist");
    // In a read-only tree the folder stays missing; the program then says that it has no portal.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
}
