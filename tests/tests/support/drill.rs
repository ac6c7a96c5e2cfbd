//! An organization of 1,000 people, a directory that can be spoiled, and what every drill asks afterwards.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::expectation::settles;
use anyhow::{Context, Result, ensure};
use lockstep_rules::MappingSettings;
use lockstep_tests::lockstep::Done;
use lockstep_tests::organization::deleted;
use lockstep_tests::{Lockstep, Proxy, Setup, Slapd, SlapdOptions};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

pub(crate) const SUFFIX: &str = "dc=contoso,dc=com";
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Organizational units and how many people are in each: 1,000 in all.
pub(crate) const UNITS: &[(&str, usize)] = &[("north", 30), ("south", 300), ("east", 600), ("west", 70)];

/// People without anything wrong, and ten groups.
pub(crate) fn content(note: &str) -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: contoso\n\n\
         dn: ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: ou=former,{SUFFIX}\nobjectClass: organizationalUnit\nou: former\n\n\
         dn: ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: staff\n\n"
    );
    for (unit, count) in UNITS {
        let _ =
            writeln!(text, "dn: ou={unit},ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n");
        for number in 0..*count {
            text.push_str(&person(unit, number));
            if !note.is_empty() && number % 2 == 0 {
                let _ = writeln!(text, "description: {note}");
            }
            text.push('\n');
        }
    }
    for group in 0..10 {
        let _ = writeln!(
            text,
            "dn: cn=group{group},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: group{group}"
        );
        for number in 0..20 {
            let _ = writeln!(text, "member: {}", dn("south", group * 20 + number));
        }
        text.push('\n');
    }
    text
}

pub(crate) fn dn(unit: &str, number: usize) -> String {
    format!("uid={unit}{number},ou={unit},ou=staff,{SUFFIX}")
}

pub(crate) fn person(unit: &str, number: usize) -> String {
    format!(
        "dn: {}\nobjectClass: inetOrgPerson\nuid: {unit}{number}\ncn: {unit} {number}\nsn: {number}\n\
         displayName: Person {number} of {unit}\nmail: {unit}{number}@contoso.com\ntitle: Engineer\n",
        dn(unit, number)
    )
}

pub(crate) struct Drill {
    pub(crate) slapd: Slapd,
    pub(crate) proxy: Proxy,
    pub(crate) lockstep: Lockstep,
    /// Users, groups and deleted objects that the tenant holds before the drill.
    pub(crate) before: (u64, u64, u64),
}

impl Drill {
    /// A directory with 1,000 people behind a proxy, and a server; nothing is synced.
    pub(crate) fn prepared(note: &str, change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let ldif = Some(content(note));
        let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
        let proxy = Proxy::start(slapd.address())?;
        let mut setup = Setup { source_url: proxy.ldap_url(), ..Setup::of(&slapd) };
        change(&mut setup);
        Ok(Self { lockstep: Lockstep::start(setup)?, slapd, proxy, before: (0, 0, 0) })
    }

    /// [`Drill::prepared`], with everything in the tenant.
    pub(crate) fn synced(change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let mut drill = Self::prepared("", change)?;
        drill.lockstep.sync_once_well()?;
        drill.before = drill.lockstep.counts()?;
        ensure!(drill.before == (1_000, 10, 0), "after the first sync: {:?}", drill.before);
        Ok(drill)
    }

    /// [`Drill::synced`], with a client that follows live.
    pub(crate) fn live(change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let mut drill = Self::synced(change)?;
        drill.lockstep.start_client()?;
        drill.lockstep.wait_live(LIMIT)?;
        Ok(drill)
    }

    /// One cycle that must fail, with a text that names the cause, in what the program says and in the history;
    /// and nothing in the tenant may be other than before.
    pub(crate) fn fails(&mut self, full: bool, result: &str, words: &[&str]) -> Result<Done> {
        let done = self.lockstep.sync_once(full)?;
        ensure!(!done.status.success(), "the cycle should have failed: {}", done.said());
        ensure!(done.status.code().is_some(), "the client crashed: {}", done.said());
        names(&format!("{}{}", done.stdout, done.stderr), words)?;
        let run = self.lockstep.runs()?.into_iter().next().context("no run in the history")?;
        ensure!(run["result"] == result, "the history says {run}");
        if result == "stoppedImport" {
            names(run["error"].as_str().unwrap_or_default(), words).with_context(|| run.to_string())?;
        }
        self.nothing_lost()?;
        Ok(done)
    }

    /// The tenant is as it was.
    pub(crate) fn nothing_lost(&self) -> Result<()> {
        let now = self.lockstep.counts()?;
        ensure!(now == self.before, "users, groups, deleted: {now:?}, before the drill {:?}", self.before);
        let deleted = self.lockstep.pages("/v1.0/directory/deletedItems/microsoft.graph.user?$top=999")?;
        ensure!(deleted.is_empty(), "{} users were deleted", deleted.len());
        Ok(())
    }

    /// After the cure a cycle succeeds, and tenant and directory are the same.
    pub(crate) fn is_well(&mut self) -> Result<()> {
        self.lockstep.sync_once_well()?;
        self.agrees()
    }

    pub(crate) fn agrees(&self) -> Result<()> {
        settles(&self.lockstep, &self.slapd, &MappingSettings::default(), LIMIT)
    }

    pub(crate) fn delete_people(&self, unit: &str, numbers: impl Iterator<Item = usize>) -> Result<()> {
        let records: String = numbers.map(|number| deleted(&dn(unit, number))).collect();
        self.slapd.ldapmodify(&records)
    }

    pub(crate) fn held_plan(&self) -> Result<Value> {
        let plan = self.lockstep.status()?["sync"]["heldPlan"].clone();
        ensure!(plan["verdict"]["kind"] == "held", "no plan is held: {plan}");
        Ok(plan)
    }
}

/// That a text has each of the words, in any case.
pub(crate) fn names(text: &str, words: &[&str]) -> Result<()> {
    let lower = text.to_lowercase();
    for word in words {
        ensure!(lower.contains(&word.to_lowercase()), "the text does not say {word:?}: {text}");
    }
    Ok(())
}

pub(crate) fn digest(plan: &Value) -> Result<String> {
    Ok(plan["deletionsDigest"].as_str().with_context(|| format!("no digest in {plan}"))?.to_owned())
}

pub(crate) fn hide_rule(below: &str) -> String {
    format!("access to dn.subtree=\"{below},{SUFFIX}\" by * none\n")
}

pub(crate) fn hide(below: &'static str) -> impl FnOnce(String) -> String {
    move |conf| {
        conf.replacen(
            "access to attrs=userPassword",
            &format!("{}access to attrs=userPassword", hide_rule(below)),
            1,
        )
    }
}

pub(crate) const STOPPED: &str = "stoppedImport";
pub(crate) const HELD: &str = "stoppedDeletionThresholdExceeded";
