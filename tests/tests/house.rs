//! The house keeps its shape: the arrows between crates are those of ARCHITECTURE.md, and no other.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an assumption that does not hold ends the test"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crate -> the crates it may depend on. The binary may depend on all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("rules", &["model"]),
    ("engine", &["rules", "model"]),
    ("ldap", &["model"]),
    ("sources", &["ldap", "model"]),
    ("targets", &["model"]),
    ("precheck", &["model"]),
    ("sync", &["engine", "precheck", "sources", "targets", "model"]),
    ("tenant", &["model"]),
    ("health", &["model"]),
    ("storage", &["tenant", "health", "sync", "model"]),
    ("api", &["tenant", "health", "model"]),
];

fn metadata() -> Value {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON")
}

/// Every edge between our crates that is not for tests only.
fn edges(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let short = |name: &str| name.strip_prefix("lockstep-").unwrap_or(name).to_owned();
    let mut edges = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = short(package["name"].as_str().expect("name"));
        let to = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|d| d["kind"].as_str() != Some("dev"))
            .filter_map(|d| d["name"].as_str())
            .filter(|n| n.starts_with("lockstep-"))
            .map(short)
            .collect();
        edges.insert(name, to);
    }
    edges
}

fn refused(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut refused = Vec::new();
    for (from, to) in edges {
        // The binary wires everything; the whole-system tests stand outside the house.
        if from == "lockstep" || from == "tests" {
            continue;
        }
        for to in to {
            if !allowed.get(from.as_str()).is_some_and(|list| list.contains(&to.as_str())) {
                refused.push(format!("{from} -> {to}"));
            }
        }
    }
    refused
}

#[test]
fn crates_depend_only_along_the_drawn_arrows() {
    let edges = edges(&metadata());
    assert!(edges.contains_key("model") && edges.contains_key("api"), "the crates were not found: {edges:?}");
    let refused = refused(&edges);
    assert!(
        refused.is_empty(),
        "edges that ARCHITECTURE.md does not allow: {refused:?}. Move the code to where it may stand, or change \
         the drawing with a reason (docs/adr)."
    );
}

#[test]
fn a_forbidden_arrow_is_seen() {
    let edges = BTreeMap::from([("tenant".to_owned(), BTreeSet::from(["storage".to_owned()]))]);
    assert_eq!(refused(&edges), ["tenant -> storage"]);
}

#[test]
fn only_storage_speaks_sql() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let to = dependency["name"].as_str().expect("name");
            let dev = dependency["kind"].as_str() == Some("dev");
            assert!(
                dev || name == "lockstep-storage"
                    || !["rusqlite", "refinery", "tokio-postgres", "deadpool-postgres"].contains(&to),
                "{name} depends on {to}; SQL belongs to crates/storage"
            );
        }
    }
}
