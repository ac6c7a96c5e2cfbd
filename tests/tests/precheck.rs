//! The pre-check over a real directory: what it finds, its LDIF applied with ldapmodify, a second one that finds
//! nothing, and the undo that brings everything back; and the same as an order to a running sync client.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use anyhow::{Context, Result, ensure};
use lockstep_tests::{Lockstep, Setup, Slapd, SlapdOptions, wait_for};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

const SUFFIX: &str = "dc=contoso,dc=com";
const LIMIT: Duration = Duration::from_secs(60);

/// Attributes of Active Directory, with the matching rules that it has: those that come with OpenLDAP have none.
const SCHEMA: &str = "\
attributetype ( 1.3.6.1.4.1.4203.666.1.901 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.902 NAME 'mailNickname' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.1.903 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.1.904 NAME 'testAccount' SUP top AUXILIARY MAY ( proxyAddresses $ mailNickname $ userPrincipalName ) )
";

/// People of whom each but the last has one thing wrong; values that LDIF must encode are.
fn content() -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: contoso\n\n\
         dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=empty,ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: empty\n\n"
    );
    let long = format!("givenName: {}", "y".repeat(70));
    for (uid, name, lines) in [
        ("ann", "ann@contoso.com", "displayName:: IA=="),
        ("bob", "bob@contoso.com", "mailNickname: .bob"),
        // With a blank at the end.
        (
            "carl",
            "carl@contoso.com",
            "mail: carl@contoso.com\nproxyAddresses:: c210cDpjYXJsLjJAY29udG9zby5jb20g",
        ),
        ("dora", "do ra@contoso.com", "mailNickname: dora"),
        ("eve", "eve@contoso.com", long.as_str()),
        ("frank", "frank@contoso.local", "mailNickname: frank"),
        ("old", "old@contoso.com", "proxyAddresses: smtp:team@contoso.com"),
        ("new", "new@contoso.com", "mail: new@contoso.com\nproxyAddresses: smtp:team@contoso.com"),
        (
            "zoe",
            "zoe@contoso.com",
            "mail: zoe@contoso.com\nproxyAddresses: SMTP:zoe.z@contoso.com\ndisplayName: Zoe",
        ),
    ] {
        let _ = writeln!(
            text,
            "dn: uid={uid},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: testAccount\nuid: {uid}\n\
             cn: {uid} of Contoso\nsn: {uid}\nuserPrincipalName: {name}\n{lines}\n"
        );
    }
    text
}

fn directory() -> Result<Slapd> {
    Slapd::start(&SlapdOptions {
        suffix: SUFFIX.to_owned(),
        ldif: Some(content()),
        global: SCHEMA.to_owned(),
        ..SlapdOptions::default()
    })
}

fn installation(slapd: &Slapd) -> Result<Lockstep> {
    let mut setup = Setup::of(slapd);
    setup.more = "[mapping]\nuser_name_attribute = \"userPrincipalName\"\n".to_owned();
    Lockstep::start(setup)
}

/// All people as the directory has them, in an order that does not depend on its own.
fn people(slapd: &Slapd) -> Result<Vec<String>> {
    let text = slapd.ldapsearch(&["-b", &format!("ou=people,{SUFFIX}"), "(uid=*)"])?;
    let mut entries: Vec<String> = text
        .split("\n\n")
        .map(|entry| {
            let mut lines: Vec<&str> = entry.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        })
        .collect();
    entries.sort_unstable();
    Ok(entries)
}

/// The pre-check's findings, as `uid attribute rule action`.
fn found(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            let uid =
                it["dn"].as_str().and_then(|dn| dn.strip_prefix("uid=")?.split(',').next()).unwrap_or("?");
            let safe = if it["safe"] == true { " safe" } else { "" };
            let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
            format!("{uid} {} {}{safe}", text(&it["problems"][0]["rule"]), text(&it["change"]["action"]))
        })
        .collect();
    all.sort();
    all
}

fn precheck(lockstep: &mut Lockstep, more: &[&str], code: i32) -> Result<Value> {
    let all: Vec<&str> =
        ["precheck", "--domain", "contoso.com", "--output", "json"].iter().chain(more).copied().collect();
    let done = lockstep.run(&all)?;
    ensure!(done.status.code() == Some(code), "{}", done.said());
    serde_json::from_str(&done.stdout).with_context(|| done.said())
}

const ALL: &[&str] = &[
    "ann displayName.blank edit safe",
    "bob mailNickname.dot edit safe",
    "carl proxyAddresses.character edit safe",
    "dora userPrincipalName.character edit",
    "eve givenName.length edit",
    "frank userPrincipalName.topLevelDomain edit",
    "new proxyAddresses.duplicate keep",
    "old proxyAddresses.duplicate remove",
];

