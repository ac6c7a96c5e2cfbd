//! Golden plans: small stories, each told as the plan that a person would see and what the run then wrote. All of
//! them are in one snapshot, so that a change of behaviour is read in review.
//!
//! Every story ends with a run that must write nothing, and in every one a plan lists what the run then does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::world::*;
use common::*;
use lockstep_engine::rules::sync_rules::OPENLDAP;
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use lockstep_model::plan::{Action, PlanReport, Verdict};
use lockstep_model::provisioning::RunResult;
use lockstep_model::{PropertyValue, SyncError};
use lockstep_sync::{LeftScope, MappingSettings, Rules, RulesDocument, ScopeSettings, SyncSettings};
use std::fmt::Write;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const STAFF: &str = "ou=staff,dc=contoso,dc=com";

struct Story {
    world: World,
    settings: SyncSettings,
    text: String,
    /// Objects that the last plan would write; none where no plan was asked for since.
    planned: Option<usize>,
}

impl Story {
    fn directory(&mut self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.world.directory.lock().unwrap());
    }

    async fn plan(&mut self) {
        let client = self.world.client_of(self.settings.clone());
        let plan = client.preview(100, None, CancellationToken::new()).await.unwrap();
        self.planned = matches!(plan.summary.verdict, Verdict::Pass).then(|| {
            plan.items.iter().map(|item| &item.anchor).collect::<std::collections::BTreeSet<_>>().len()
        });
        self.text.push_str(&plan_text(&plan));
    }

    async fn run(&mut self) -> Option<RunResult> {
        self.world.tenant.state.lock().unwrap().log.clear();
        let client = self.world.client_of(self.settings.clone());
        let ended = client.once(false, CancellationToken::new()).await;
        drop(client);
        let log = std::mem::take(&mut self.world.tenant.state.lock().unwrap().log);
        match &ended {
            Ok(record) => {
                let _ = writeln!(self.text, "run   {:?}: {}", record.result, log.join(", "));
            }
            Err(error) => {
                let _ = writeln!(self.text, "run   failed: {}", error.whole_text());
            }
        }
        let objects: std::collections::BTreeSet<_> =
            log.iter().map(|line| line.rsplit(' ').next().unwrap_or_default()).collect();
        if let Some(planned) = self.planned.take() {
            assert_eq!(objects.len(), planned, "a plan lists what the run does\n{}", self.text);
        }
        ended.ok().map(|record| record.result)
    }

    async fn plan_and_run(&mut self) {
        self.plan().await;
        self.run().await;
    }

    /// Approves what the last plan would take away.
    async fn approve(&mut self) {
        let client = self.world.client_of(self.settings.clone());
        let plan = client.preview(0, None, CancellationToken::new()).await.unwrap();
        client.approve(&plan.summary.deletions_digest, "ann").await.unwrap();
        let _ = writeln!(self.text, "ann   approves");
    }

    fn cloud(&mut self) {
        let _ = writeln!(self.text, "cloud {}", self.world.tenant.names().join(" "));
    }

    fn members(&mut self, group: &str) {
        let _ = writeln!(self.text, "{group}    {}", self.world.tenant.members(group).join(" "));
    }

    /// A second directory, whose people are joined by their address or else are people themselves.
    fn personnel(&mut self, link: &str) {
        let directory = Directory::shared();
        directory.lock().unwrap().ou("base", "o=hr");
        self.world.further.push(directory);
        let rule = format!(
            "\n[[rule]]\nname = \"personnel\"\ndirection = \"inbound\"\nprecedence = 10\nfrom = [\"hr\"]\n\
             source_types = [\"inetOrgPerson\"]\nmetaverse_type = \"person\"\nlink_type = \"{link}\"\n\
             join = [{{ all = [{{ source = \"mail\", metaverse = \"mail\" }}] }}]\n\
             flow = [{{ to = \"title\", direct = \"title\" }}, {{ to = \"mail\", expression = 'FirstText([mail])' }}, \
             {{ to = \"displayName\", expression = 'FirstText([cn])' }}]\n"
        );
        self.rules_of(&format!("{OPENLDAP}{rule}"), vec!["hr".into()]);
    }

    fn hired(&mut self, name: &str, mail: &str, title: &str) {
        let mut directory = self.world.further[0].lock().unwrap();
        let class = ["inetOrgPerson"];
        let attributes: &[(&str, &[&str])] =
            &[("objectclass", &class), ("cn", &[name]), ("mail", &[mail]), ("title", &[title])];
        directory.put(name, &format!("cn={name},o=hr"), attributes);
    }

    fn rules(&mut self, text: &str) {
        self.rules_of(text, Vec::new());
    }

    fn rules_of(&mut self, text: &str, sources: Vec<String>) {
        let document = RulesDocument::Set { file: "rules.toml".into(), text: text.into(), sources };
        self.settings.rules = Arc::new(Rules::new(document).unwrap_or_else(|problems| panic!("{problems}")));
    }
}

