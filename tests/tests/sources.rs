//! Two slapd servers as two sources of one organization: the second is the personnel system, whose entries are joined to
//! the people of the first. Both are followed live; one that is away deletes nothing.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{Drill, LIMIT, dn};
use lockstep_rules::sync_rules::OPENLDAP;
use lockstep_tests::organization::{deleted, replaced};
use lockstep_tests::{Slapd, SlapdOptions, wait_for};
use serde_json::Value;
use std::fmt::Write as _;

const HR: &str = "o=personnel";
const RULES: &str = r#"
[[rule]]
name = "In from personnel"
direction = "inbound"
precedence = 50
from = ["hr"]
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Provision"
join = [{ all = [{ source = "mail", metaverse = "mail" }] }]
flow = [
    { to = "title", direct = "title" },
    { to = "department", expression = 'FirstText([departmentNumber])' },
    { to = "manager", direct = "manager" },
    { to = "displayName", expression = 'FirstText([displayName], [cn])' },
    { to = "mail", expression = 'FirstText([mail])' },
    { to = "sourceAnchor", direct = "sourceAnchor" },
    { to = "accountEnabled", constant = true },
]
"#;

fn employee(number: usize, mail: &str) -> String {
    format!(
        "dn: uid=e{number},ou=staff,{HR}\nobjectClass: inetOrgPerson\nuid: e{number}\ncn: Employee {number}\nsn: {number}\n\
         mail: {mail}\ntitle: Title {number}\ndepartmentNumber: 4711\n"
    )
}

/// The hundred of `ou=south` who are employees, the first of whom is everybody's manager, and one more who has no account
/// in the first directory.
fn personnel() -> String {
    let mut text = format!(
        "dn: {HR}\nobjectClass: organization\no: personnel\n\ndn: ou=staff,{HR}\nobjectClass: organizationalUnit\nou: staff\n\n"
    );
    for number in 0..100 {
        text.push_str(&employee(number, &format!("SOUTH{number}@contoso.com")));
        if number > 0 {
            let _ = writeln!(text, "manager: uid=e0,ou=staff,{HR}");
        }
        text.push('\n');
    }
    text.push_str(&employee(100, "new@contoso.com"));
    text
}

fn title(drill: &Drill, name: &str) -> Result<Value> {
    let user = drill.lockstep.get(&format!("/v1.0/users/{name}@contoso.com?$select=jobTitle"))?;
    Ok(user["jobTitle"].clone())
}

