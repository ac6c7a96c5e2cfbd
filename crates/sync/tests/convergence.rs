//! Whatever happens, in whatever order, with answers and states lost in between: in the end the tenant is what a
//! first sync of the same directory would make it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A small generator of numbers: the seed is the test's whole randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.roll(from.len())) }
    }
}

struct Script {
    dice: Dice,
    directory: Shared,
    number: usize,
    /// Every DN that ever was: members may name those that are gone.
    dns: Vec<String>,
    /// Groups have many members, of which one comes or goes, as a DN or as a uid.
    large: bool,
}

impl Script {
    fn names(&self, prefix: &str) -> Vec<String> {
        let directory = self.directory.lock().unwrap();
        directory.entries.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    fn dn(&self, name: &str) -> String {
        self.directory.lock().unwrap().entries[name].dn.clone()
    }

    fn container(&mut self) -> String {
        let ous = self.names("ou");
        let ou = self.dice.pick(&ous).unwrap().clone();
        self.dn(&ou)
    }

    fn members(&mut self) -> Vec<String> {
        let count = self.dice.roll(if self.large { 24 } else { 6 });
        (0..count).filter_map(|_| self.dice.pick(&self.dns).cloned()).collect()
    }

    fn toggle(&self, name: &str, attribute: &str, value: &str) {
        let mut directory = self.directory.lock().unwrap();
        let mut values = directory.entries[name].attributes.get(attribute).cloned().unwrap_or_default();
        let before = values.len();
        values.retain(|held| held != value);
        if values.len() == before {
            values.push(value.to_owned());
        }
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        directory.set(name, attribute, &values);
    }

    fn step(&mut self) {
        self.number += 1;
        let n = self.number;
        let people = self.names("p");
        let person = self.dice.pick(&people).cloned();
        let groups = self.names("g");
        let group = self.dice.pick(&groups).cloned();
        match (self.dice.roll(if self.large { 20 } else { 14 }), person, group) {
            (0..=2, _, _) => {
                let parent = self.container();
                let name = format!("p{n:04}");
                self.directory.lock().unwrap().person(&name, &parent);
                self.dns.push(self.dn(&name));
            }
            (3, _, _) => {
                let parent = self.container();
                let name = format!("g{n:04}");
                let members = self.members();
                let members: Vec<&str> = members.iter().map(String::as_str).collect();
                self.directory.lock().unwrap().group(&name, &parent, &members);
                self.dns.push(self.dn(&name));
            }
            (4, _, _) => {
                let parent = self.container();
                if parent.matches("ou=").count() < 4 {
                    let name = format!("ou{n:04}");
                    self.directory.lock().unwrap().ou(&name, &format!("ou={name},{parent}"));
                }
            }
            (5, Some(person), _) => self.directory.lock().unwrap().set(&person, "sn", &[&format!("S{n}")]),
            (6, Some(person), _) => {
                let boss = self.dice.pick(&self.dns).cloned().unwrap();
                self.directory.lock().unwrap().set(&person, "manager", &[&boss]);
            }
            (7, Some(person), _) => {
                let parent = self.container();
                let dn = format!("uid={person}-{n},{parent}");
                self.directory.lock().unwrap().rename(&person, &dn);
                self.dns.push(dn);
            }
            (8, Some(person), _) => self.directory.lock().unwrap().delete(&person),
            (9, Some(person), _) => {
                let class = if self.dice.roll(3) == 0 { "device" } else { "inetOrgPerson" };
                self.directory.lock().unwrap().set(&person, "objectclass", &[class]);
            }
            (10 | 11, _, Some(group)) => {
                let members = self.members();
                let members: Vec<&str> = members.iter().map(String::as_str).collect();
                self.directory.lock().unwrap().set(&group, "member", &members);
            }
            (12, _, Some(group)) => self.directory.lock().unwrap().delete(&group),
            (13, _, _) => {
                let ous = self.names("ou");
                let ou = self.dice.pick(&ous).unwrap().clone();
                let old = self.dn(&ou);
                let parent = old.split_once(',').unwrap().1.to_owned();
                self.directory.lock().unwrap().rename(&ou, &format!("ou={ou}-{n},{parent}"));
                let all: Vec<String> =
                    self.directory.lock().unwrap().entries.values().map(|item| item.dn.clone()).collect();
                self.dns.extend(all);
            }
            (14..=16, _, Some(group)) => {
                let one = self.dice.pick(&self.dns).cloned().unwrap();
                self.toggle(&group, "member", &one);
            }
            (19, _, Some(group)) => {
                let classes: &[&str] = match self.dice.roll(3) {
                    0 => &["groupOfMembers"],
                    1 => &["groupOfMembers", "posixGroup"],
                    _ => &["groupOfNames"],
                };
                self.directory.lock().unwrap().set(&group, "objectclass", classes);
            }
            (17 | 18, Some(person), Some(group)) => {
                let uid = if n.is_multiple_of(5) { "nobody".to_owned() } else { person };
                self.toggle(&group, "memberuid", &uid);
            }
            _ => {}
        }
    }
}

type Errors = BTreeMap<lockstep_model::SourceAnchor, BTreeSet<String>>;

/// What the tenant holds, and what it was told of errors.
fn held(tenant: &MemoryTenant) -> (BTreeMap<lockstep_model::SourceAnchor, Cloud>, Errors) {
    let state = tenant.state.lock().unwrap();
    let texts = |list: &Vec<lockstep_model::SyncError>| list.iter().map(|one| one.message.clone()).collect();
    // With an object its errors go too.
    let errors = state.errors.iter().filter(|(anchor, _)| state.objects.contains_key(*anchor));
    let errors = errors.map(|(anchor, list)| (anchor.clone(), texts(list)));
    (state.objects.clone(), errors.collect())
}

async fn first_sync(directory: &Shared) -> (BTreeMap<lockstep_model::SourceAnchor, Cloud>, Errors) {
    let tenant = MemoryTenant::new();
    let folder = tempfile::tempdir().unwrap();
    let client = client(directory, &tenant, &folder.path().join("state.db"), OPEN);
    client.once(true, CancellationToken::new()).await.unwrap();
    held(&tenant)
}

async fn converges(seed: u64, large: bool) {
    let directory = Directory::shared();
    directory.lock().unwrap().ou("base", "dc=contoso,dc=com");
    directory.lock().unwrap().ou("ou0", "ou=ou0,dc=contoso,dc=com");
    let mut script = Script {
        dice: Dice(seed),
        directory: directory.clone(),
        number: 0,
        dns: vec!["uid=nobody".into()],
        large,
    };
    let tenant: Arc<MemoryTenant> = MemoryTenant::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    for round in 0..25 {
        let steps = script.dice.roll(12);
        (0..steps).for_each(|_| script.step());
        let full = script.dice.roll(5) == 0;
        if script.dice.roll(6) == 0 {
            // A run that writes, and cannot tell of errors.
            tenant.state.lock().unwrap().refuse_errors = true;
            let _ = client(&directory, &tenant, &path, OPEN).once(full, CancellationToken::new()).await;
            tenant.state.lock().unwrap().refuse_errors = false;
            continue;
        }
        if script.dice.roll(6) == 0 {
            // A run whose answers are lost, as when the client is killed while it waits for them.
            tenant.state.lock().unwrap().lose_answers = 100;
            let _ = client(&directory, &tenant, &path, OPEN).once(full, CancellationToken::new()).await;
            tenant.state.lock().unwrap().lose_answers = 0;
            continue;
        }
        if script.dice.roll(8) == 0 {
            forget_state(folder.path());
        }
        let client = client(&directory, &tenant, &path, OPEN);
        let record = client.once(full, CancellationToken::new()).await.unwrap();
        assert!(record.error.is_none());
        let wanted = first_sync(&directory).await;
        let held = held(&tenant);
        assert_eq!(held.1, wanted.1, "errors: seed {seed}, round {round}, full {full}");
        assert_eq!(held.0, wanted.0, "seed {seed}, round {round}, full {full}");
    }
    let client = client(&directory, &tenant, &path, OPEN);
    client.once(false, CancellationToken::new()).await.unwrap();
    let writes = tenant.writes();
    client.once(false, CancellationToken::new()).await.unwrap();
    client.once(true, CancellationToken::new()).await.unwrap();
    assert_eq!(tenant.writes(), writes, "seed {seed}: nothing is written twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_history_ends_as_a_first_sync_would() {
    for seed in 1..=6_u64 {
        converges(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), false).await;
    }
}

/// The same where groups are large and change by one member.
#[tokio::test(flavor = "multi_thread")]
async fn large_groups_end_as_a_first_sync_would() {
    for seed in 1..=6_u64 {
        converges(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), true).await;
    }
}

/// The same while changes are followed, on the connection of the very first sync.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_followed_live_ends_as_a_first_sync_would() {
    for seed in 1..=4_u64 {
        let directory = Directory::shared();
        directory.lock().unwrap().ou("base", "dc=contoso,dc=com");
        directory.lock().unwrap().ou("ou0", "ou=ou0,dc=contoso,dc=com");
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut script = Script {
            dice,
            directory: directory.clone(),
            number: 0,
            dns: vec!["uid=nobody".into()],
            large: seed % 2 == 0,
        };
        (0..30).for_each(|_| script.step());
        let tenant = MemoryTenant::new();
        let folder = tempfile::tempdir().unwrap();
        let client = client(&directory, &tenant, &folder.path().join("state.db"), OPEN);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { client.run(token).await });
        for round in 0..8 {
            (0..8).for_each(|_| script.step());
            let wanted = first_sync(&directory).await;
            let equal = || held(&tenant).0 == wanted.0;
            eventually(&format!("seed {seed}, round {round}"), equal).await;
        }
        assert_eq!(directory.lock().unwrap().reads.len(), 9, "one live read, and one for each comparison");
        stop.cancel();
        task.await.unwrap().unwrap();
    }
}
