//! Requests made up from the description of Lockstep's own endpoints (schemathesis): whatever is sent, the real program
//! answers, and never by a failure of its own.
//!
//! The tester is `LOCKSTEP_SCHEMATHESIS`, else `.tools/schemathesis/bin/schemathesis`, where `./test` puts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use lockstep_tests::{Lockstep, Setup};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn no_request_makes_it_fail() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/schemathesis/bin/schemathesis");
    let tester = std::env::var_os("LOCKSTEP_SCHEMATHESIS").map_or(beside, PathBuf::from);
    assert!(tester.exists(), "{} is not there; `./test rust` installs it", tester.display());
    let server = Lockstep::start(Setup::without_directory()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(&tester)
        .current_dir(folder.path())
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", server.address()))
        .args(["--header", &format!("Authorization: Bearer {}", server.admin_token())])
        .args(["--checks", "not_a_server_error", "--max-examples", "25", "--seed", "1", "--no-color"])
        // The one never ends, the other says 503 where no sync client is connected, as it should.
        .args(["--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/orders"])
        .args(["--request-timeout", "20"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{}", server.log("server.log"));
    assert!(said.contains("generated"), "nothing was tested:\n{said}");
}
