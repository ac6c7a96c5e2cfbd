//! What a sync client sends, without one: batches of users whose answers are known one by one, for drills on the server.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use crate::http::{self, Answer};
use crate::lockstep::Lockstep;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// Users of a batch; there is a group with the first and the last beside them.
pub const USERS: usize = 20;

/// What SCIM has no name for.
pub const DIRECTORY: &str = "urn:lockstep:params:scim:schemas:extension:directory:2.0";

/// A user as SCIM's operation. What is unique of it is made of `name`, which is its anchor too; the first address is the
/// primary one.
pub fn user(name: &str, addresses: &[&str]) -> Value {
    let mut operation = json!({"method": "POST", "path": "/Users", "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", DIRECTORY],
        "externalId": name,
        "userName": format!("{name}@contoso.com"),
        "displayName": format!("{name} of Contoso"),
        "title": "A title that makes a row about as large as those of a directory are",
        "active": true,
    }});
    if let Some(mail) = addresses.first() {
        let prefix = |at: usize| if at == 0 { "SMTP" } else { "smtp" };
        let list: Vec<String> =
            addresses.iter().enumerate().map(|(at, address)| format!("{}:{address}", prefix(at))).collect();
        operation["data"][DIRECTORY] = json!({"mail": mail, "proxyAddresses": list});
    }
    operation
}

/// The deletion of a user.
pub fn gone(name: &str) -> Value {
    json!({"method": "DELETE", "path": format!("/Users/{name}")})
}

/// Sends operations as the harness's sync client.
///
/// # Errors
/// No answer.
pub fn send(to: SocketAddr, token: &str, operations: &[Value]) -> Result<Answer> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
    });
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    http::request(to, "POST", "/provisioning/v1/bulk", &headers, Some(body.to_string().as_bytes()))
}

/// What a load says of its answers.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// Batches that were answered, by thread.
    pub batches: BTreeMap<String, u64>,
    /// The first answer that was no 200, where there was one.
    pub refused: Option<Answer>,
}

/// Threads that send batch after batch until an answer is missing or no 200.
#[derive(Debug)]
pub struct Load {
    threads: Vec<JoinHandle<(String, u64, Option<Answer>)>>,
    answered: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Begins with `threads` threads, whose objects' names begin with `name`.
    pub fn start(lockstep: &Lockstep, name: &str, threads: usize) -> Self {
        let (answered, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (to, token) = (lockstep.address(), lockstep.client_token().to_owned());
        let threads = (0..threads)
            .map(|thread| {
                let (name, token) = (format!("{name}{thread}"), token.clone());
                let (answered, stop) = (Arc::clone(&answered), Arc::clone(&stop));
                thread::spawn(move || {
                    for number in 0.. {
                        let answer = send(to, &token, &batch(&name, number));
                        match answer {
                            Ok(answer) if answer.status == 200 => answered.fetch_add(1, Ordering::SeqCst),
                            Ok(answer) => return (name, number, Some(answer)),
                            Err(_) => return (name, number, None),
                        };
                        if stop.load(Ordering::SeqCst) {
                            return (name, number + 1, None);
                        }
                    }
                    (name, 0, None)
                })
            })
            .collect();
        Self { threads, answered, stop }
    }

    /// Batches answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Has it end after the batches under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Waits until each thread has ended by itself.
    ///
    /// # Errors
    /// A thread panicked.
    pub fn end(self) -> Result<Answered> {
        let mut all = Answered::default();
        for thread in self.threads {
            let Ok((name, batches, refused)) = thread.join() else {
                anyhow::bail!("a thread of the load panicked")
            };
            all.batches.insert(name, batches);
            all.refused = all.refused.or(refused);
        }
        Ok(all)
    }
}

fn batch(name: &str, number: u64) -> Vec<Value> {
    let of = |n: usize| format!("{name}-{number}-{n}");
    let group = format!("{name}-{number}-g");
    let mut operations: Vec<Value> =
        (0..USERS).map(|n| user(&of(n), &[&format!("{}@contoso.com", of(n))])).collect();
    operations.push(json!({"method": "POST", "path": "/Groups", "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "externalId": group, "displayName": group,
    }}));
    let members: Vec<Value> = [of(0), of(USERS - 1)].into_iter().map(|id| json!({"value": id})).collect();
    operations.push(json!({"method": "PATCH", "path": format!("/Groups/{group}"), "data": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": members}],
    }}));
    operations
}

impl Lockstep {
    /// That every answered batch is there, whole, and no half of any other.
    ///
    /// # Errors
    /// What is missing, or too much.
    pub fn holds(&self, answered: &Answered) -> Result<()> {
        let tenant = self.tenant(&["displayName"], false)?;
        let mut users: BTreeMap<(String, u64), usize> = BTreeMap::new();
        let mut groups: BTreeMap<(String, u64), usize> = BTreeMap::new();
        for (anchor, object) in &tenant.objects {
            let mut parts = anchor.split('-');
            let (Some(name), Some(number)) = (parts.next(), parts.next()) else { continue };
            let key = (name.to_owned(), number.parse()?);
            if object.kind == "group" {
                let members =
                    self.pages(&format!("/v1.0/groups/{}/members?$select=id&$top=999", object.id))?;
                groups.insert(key, members.len());
            } else {
                *users.entry(key).or_default() += 1;
            }
        }
        for (name, batches) in &answered.batches {
            for number in 0..*batches {
                let key = (name.clone(), number);
                ensure!(
                    users.get(&key) == Some(&USERS) && groups.get(&key) == Some(&2),
                    "batch {number} of {name} was answered, and of it there are {:?} users and a group of {:?}",
                    users.get(&key),
                    groups.get(&key)
                );
            }
        }
        for (key, count) in &users {
            ensure!(*count == USERS && groups.get(key) == Some(&2), "half a batch: {key:?}, {count} users");
            let batches = answered.batches.get(&key.0).copied().unwrap_or(0);
            ensure!(key.1 <= batches, "{key:?} was never sent");
        }
        ensure!(groups.keys().all(|key| users.contains_key(key)), "a group without its users");
        let (counted, ..) = self.counts()?;
        ensure!(counted == u64::try_from(users.len() * USERS)?, "{counted} users are counted");
        Ok(())
    }
}