fn plan_text(plan: &PlanReport) -> String {
    let mut text = String::new();
    for item in &plan.items {
        let action = match item.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        let _ = write!(text, "plan  {action} {} {}", item.kind, item.anchor);
        if let Some(reason) = item.reason {
            let _ = write!(text, " ({reason:?})");
        }
        if item.action == Action::Update {
            for change in &item.changes {
                let _ = write!(
                    text,
                    "\n        {} {} -> {}",
                    change.property,
                    shown(change.before.as_ref()),
                    shown(change.after.as_ref())
                );
            }
        }
        if let Some((before, after)) = &item.manager {
            let name = |anchor: &Option<_>| anchor.as_ref().map_or("nobody".to_owned(), ToString::to_string);
            let _ = write!(text, "\n        manager {} -> {}", name(before), name(after));
        }
        if item.members_added + item.members_removed > 0 {
            let _ = write!(text, "\n        members +{} -{}", item.members_added, item.members_removed);
        }
        text.push('\n');
    }
    for SyncError { code, message, .. } in &plan.errors {
        let _ = writeln!(text, "error {code}: {message}");
    }
    match &plan.summary.verdict {
        Verdict::Held { reason, .. } => {
            let _ = writeln!(text, "held  {reason}");
        }
        Verdict::Pass if plan.items.is_empty() => text.push_str("plan  nothing\n"),
        Verdict::Pass => {}
    }
    text
}

fn shown(value: Option<&PropertyValue>) -> String {
    value.map_or("nothing".into(), |value| serde_json::to_string(value).unwrap())
}

/// Three people and the first run behind them.
async fn story(all: &mut String, name: &str, tell: impl AsyncFnOnce(&mut Story)) {
    let world = World::new(organization(3));
    world.directory.lock().unwrap().ou("ou-staff", STAFF);
    let mut story = Story { world, settings: settings(OPEN), text: String::new(), planned: None };
    story.run().await;
    story.text.clear();
    tell(&mut story).await;
    let _ = write!(all, "## {name}\n{}", story.text);
    story.text.clear();
    let last = story.run().await;
    let held = last == Some(RunResult::StoppedDeletionThresholdExceeded);
    assert!(held || !story.text.contains(": post"), "{name}: a second run writes again\n{}", story.text);
    all.push('\n');
}