#[test]
fn two_directories_are_one_organization() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, format!("{OPENLDAP}{RULES}"))?;
    let password = folder.path().join("password");
    std::fs::write(&password, Slapd::SYNC_PASSWORD)?;
    let options = SlapdOptions { suffix: HR.into(), ldif: Some(personnel()), ..SlapdOptions::default() };
    let mut hr = Slapd::start(&options)?;
    let mut drill = Drill::prepared("", |setup| {
        setup.guard = (20, 10);
        setup.more = format!(
            "[mapping]\nrules = \"{}\"\n\n[[further_source]]\nname = \"hr\"\nurl = \"{}\"\nbase_dn = \"{HR}\"\n\
             bind_dn = \"{}\"\npassword_file = \"{}\"\n",
            rules.display(),
            hr.url(),
            hr.sync_dn(),
            password.display()
        );
    })?;

    // The first sync joins whoever is in both, and makes whoever is in the second alone.
    drill.lockstep.sync_once_well()?;
    ensure!(drill.lockstep.counts()? == (1_001, 10, 0), "{:?}", drill.lockstep.counts()?);
    ensure!(title(&drill, "south7")? == "Title 7");
    ensure!(title(&drill, "south107")? == "Engineer", "who is no employee has the first directory's title");
    let manager = drill.lockstep.get("/v1.0/users/south7@contoso.com/manager?$select=mail")?;
    ensure!(manager["mail"] == "SOUTH0@contoso.com", "{manager}");
    let done = drill.lockstep.run(&["sync", "explain", &dn("south", 7)])?;
    ensure!(done.stdout.contains("\"In from personnel\" (hr)"), "{}", done.said());
    let done = drill.lockstep.run(&["doctor"])?;
    ensure!(done.stdout.contains("(hr)"), "the doctor looks at both: {}", done.said());

    // Live, from either side.
    drill.lockstep.start_client()?;
    drill.lockstep.wait_live(LIMIT)?;
    hr.ldapmodify(&replaced(&format!("uid=e7,ou=staff,{HR}"), "title", &["Chief".into()]))?;
    wait_for("the new title", LIMIT, || {
        title(&drill, "south7").is_ok_and(|title| title == "Chief").then_some(())
    })?;
    drill.slapd.ldapmodify(&replaced(&dn("south", 8), "mail", &["eight@contoso.com".into()]))?;
    wait_for("the one whose address is another to lose the title", LIMIT, || {
        title(&drill, "eight").is_ok_and(|title| title == "Engineer").then_some(())
    })?;
    ensure!(drill.lockstep.counts()?.0 == 1_002, "the employee is somebody alone now");
    drill.slapd.ldapmodify(&replaced(&dn("south", 8), "mail", &["south8@contoso.com".into()]))?;
    wait_for("the two to be one again", LIMIT, || {
        let joined = title(&drill, "south8").is_ok_and(|title| title == "Title 8");
        (joined && drill.lockstep.counts().is_ok_and(|counts| counts.0 == 1_001)).then_some(())
    })?;

    // Two candidates: an error with both names, and nothing is guessed.
    drill.slapd.ldapmodify(&replaced(&dn("south", 110), "mail", &["south9@contoso.com".into()]))?;
    let error = wait_for("the error", LIMIT, || {
        let errors = drill.lockstep.get("/api/v1/errors?category=DataMismatch").ok()?;
        errors["value"].as_array()?.first().cloned()
    })?;
    let message = error["message"].as_str().context("no message")?;
    ensure!(message.contains(&dn("south", 9)) && message.contains(&dn("south", 110)), "{message}");
    drill.slapd.ldapmodify(&replaced(&dn("south", 110), "mail", &["south110@contoso.com".into()]))?;
    wait_for("the error to be over", LIMIT, || {
        let errors = drill.lockstep.get("/api/v1/errors?category=DataMismatch").ok()?;
        errors["value"].as_array()?.is_empty().then_some(())
    })?;
    wait_for("the title", LIMIT, || {
        title(&drill, "south9").is_ok_and(|title| title == "Title 9").then_some(())
    })?;

    // The personnel system is away: nothing is lost, and the status names it. Back again, all goes on.
    let before = drill.lockstep.counts()?;
    hr.stop()?;
    drill.slapd.ldapmodify(&deleted(&dn("east", 1)))?;
    drill.lockstep.stop_client()?;
    let done = drill.lockstep.sync_once(true)?;
    ensure!(!done.status.success(), "{}", done.said());
    ensure!(drill.lockstep.counts()?.0 + 1 >= before.0, "{:?}", drill.lockstep.counts()?);
    hr.run()?;
    drill.lockstep.sync_once_well()?;
    ensure!(drill.lockstep.counts()?.0 == before.0 - 1, "{:?}", drill.lockstep.counts()?);
    ensure!(title(&drill, "south7")? == "Chief");

    // Who leaves the personnel system keeps the account, with the first directory's words.
    hr.ldapmodify(&deleted(&format!("uid=e7,ou=staff,{HR}")))?;
    drill.lockstep.sync_once_well()?;
    ensure!(title(&drill, "south7")? == "Engineer");
    // All of them at once would take their department from a hundred: the guard holds that.
    for number in (1..100).filter(|number| *number != 7) {
        hr.ldapmodify(&deleted(&format!("uid=e{number},ou=staff,{HR}")))?;
    }
    let done = drill.lockstep.sync_once(false)?;
    ensure!(!done.status.success() && done.said().contains("department"), "{}", done.said());
    ensure!(title(&drill, "south9")? == "Title 9");
    Ok(())
}
