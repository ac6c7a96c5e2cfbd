//! Another program's conformance tests of SCIM service providers (`scim2 test`, of scim2-cli) against the real program.
//!
//! The tester is `LOCKSTEP_SCIM2`, else `.tools/scim/bin/scim2`, where `./test` puts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use lockstep_tests::{Lockstep, Setup};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn conforms() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/scim/bin/scim2");
    let tester = std::env::var_os("LOCKSTEP_SCIM2").map_or(beside, PathBuf::from);
    assert!(tester.exists(), "{} is not there; `./test rust` installs it", tester.display());
    let mut server = Lockstep::start(Setup::without_directory()).unwrap();
    let made = server.run(&["token", "create", "HR", "--role", "scim"]).unwrap();
    assert!(made.status.success(), "{}", made.said());
    let root = format!("http://{}/scim/v2", server.address());
    let run = Command::new(&tester)
        .args(["-u", &root, "test"])
        .env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {}", made.stdout.trim()))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    let failed: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    let passed = said.lines().filter(|line| line.contains("SUCCESS")).count();
    assert!(run.status.success() && failed.is_empty(), "{failed:#?}\n{said}");
    assert!(passed > 100, "{passed} checks only:\n{said}");
}
