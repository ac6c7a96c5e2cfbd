//! Rules and scope against a real directory and server: a rule set decides, a chosen container keeps its people when it
//! is renamed, a draft is previewed beside the rules in force, and one object is synced on demand.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{Drill, LIMIT, SUFFIX, UNITS, dn};
use lockstep_rules::sync_rules::OPENLDAP;
use lockstep_tests::organization::{renamed, replaced};
use lockstep_tests::wait_for;
use serde_json::Value;
use std::path::Path;

/// The shipped rule set with one rule more: titles in capitals.
fn rules(folder: &Path, name: &str, expression: &str) -> Result<String> {
    let path = folder.join(name);
    let rule = format!(
        "\n[[rule]]\nname = \"Titles\"\ndirection = \"inbound\"\nprecedence = 10\nsource_types = [\"inetOrgPerson\"]\n\
         metaverse_type = \"person\"\nlink_type = \"Join\"\nflow = [{{ to = \"title\", expression = '{expression}' }}]\n"
    );
    std::fs::write(&path, format!("{OPENLDAP}{rule}"))?;
    Ok(path.display().to_string())
}

fn user(drill: &Drill, name: &str, select: &str) -> Result<Value> {
    drill.lockstep.get(&format!("/v1.0/users/{name}@contoso.com?$select={select}"))
}

#[test]
fn a_rule_set_decides_and_a_renamed_container_keeps_its_people() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = rules(folder.path(), "rules.toml", "UCase(FirstText([title]))")?;
    let units = UNITS.iter().map(|(unit, _)| format!("\"ou={unit},ou=staff,{SUFFIX}\""));
    let chosen: Vec<String> = units.chain([format!("\"ou=groups,{SUFFIX}\"")]).collect();
    let mut drill = Drill::synced(|setup| {
        setup.source = format!("include = [{}]\n", chosen.join(", "));
        setup.more = format!("[mapping]\nrules = \"{file}\"\n");
    })?;
    ensure!(user(&drill, "west1", "jobTitle")?["jobTitle"] == "ENGINEER");

    // A draft, while nothing runs: what it would change, and nothing is written.
    let draft = rules(folder.path(), "draft.toml", "LCase(FirstText([title]))")?;
    let done = drill.lockstep.run(&["sync", "preview", "--rules", &draft, "--output", "json"])?;
    let plan: Value = serde_json::from_str(&done.stdout).with_context(|| done.said())?;
    ensure!(plan["properties"]["user"] == serde_json::json!({ "jobTitle": 1_000 }), "{}", plan["properties"]);
    ensure!(plan["items"][0]["changes"][0]["before"] == "ENGINEER", "{}", plan["items"][0]);

    drill.lockstep.start_client()?;
    drill.lockstep.wait_live(LIMIT)?;
    // The container of seventy people bears another name, and theirs with it.
    drill.slapd.ldapmodify(&renamed(&format!("ou=west,ou=staff,{SUFFIX}"), "ou=occident", true, None))?;
    let wanted = format!("uid=west1,ou=occident,ou=staff,{SUFFIX}");
    let name = "onPremisesDistinguishedName";
    wait_for("the new name", LIMIT, || {
        user(&drill, "west1", name).is_ok_and(|user| user[name] == wanted.as_str()).then_some(())
    })?;
    drill.nothing_lost()?;
    // Where others go who leave it, they leave the scope.
    let outside = format!("ou=former,{SUFFIX}");
    drill.slapd.ldapmodify(&renamed(&wanted, "uid=west1", false, Some(&outside)))?;
    let left = || drill.lockstep.counts().is_ok_and(|counts| counts == (999, 10, 1)).then_some(());
    wait_for("who left the scope to go", LIMIT, left)?;

    // The running client syncs one object on demand, and takes in what lies outside.
    let done = drill.lockstep.run(&["sync", "object", &format!("uid=west1,{outside}"), "--ignore-scope"])?;
    ensure!(done.status.success() && done.stdout.contains("in scope, a user"), "{}", done.said());
    ensure!(drill.lockstep.counts()? == (1_000, 10, 0), "{:?}", drill.lockstep.counts()?);
    drill.slapd.ldapmodify(&replaced(&dn("east", 5), "title", &["Chief".into()]))?;
    let done = drill.lockstep.run(&["sync", "object", &dn("east", 5)])?;
    ensure!(done.status.success(), "{}", done.said());
    ensure!(user(&drill, "east5", "jobTitle")?["jobTitle"] == "CHIEF");
    let done = drill.lockstep.run(&["sync", "object", &format!("uid=nobody,{SUFFIX}")])?;
    ensure!(!done.status.success() && done.stdout.contains("nobody"), "{}", done.said());
    Ok(())
}