const fn threshold(count: u64, percent: u8) -> DeletionThreshold {
    DeletionThreshold { count, percent }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans() {
    let mut told = String::new();
    let all = &mut told;
    let g = |name: &str| format!("cn={name},{GROUPS}");

    story(all, "nothing changed", async |s| s.plan_and_run().await).await;
    story(all, "a person comes", async |s| {
        s.directory(|d| d.person("new", PEOPLE));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a person changes the name", async |s| {
        s.directory(|d| d.set("p000", "sn", &["Lee"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a value goes", async |s| {
        s.directory(|d| d.set("p000", "title", &["Clerk"]));
        s.run().await;
        s.directory(|d| d.set("p000", "title", &[]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "an attribute that no rule reads changes", async |s| {
        s.directory(|d| d.set("p000", "pager", &["1"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a second address comes", async |s| {
        s.directory(|d| d.set("p000", "mail", &["p000@contoso.com", "p@contoso.com"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "the primary address changes", async |s| {
        s.directory(|d| d.set("p000", "mail", &["ann@contoso.com", "p000@contoso.com"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "an entry is renamed", async |s| {
        s.directory(|d| d.rename("p000", &format!("uid=ann,{PEOPLE}")));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a renamed entry stays a member", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000")]));
        s.run().await;
        s.directory(|d| {
            d.rename("p000", &format!("uid=ann,{PEOPLE}"));
            d.group("g1", GROUPS, &[&format!("uid=ann,{PEOPLE}")]);
        });
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "an entry moves to another container", async |s| {
        s.directory(|d| d.rename("p000", &format!("uid=p000,{STAFF}")));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a container is renamed", async |s| {
        s.directory(|d| d.rename("ou-people", "ou=folk,dc=contoso,dc=com"));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a person goes", async |s| {
        s.directory(|d| d.delete("p000"));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a member goes", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000"), &dn("p001")]));
        s.run().await;
        s.directory(|d| {
            d.delete("p000");
            d.group("g1", GROUPS, &[&dn("p001")]);
        });
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "an account is made anew under the same name", async |s| {
        s.directory(|d| {
            d.delete("p000");
            d.person("p000-again", PEOPLE);
            d.rename("p000-again", &dn("p000"));
            d.set("p000-again", "uid", &["p000"]);
            d.set("p000-again", "mail", &["p000@contoso.com"]);
        });
        s.plan_and_run().await;
        s.cloud();
    })
    .await;
    story(all, "a deleted entry comes back before the next run", async |s| {
        s.directory(|d| {
            d.delete("p000");
            d.person("p000", PEOPLE);
        });
        s.plan_and_run().await;
    })
    .await;
    story(all, "a deleted entry comes back after it", async |s| {
        s.directory(|d| d.delete("p000"));
        s.run().await;
        s.directory(|d| d.person("p000", PEOPLE));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a person becomes a group", async |s| {
        s.directory(|d| {
            d.set("p000", "objectclass", &["groupOfNames"]);
            d.set("p000", "member", &[&dn("p001")]);
        });
        s.plan_and_run().await;
        s.cloud();
    })
    .await;
    story(all, "a person becomes something else", async |s| {
        s.directory(|d| d.set("p000", "objectclass", &["device"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a group comes with its members", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000"), &dn("p001")]));
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "one member comes, one goes", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000"), &dn("p001")]));
        s.run().await;
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p001"), &dn("p002")]));
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "the same members in another order and spelling", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000"), &dn("p001")]));
        s.run().await;
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p001").to_uppercase(), &dn("p000").replace(',', ", ")]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "groups in groups", async |s| {
        s.directory(|d| {
            d.group("g1", GROUPS, &[&g("g2")]);
            d.group("g2", GROUPS, &[&g("g3")]);
            d.group("g3", GROUPS, &[&dn("p000")]);
        });
        s.plan_and_run().await;
        s.members("g1");
        s.members("g2");
    })
    .await;
    story(all, "groups in a ring", async |s| {
        s.directory(|d| {
            d.group("g1", GROUPS, &[&g("g2")]);
            d.group("g2", GROUPS, &[&g("g1")]);
        });
        s.plan_and_run().await;
        s.members("g1");
        s.members("g2");
    })
    .await;
    story(all, "a group that is its own member", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&g("g1")]));
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "a member who comes later", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &[&dn("late"), &dn("p000")]));
        s.plan_and_run().await;
        s.directory(|d| d.person("late", PEOPLE));
        s.plan_and_run().await;
        s.members("g1");
    })
    .await;
    story(all, "a member out of scope", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &["ou=staff,dc=contoso,dc=com", &dn("p000")]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a member that is no name", async |s| {
        s.directory(|d| d.group("g1", GROUPS, &["nobody in particular", &dn("p000")]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a manager, and then another", async |s| {
        s.directory(|d| d.set("p000", "manager", &[&dn("p001")]));
        s.plan_and_run().await;
        s.directory(|d| d.set("p000", "manager", &[&dn("p002")]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a manager who goes", async |s| {
        s.directory(|d| d.set("p000", "manager", &[&dn("p001")]));
        s.run().await;
        s.directory(|d| d.delete("p001"));
        s.plan_and_run().await;
    })
    .await;
    story(all, "managers in a ring", async |s| {
        s.directory(|d| {
            d.set("p000", "manager", &[&dn("p001")]);
            d.set("p001", "manager", &[&dn("p000")]);
        });
        s.plan_and_run().await;
    })
    .await;
    story(all, "one object is refused, the others are written", async |s| {
        s.world.tenant.state.lock().unwrap().refuse.insert(anchor("p001"));
        s.directory(|d| {
            for name in ["p000", "p001", "p002"] {
                d.set(name, "sn", &["Lee"]);
            }
        });
        s.run().await;
        s.world.tenant.state.lock().unwrap().refuse.clear();
        s.plan_and_run().await;
    })
    .await;
    story(all, "an answer is lost", async |s| {
        s.directory(|d| d.set("p000", "sn", &["Lee"]));
        s.world.tenant.state.lock().unwrap().lose_answers = 1;
        s.run().await;
        s.run().await;
    })
    .await;
    story(all, "the state is lost", async |s| {
        s.directory(|d| {
            d.group("g1", GROUPS, &[&dn("p000")]);
            d.set("p000", "sn", &["Lee"]);
        });
        s.run().await;
        s.world.forget_state();
        s.plan_and_run().await;
    })
    .await;
    story(all, "the state is lost while someone goes and someone changes", async |s| {
        s.world.forget_state();
        s.directory(|d| {
            d.delete("p000");
            d.set("p001", "sn", &["Lee"]);
        });
        s.run().await;
        s.cloud();
    })
    .await;
    story(all, "more go than may", async |s| {
        s.settings.threshold = threshold(1, 100);
        s.directory(|d| {
            d.delete("p000");
            d.delete("p001");
            d.set("p002", "sn", &["Lee"]);
        });
        s.plan_and_run().await;
        s.cloud();
        s.approve().await;
        s.plan().await;
        s.planned = None;
        s.run().await;
        s.cloud();
    })
    .await;
    story(all, "more go after the word than were approved", async |s| {
        s.settings.threshold = threshold(1, 100);
        s.directory(|d| {
            d.delete("p000");
            d.delete("p001");
        });
        s.run().await;
        s.approve().await;
        s.directory(|d| d.delete("p002"));
        s.plan_and_run().await;
        s.cloud();
    })
    .await;
    story(all, "so few may always go, whatever the percentage", async |s| {
        s.settings.threshold = threshold(500, 30);
        s.directory(|d| d.delete("p000"));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a group loses most of its members", async |s| {
        s.settings.members = MemberThreshold { percent: 50, least: 3 };
        let all = [dn("p000"), dn("p001"), dn("p002")];
        s.directory(|d| d.group("g1", GROUPS, &all.each_ref().map(String::as_str)));
        s.run().await;
        s.directory(|d| d.group("g1", GROUPS, &[&dn("p000")]));
        s.plan_and_run().await;
        s.members("g1");
        s.approve().await;
        s.run().await;
        s.members("g1");
    })
    .await;
    story(all, "a value goes from many at once", async |s| {
        s.directory(|d| ["p000", "p001", "p002"].iter().for_each(|name| d.set(name, "title", &["Clerk"])));
        s.run().await;
        s.settings.threshold = threshold(2, 100);
        s.directory(|d| ["p000", "p001", "p002"].iter().for_each(|name| d.set(name, "title", &[])));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a container is left out", async |s| {
        s.directory(|d| d.person("s1", STAFF));
        s.run().await;
        s.settings.scope = ScopeSettings { include: vec![], exclude: vec![STAFF.into()] };
        s.plan_and_run().await;
    })
    .await;
    story(all, "a chosen container is renamed", async |s| {
        s.settings.scope = ScopeSettings { include: vec![PEOPLE.into()], exclude: vec![] };
        s.run().await;
        s.directory(|d| d.rename("ou-people", "ou=folk,dc=contoso,dc=com"));
        s.plan_and_run().await;
    })
    .await;
    story(all, "what leaves the scope is disabled, and comes back", async |s| {
        s.settings.scope = ScopeSettings { include: vec![PEOPLE.into()], exclude: vec![] };
        s.settings.left_scope = LeftScope::Disable;
        s.run().await;
        s.directory(|d| d.rename("p000", &format!("uid=p000,{STAFF}")));
        s.plan_and_run().await;
        s.directory(|d| d.rename("p000", &dn("p000")));
        s.plan_and_run().await;
    })
    .await;
    story(all, "what leaves the scope is kept", async |s| {
        s.settings.scope = ScopeSettings { include: vec![PEOPLE.into()], exclude: vec![] };
        s.settings.left_scope = LeftScope::Keep;
        s.run().await;
        s.directory(|d| d.rename("p000", &format!("uid=p000,{STAFF}")));
        s.plan_and_run().await;
    })
    .await;
    story(all, "the sign-in name comes from another attribute", async |s| {
        s.directory(|d| d.set("p000", "employeenumber", &["7@contoso.com"]));
        s.run().await;
        let settings = MappingSettings { user_name_attribute: "employeeNumber".into(), ..Default::default() };
        s.settings.rules = Arc::new(Rules::built_in(settings));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a rule set in place of the built-in mapping", async |s| {
        s.rules(OPENLDAP);
        s.plan_and_run().await;
    })
    .await;
    story(all, "of two rules that give a value the lower number wins", async |s| {
        let rule = |precedence: u32, text: &str| {
            format!(
                "\n[[rule]]\nname = \"{text}\"\ndirection = \"inbound\"\nprecedence = {precedence}\n\
                 source_types = [\"inetOrgPerson\"]\nmetaverse_type = \"person\"\nlink_type = \"Join\"\n\
                 flow = [{{ to = \"company\", constant = \"{text}\" }}]\n"
            )
        };
        s.rules(&format!("{OPENLDAP}{}{}", rule(20, "second"), rule(10, "first")));
        s.plan_and_run().await;
        s.rules(&format!("{OPENLDAP}{}{}", rule(20, "second"), rule(30, "third")));
        s.plan_and_run().await;
    })
    .await;
    story(all, "a rule goes wrong for one", async |s| {
        s.rules(&OPENLDAP.replacen(
            r#"expression = 'FirstText([o])'"#,
            r#"expression = 'IIF(Contains([title], "Bad") > 0, Error("no Bads"), FirstText([o]))'"#,
            1,
        ));
        s.directory(|d| {
            d.set("p000", "title", &["Bad"]);
            d.set("p001", "title", &["Good"]);
        });
        s.plan_and_run().await;
    })
    .await;
    story(all, "an entry of a second source is joined, changes and goes", async |s| {
        s.personnel("Join");
        s.hired("x", "P000@contoso.com", "Head");
        s.hired("nobody", "nobody@contoso.com", "Unknown");
        s.plan_and_run().await;
        s.hired("x", "p000@contoso.com", "Chief");
        s.plan_and_run().await;
        s.world.further[0].lock().unwrap().delete("x");
        s.plan_and_run().await;
        s.cloud();
    })
    .await;
    story(all, "the address moves on, and the joined entry with it", async |s| {
        s.personnel("Join");
        s.hired("x", "p000@contoso.com", "Head");
        s.run().await;
        s.directory(|d| {
            d.set("p000", "mail", &["old@contoso.com"]);
            d.set("p001", "mail", &["p000@contoso.com"]);
        });
        s.plan_and_run().await;
    })
    .await;
    story(all, "somebody of the second source comes to the first, and leaves it", async |s| {
        s.personnel("Provision");
        s.hired("x", "late@contoso.com", "Head");
        s.plan_and_run().await;
        s.cloud();
        s.directory(|d| d.person("late", PEOPLE));
        s.plan_and_run().await;
        s.cloud();
        s.directory(|d| d.delete("late"));
        s.plan_and_run().await;
        s.cloud();
    })
    .await;
    story(all, "two candidates for one entry, then one", async |s| {
        s.personnel("Join");
        s.directory(|d| d.set("p001", "mail", &["p000@contoso.com"]));
        s.hired("x", "p000@contoso.com", "Head");
        s.plan_and_run().await;
        s.directory(|d| d.set("p001", "mail", &["p001@contoso.com"]));
        s.plan_and_run().await;
    })
    .await;
    story(all, "two entries for one person, then one", async |s| {
        s.personnel("Join");
        s.hired("x", "p000@contoso.com", "Head");
        s.hired("y", "P000@contoso.com", "Chief");
        s.plan_and_run().await;
        s.world.further[0].lock().unwrap().delete("y");
        s.plan_and_run().await;
    })
    .await;
    let stories = told.matches("## ").count();
    assert!(stories >= 40, "{stories} stories");
    insta::assert_snapshot!("plans", told);
}