#[test]
fn what_is_found_can_be_mended_and_the_mending_undone() -> Result<()> {
    let slapd = directory()?;
    let mut lockstep = installation(&slapd)?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let before = people(&slapd)?;

    // The safe ones alone.
    let (safe, undo) = (path("safe.ldif"), path("safe.undo.ldif"));
    let report = precheck(&mut lockstep, &["--ldif", &safe], 4)?;
    ensure!(found(&report) == ALL, "{:?}", found(&report));
    ensure!(report["summary"]["checked"] == 9 && report["summary"]["safe"] == 3, "{}", report["summary"]);
    // Somebody was faster: that change fails, and what he wrote stays.
    slapd.ldapmodify(&format!(
        "dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: mailNickname\nmailNickname: robert\n"
    ))?;
    let text = std::fs::read_to_string(&safe)?;
    let refused = slapd.ldapmodify(&text).err().context("a value that changed was overwritten")?;
    ensure!(refused.to_string().contains("No such attribute"), "{refused:#}");
    slapd.ldapmodify(&format!(
        "dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: mailNickname\nmailNickname: .bob\n"
    ))?;
    // What came before the refused one was applied.
    let applied = std::fs::read_to_string(&undo)?;
    let ann = applied.split("\n\n").nth(1).context("nothing to undo")?;
    slapd.ldapmodify(ann)?;
    ensure!(people(&slapd)? == before, "the undo of one change did not bring it back");

    // All of them.
    let (all, undo) = (path("all.ldif"), path("back.ldif"));
    precheck(&mut lockstep, &["--ldif", &all, "--undo", &undo, "--accept", "all"], 4)?;
    slapd.ldapmodify(&std::fs::read_to_string(&all)?)?;
    let report = precheck(&mut lockstep, &[], 0)?;
    ensure!(report["findings"] == json!([]), "{report}");
    ensure!(people(&slapd)? != before);
    slapd.ldapmodify(&std::fs::read_to_string(&undo)?)?;
    ensure!(people(&slapd)? == before, "the undo did not bring everything back");
    ensure!(found(&precheck(&mut lockstep, &[], 4)?) == ALL);

    // A file that is there is not overwritten; text, CSV and a file in place of the directory.
    let done = lockstep.run(&["precheck", "--ldif", &all])?;
    ensure!(done.status.code() == Some(1) && done.stderr.contains("not overwritten"), "{}", done.said());
    let done = lockstep.run(&["precheck"])?;
    ensure!(done.stdout.contains("proposed: \"ann of Contoso\", safe"), "{}", done.said());
    ensure!(done.stdout.contains("also: uid=new,ou=people,dc=contoso,dc=com"), "{}", done.said());
    let file = path("people.ldif");
    std::fs::write(&file, content())?;
    let done = lockstep.run(&["precheck", "--domain", "contoso.com", "--file", &file, "--export", "csv"])?;
    ensure!(done.status.code() == Some(4), "{}", done.said());
    ensure!(done.stdout.lines().count() == 1 + ALL.len(), "{}", done.said());
    ensure!(done.stdout.contains(",remove,,false,the entry receives no mail"), "{}", done.said());
    Ok(())
}

#[test]
fn a_running_client_checks_on_order_and_keeps_the_report() -> Result<()> {
    let slapd = directory()?;
    let mut lockstep = installation(&slapd)?;
    lockstep.start_client()?;
    lockstep.wait_live(LIMIT)?;
    let state = lockstep.order(&json!({ "order": "precheck" }))?;
    ensure!(
        state["answer"] == "precheck" && state["state"] == json!({ "running": false, "read": 0 }),
        "{state}"
    );
    let begun = lockstep.order(&json!({ "order": "precheck", "start": true }))?;
    ensure!(begun["answer"] == "precheck", "{begun}");
    let ended = |lockstep: &Lockstep| {
        wait_for("the pre-check to end", LIMIT, || {
            let answer = lockstep.order(&json!({ "order": "precheck" })).ok()?;
            (answer["state"]["running"] == false).then_some(answer)
        })
    };
    let report = ended(&lockstep)?["state"]["report"].clone();
    // Nobody said which domain to propose.
    let expect: Vec<String> =
        ALL.iter().map(|row| row.replace("topLevelDomain edit", "topLevelDomain none")).collect();
    ensure!(found(&report) == expect, "{:?}", found(&report));
    // The client keeps it: it is there after a new start.
    lockstep.stop_client()?;
    lockstep.start_client()?;
    lockstep.wait_live(LIMIT)?;
    ensure!(ended(&lockstep)?["state"]["report"] == report);

    let answer = lockstep.order(&json!({ "order": "containers" }))?;
    let containers = answer["containers"].as_array().context("no containers")?;
    let told: Vec<String> = containers
        .iter()
        .map(|it| {
            format!("{} {} {} {}", it["dn"].as_str().unwrap_or("?"), it["users"], it["groups"], it["others"])
        })
        .collect();
    let expect = [
        "dc=contoso,dc=com 0 0 0",
        "ou=people,dc=contoso,dc=com 9 0 0",
        "ou=empty,ou=people,dc=contoso,dc=com 0 0 0",
        "ou=system,dc=contoso,dc=com 0 0 1",
    ];
    ensure!(told == expect, "{told:?}");
    Ok(())
}
