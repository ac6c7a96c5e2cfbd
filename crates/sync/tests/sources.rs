//! Several sources: entries of further ones are joined to people of the first. Who belongs to whom hangs on what is there,
//! and not on what came first.
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
use lockstep_model::plan::{Action, DeleteReason};
use lockstep_model::provisioning::RunResult;
use lockstep_model::{ErrorCode, Property};
use lockstep_sync::{Rules, RulesDocument, SyncSettings};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// People and groups of the first source as ever; the personnel system knows titles and departments, joined by number or
/// else by address, and has people of its own; the telephone book knows numbers, joined by what the personnel system
/// knows, or by address.
const FURTHER: &str = r#"
[[rule]]
name = "In from personnel - Person"
direction = "inbound"
precedence = 50
from = ["hr"]
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Provision"
join = [
    { all = [{ source = "employeeNumber", metaverse = "employeeID" }] },
    { all = [{ source = "mail", metaverse = "mail" }] },
]
flow = [
    { to = "title", direct = "title" },
    { to = "department", expression = 'FirstText([departmentNumber])' },
    { to = "displayName", expression = 'FirstText([cn])' },
    { to = "manager", direct = "manager" },
    { to = "mail", expression = 'FirstText([mail])' },
    { to = "proxyAddresses", expression = 'ProxyAddresses([mail])' },
    { to = "sourceAnchor", direct = "sourceAnchor" },
    { to = "accountEnabled", constant = true },
]

[[rule]]
name = "In from personnel - Contractor"
direction = "inbound"
precedence = 60
from = ["hr"]
source_types = ["person"]
metaverse_type = "person"
link_type = "Join"
join = [{ all = [{ source = "mail", metaverse = "mail" }] }]
flow = [{ to = "company", direct = "o" }]

[[rule]]
name = "In from telephones"
direction = "inbound"
precedence = 70
from = ["telephones"]
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Join"
join = [
    { all = [{ source = "title", metaverse = "title" }, { source = "sn", metaverse = "sn" }] },
    { all = [{ source = "mail", metaverse = "mail" }] },
]
flow = [
    { to = "mobile", expression = 'FirstText([telephoneNumber])' },
    { to = "cloudFiltered", expression = 'IIF(FirstText([description]) = "hide", True, NULL)' },
]

[[rule]]
name = "Hidden"
direction = "inbound"
precedence = 5
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Join"
scope = [{ all = [{ attribute = "employeeType", operator = "EQUAL", value = "hidden" }] }]
flow = [{ to = "cloudFiltered", constant = true }]

[[rule]]
name = "In from personnel - Group"
direction = "inbound"
precedence = 80
from = ["hr"]
source_types = ["groupOfNames"]
metaverse_type = "group"
link_type = "Provision"
join = [{ all = [{ source = "cn", metaverse = "displayName" }] }]
flow = [
    { to = "member", direct = "member", merge = "merge" },
    { to = "displayName", expression = 'FirstText([cn])' },
    { to = "securityEnabled", constant = true },
    { to = "sourceAnchor", direct = "sourceAnchor" },
]
"#;

const HR: &str = "ou=staff,o=hr";

fn rules() -> Arc<Rules> {
    let text = format!("{OPENLDAP}{FURTHER}");
    let sources = vec!["hr".to_owned(), "telephones".to_owned()];
    let document = RulesDocument::Set { file: "rules.toml".into(), text, sources };
    Arc::new(Rules::new(document).unwrap_or_else(|problems| panic!("{problems}")))
}

fn with_rules() -> SyncSettings {
    SyncSettings { rules: rules(), ..settings(OPEN) }
}

fn world(people: usize) -> World {
    let further = [HR, "ou=book,o=telephones"].map(|base| {
        let directory = Directory::shared();
        directory.lock().unwrap().ou("base", base);
        directory
    });
    World { further: further.to_vec(), ..World::new(organization(people)) }
}

/// Someone in the personnel system.
fn hired(d: &mut Directory, name: &str, more: &[(&str, &[&str])]) {
    let mut attributes: Vec<(&str, &[&str])> = vec![("objectclass", &["inetOrgPerson"])];
    let own = [name];
    attributes.push(("cn", &own));
    attributes.extend(more);
    d.put(name, &format!("cn={name},{HR}"), &attributes);
}

impl World {
    fn hr(&self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.further[0].lock().unwrap());
    }

    fn telephones(&self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.further[1].lock().unwrap());
    }

    async fn run(&self) -> RunResult {
        let client = self.client_of(with_rules());
        let record = client.once(false, CancellationToken::new()).await.unwrap();
        drop(client);
        let writes = self.tenant.writes();
        let again = self.client_of(with_rules()).once(false, CancellationToken::new()).await.unwrap();
        assert_eq!(self.tenant.writes(), writes, "a second run writes nothing ({:?})", again.result);
        record.result
    }

    fn errors(&self) -> BTreeMap<String, Vec<String>> {
        let state = self.tenant.state.lock().unwrap();
        let text = |error: &lockstep_model::SyncError| format!("{}: {}", error.code, error.message);
        let told = state.errors.iter();
        told.map(|(anchor, errors)| (anchor.to_string(), errors.iter().map(text).collect())).collect()
    }

    fn title(&self, name: &str) -> Option<String> {
        self.tenant.text(name, Property::JobTitle)
    }
}

#[tokio::test]
async fn what_a_further_source_knows_goes_to_the_person_it_is_about() {
    let world = world(3);
    world.hr(|d| {
        hired(d, "x0", &[("mail", &["P000@contoso.com"]), ("title", &["Head"])]);
        hired(d, "x1", &[("mail", &["new@contoso.com"]), ("title", &["Newcomer"])]);
    });
    world.run().await;
    assert_eq!(world.title("p000").as_deref(), Some("Head"));
    // Nobody of the first source: a person by itself, under an anchor that names its source.
    assert_eq!(world.tenant.names(), ["hr:x1", "p000", "p001", "p002"]);
    assert_eq!(world.title("hr:x1").as_deref(), Some("Newcomer"));
    // The personnel system's rule has the lower number: its name wins.
    assert_eq!(world.tenant.text("p000", Property::DisplayName).as_deref(), Some("x0"));
    let client = world.client_of(with_rules());
    let told = client.explain("p000", None).await.unwrap().unwrap();
    let title = told.values.iter().find(|value| value.property == Property::JobTitle).unwrap();
    assert!(title.rule.contains("\"In from personnel - Person\" (hr): [title]"), "{}", title.rule);
    drop(client);

    // A value that its source loses falls back to the next rule; an entry that goes takes all of its values.
    world.hr(|d| d.set("x0", "title", &[]));
    world.directory.lock().unwrap().set("p000", "title", &["Own"]);
    world.run().await;
    assert_eq!(world.title("p000").as_deref(), Some("Own"));
    world.hr(|d| d.delete("x0"));
    world.run().await;
    assert_eq!(world.tenant.text("p000", Property::DisplayName).as_deref(), Some("p000"));
    assert!(world.errors().is_empty());
}

#[tokio::test]
async fn the_first_group_of_clauses_with_one_hit_wins() {
    let world = world(3);
    world.directory.lock().unwrap().set("p001", "employeenumber", &["7"]);
    // The number says p001, the address p000.
    world.hr(|d| {
        let more: &[(&str, &[&str])] =
            &[("employeenumber", &["7"]), ("mail", &["p000@contoso.com"]), ("title", &["Seven"])];
        hired(d, "x", more);
    });
    world.run().await;
    assert_eq!((world.title("p000"), world.title("p001").as_deref()), (None, Some("Seven")));
    // The number goes elsewhere: the entry follows it.
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "employeenumber", &[]);
        d.set("p002", "employeenumber", &["7"]);
    }
    world.run().await;
    assert_eq!((world.title("p001"), world.title("p002").as_deref()), (None, Some("Seven")));
    world.directory.lock().unwrap().set("p002", "employeenumber", &[]);
    world.run().await;
    assert_eq!((world.title("p002"), world.title("p000").as_deref()), (None, Some("Seven")));
}

#[tokio::test]
async fn an_ambiguous_join_is_an_error_that_names_the_candidates() {
    let world = world(3);
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p000", "mail", &["same@contoso.com"]);
        d.set("p001", "mail", &["same@contoso.com"]);
    }
    world.hr(|d| hired(d, "x", &[("mail", &["same@contoso.com"]), ("title", &["Who?"])]));
    assert_eq!(world.run().await, RunResult::CompletedWithErrors);
    assert_eq!((world.title("p000"), world.title("p001")), (None, None));
    let errors = world.errors();
    let [error] = errors["hr:x"].as_slice() else { panic!("{errors:?}") };
    assert!(error.starts_with("AmbiguousJoin"), "{error}");
    for name in ["p000", "p001"] {
        assert!(error.contains(&dn(name)), "{error}");
    }
    assert!(!world.tenant.names().contains(&"hr:x".to_owned()), "nothing is made of it meanwhile");

    let client = world.client_of(with_rules());
    let told = client.explain("hr:x", None).await.unwrap().unwrap();
    assert_eq!(told.errors.iter().map(|error| error.code).collect::<Vec<_>>(), [ErrorCode::AmbiguousJoin]);
    drop(client);

    world.directory.lock().unwrap().set("p001", "mail", &["p001@contoso.com"]);
    assert_eq!(world.run().await, RunResult::Success);
    assert_eq!(world.title("p000").as_deref(), Some("Who?"));
    assert!(world.errors().is_empty(), "{:?}", world.errors());
}

#[tokio::test]
async fn two_of_one_source_cannot_be_one_person() {
    let world = world(2);
    world.directory.lock().unwrap().set("p000", "employeenumber", &["7"]);
    world.hr(|d| {
        hired(d, "x", &[("employeenumber", &["7"]), ("title", &["By number"])]);
        hired(d, "y", &[("mail", &["p000@contoso.com"]), ("title", &["By address"])]);
    });
    world.run().await;
    assert_eq!(world.title("p000"), None);
    let errors = world.errors();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["hr:x", "hr:y"]);
    for error in errors.values().flatten() {
        assert!(error.contains("cn=x") && error.contains("cn=y") && error.contains(&dn("p000")), "{error}");
    }
    // The one that goes leaves the person to the other.
    world.hr(|d| d.delete("x"));
    assert_eq!(world.run().await, RunResult::Success);
    assert_eq!(world.title("p000").as_deref(), Some("By address"));
    assert!(world.errors().is_empty(), "{:?}", world.errors());
}

#[tokio::test]
async fn a_person_of_the_second_source_who_comes_to_the_first_is_one_person() {
    let world = world(1);
    world.hr(|d| hired(d, "x", &[("mail", &["late@contoso.com"]), ("title", &["Early"])]));
    world.run().await;
    assert_eq!(world.tenant.names(), ["hr:x", "p000"]);

    world.directory.lock().unwrap().person("late", PEOPLE);
    let client = world.client_of(with_rules());
    let plan = client.preview(10, None, CancellationToken::new()).await.unwrap();
    drop(client);
    let items: Vec<_> =
        plan.items.iter().map(|item| (item.action, item.anchor.as_str(), item.reason)).collect();
    assert_eq!(items, [(Action::Delete, "hr:x", Some(DeleteReason::Joined)), (Action::Create, "late", None)]);
    world.run().await;
    assert_eq!(world.tenant.names(), ["late", "p000"]);
    assert_eq!(world.title("late").as_deref(), Some("Early"));

    // And back: who leaves the first source is what the second makes of it.
    world.directory.lock().unwrap().delete("late");
    world.run().await;
    assert_eq!(world.tenant.names(), ["hr:x", "p000"]);
}

#[tokio::test]
async fn references_within_each_source_mean_the_joined_people() {
    let world = world(3);
    world.hr(|d| {
        hired(d, "boss", &[("mail", &["p000@contoso.com"])]);
        let more: &[(&str, &[&str])] =
            &[("mail", &["p001@contoso.com"]), ("manager", &["cn=boss,ou=staff,o=hr"])];
        hired(d, "worker", more);
        d.group("board", HR, &["cn=boss,ou=staff,o=hr", "cn=alone,ou=staff,o=hr"]);
        hired(d, "alone", &[("mail", &["alone@contoso.com"])]);
    });
    world.directory.lock().unwrap().group("board", GROUPS, &[&dn("p002")]);
    world.run().await;
    let manager = world.tenant.state.lock().unwrap().objects[&anchor("p001")].manager.clone();
    assert_eq!(manager, Some(anchor("p000")));
    assert_eq!(world.tenant.members("board"), ["hr:alone", "p000", "p002"], "members of both sources");

    // A person who becomes one of the first source stays a member under the new name.
    world.directory.lock().unwrap().person("alone", PEOPLE);
    world.run().await;
    assert_eq!(world.tenant.members("board"), ["alone", "p000", "p002"]);
}

#[tokio::test]
async fn a_third_source_joins_what_the_first_two_make_together() {
    let world = world(2);
    world.hr(|d| hired(d, "x", &[("mail", &["p000@contoso.com"]), ("title", &["Pilot"])]));
    world.telephones(|d| {
        let attributes: &[(&str, &[&str])] = &[
            ("objectclass", &["inetOrgPerson"]),
            ("cn", &["1"]),
            ("sn", &["S"]),
            ("title", &["pilot"]),
            ("telephonenumber", &["+1 555"]),
        ];
        d.put("n1", "cn=1,ou=book,o=telephones", attributes);
    });
    world.run().await;
    let phone = |world: &World, name: &str| world.tenant.text(name, Property::MobilePhone);
    assert_eq!(phone(&world, "p000").as_deref(), Some("+1 555"), "the title is the personnel system's");
    world.hr(|d| d.set("x", "mail", &["p001@contoso.com"]));
    world.run().await;
    assert_eq!((phone(&world, "p000"), phone(&world, "p001").as_deref()), (None, Some("+1 555")));
    world.hr(|d| d.delete("x"));
    world.run().await;
    assert_eq!(phone(&world, "p001"), None);
}

#[tokio::test]
async fn a_source_that_fails_leaves_all_as_it_is() {
    let world = world(3);
    world.hr(|d| hired(d, "x", &[("mail", &["p000@contoso.com"]), ("title", &["Head"])]));
    world.run().await;
    let before = world.tenant.state.lock().unwrap().objects.clone();
    world.directory.lock().unwrap().delete("p002");
    world.hr(|d| {
        d.fail = Some((0, || lockstep_sources::SourceError::Configuration {
            at: "personnel".into(),
            problem: "it is away".into(),
        }));
    });
    let failed = world.client_of(with_rules()).once(true, CancellationToken::new()).await;
    assert!(failed.unwrap_err().whole_text().contains("it is away"));
    assert_eq!(world.tenant.state.lock().unwrap().objects, before);
    world.run().await;
    assert_eq!(world.tenant.names(), ["p000", "p001"]);
    assert_eq!(world.title("p000").as_deref(), Some("Head"));
}

#[tokio::test]
async fn one_object_is_synced_with_what_is_joined_to_it() {
    let world = world(2);
    world.hr(|d| hired(d, "x", &[("mail", &["p000@contoso.com"]), ("title", &["Head"])]));
    world.run().await;
    world.hr(|d| d.set("x", "title", &["Chief"]));
    let client = world.client_of(with_rules());
    let report = client.sync_object("hr:x", false).await.unwrap();
    assert_eq!(world.title("p000").as_deref(), Some("Chief"), "{report:?}");
    let told = client.explain("hr:x", None).await.unwrap().unwrap();
    assert_eq!(told.anchor, anchor("p000"), "an entry that is joined is told as its object");
    drop(client);
    world.run().await;
}

#[tokio::test]
async fn a_source_that_is_no_more_takes_what_it_gave() {
    let world = world(2);
    world.hr(|d| {
        hired(d, "x", &[("mail", &["p000@contoso.com"]), ("title", &["Head"])]);
        hired(d, "y", &[("mail", &["own@contoso.com"])]);
    });
    world.run().await;
    assert_eq!(world.tenant.names(), ["hr:y", "p000", "p001"]);
    let text = OPENLDAP.to_owned();
    let document = RulesDocument::Set { file: "rules.toml".into(), text, sources: Vec::new() };
    let alone = SyncSettings { rules: Arc::new(Rules::new(document).unwrap()), ..settings(OPEN) };
    let single = World { further: Vec::new(), directory: world.directory.clone(), ..world };
    // The containers of that source are not to be seen any more: that is doubt, and a person must say so.
    let held = single.client_of(alone.clone()).once(false, CancellationToken::new()).await.unwrap();
    assert_eq!(held.result, RunResult::StoppedDeletionThresholdExceeded);
    let client = single.client_of(alone);
    let plan = client.preview(10, None, CancellationToken::new()).await.unwrap();
    client.approve(&plan.summary.deletions_digest, "ann").await.unwrap();
    client.once(false, CancellationToken::new()).await.unwrap();
    assert_eq!(single.tenant.names(), ["p000", "p001"]);
    assert_eq!(single.title("p000"), None);
}

#[tokio::test]
async fn who_comes_into_the_scope_gets_what_belongs_to_it_and_loses_it_again() {
    let world = world(1);
    world.directory.lock().unwrap().ou("ou-former", "ou=former,dc=contoso,dc=com");
    world.directory.lock().unwrap().person("late", "ou=former,dc=contoso,dc=com");
    world.hr(|d| hired(d, "x", &[("mail", &["late@contoso.com"]), ("title", &["Head"])]));
    let scope = lockstep_sync::ScopeSettings { include: vec![PEOPLE.into()], exclude: Vec::new() };
    let settings = SyncSettings { scope, ..with_rules() };
    let run = async || {
        let client = world.client_of(settings.clone());
        client.once(false, CancellationToken::new()).await.unwrap();
    };
    run().await;
    assert_eq!(world.tenant.names(), ["hr:x", "p000"]);
    world.directory.lock().unwrap().rename("late", &dn("late"));
    run().await;
    assert_eq!(world.tenant.names(), ["late", "p000"]);
    assert_eq!(world.title("late").as_deref(), Some("Head"));
    world.directory.lock().unwrap().rename("late", "uid=late,ou=former,dc=contoso,dc=com");
    run().await;
    assert_eq!(world.tenant.names(), ["hr:x", "p000"]);
}

#[tokio::test]
async fn who_refers_to_a_joined_entry_hears_that_its_object_comes_and_goes() {
    let world = world(2);
    world.directory.lock().unwrap().set("p000", "employeetype", &["hidden"]);
    world.hr(|d| {
        hired(d, "y", &[("mail", &["p000@contoso.com"])]);
        let more: &[(&str, &[&str])] =
            &[("mail", &["p001@contoso.com"]), ("manager", &["cn=y,ou=staff,o=hr"])];
        hired(d, "z", more);
        d.group("team", HR, &["cn=y,ou=staff,o=hr"]);
    });
    let manager = |world: &World| {
        let state = world.tenant.state.lock().unwrap();
        state.objects[&anchor("p001")].manager.as_ref().map(ToString::to_string)
    };
    world.run().await;
    assert_eq!((manager(&world), world.tenant.members("hr:team")), (None, vec![]));
    world.directory.lock().unwrap().set("p000", "employeetype", &[]);
    world.run().await;
    assert_eq!(manager(&world).as_deref(), Some("p000"));
    assert_eq!(world.tenant.members("hr:team"), ["p000"]);
    world.directory.lock().unwrap().set("p000", "employeetype", &["hidden"]);
    world.run().await;
    assert_eq!((manager(&world), world.tenant.members("hr:team")), (None, vec![]));
}

#[tokio::test]
async fn an_object_of_a_further_source_is_hidden_and_shown_by_what_is_joined_to_it() {
    let world = world(0);
    let phone = |description: &str| {
        world.telephones(|d| {
            let attributes: &[(&str, &[&str])] = &[
                ("objectclass", &["inetOrgPerson"]),
                ("mail", &["own@contoso.com"]),
                ("description", &[description]),
            ];
            d.put("t", "cn=t,ou=book,o=telephones", attributes);
        });
    };
    world.hr(|d| hired(d, "x", &[("mail", &["own@contoso.com"])]));
    phone("show");
    world.run().await;
    assert_eq!(world.tenant.names(), ["hr:x"]);
    phone("hide");
    world.run().await;
    assert_eq!(world.tenant.names(), Vec::<String>::new());
    phone("show");
    world.run().await;
    assert_eq!(world.tenant.names(), ["hr:x"]);
}

#[tokio::test]
async fn a_rival_that_goes_elsewhere_leaves_the_person_to_the_other() {
    let world = world(2);
    world.hr(|d| {
        hired(d, "x", &[("mail", &["p000@contoso.com"]), ("title", &["X"])]);
        hired(d, "y", &[("mail", &["p000@contoso.com"]), ("employeenumber", &["9"]), ("title", &["Y"])]);
    });
    world.run().await;
    assert_eq!(world.errors().len(), 2);
    world.directory.lock().unwrap().set("p001", "employeenumber", &["9"]);
    world.run().await;
    assert_eq!((world.title("p000").as_deref(), world.title("p001").as_deref()), (Some("X"), Some("Y")));
    assert!(world.errors().is_empty(), "{:?}", world.errors());
}

#[tokio::test]
async fn an_address_that_too_many_have_is_doubt_and_costs_no_more() {
    let world = world(0);
    {
        let mut d = world.directory.lock().unwrap();
        for n in 0..120 {
            d.person(&format!("p{n:03}"), PEOPLE);
            d.set(&format!("p{n:03}"), "mail", &["all@contoso.com"]);
        }
        d.person("one", PEOPLE);
    }
    world.hr(|d| {
        for n in 0..1_100 {
            hired(d, &format!("x{n}"), &[("mail", &["one@contoso.com"]), ("title", &["Many"])]);
        }
        hired(d, "z", &[("mail", &["all@contoso.com"])]);
    });
    world.client_of(with_rules()).once(false, CancellationToken::new()).await.unwrap();
    assert_eq!(world.title("one"), None);
    let errors = world.errors();
    assert_eq!(errors.keys().filter(|anchor| anchor.starts_with("hr:")).count(), 1_101);
    assert!(errors["hr:z"][0].contains("too many"), "{:?}", errors["hr:z"]);
    assert!(errors["hr:x7"][0].contains("too many"), "{:?}", errors["hr:x7"]);
}

/// What can happen in one of the directories.
#[derive(Clone, Debug)]
enum Step {
    Person {
        source: usize,
        name: u8,
        mail: u8,
        number: u8,
        title: u8,
    },
    Contractor {
        name: u8,
        mail: u8,
    },
    Group {
        source: usize,
        name: u8,
        members: Vec<u8>,
    },
    Delete {
        source: usize,
        name: u8,
    },
    /// Out of the containers that were chosen, or back; of the first source only.
    Move {
        name: u8,
        out: bool,
    },
    Manager {
        source: usize,
        name: u8,
        manager: u8,
    },
    Run {
        full: bool,
    },
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let (source, name, few) = (0..3_usize, 0..6_u8, 0..4_u8);
    prop_oneof![
        6 => (source.clone(), name.clone(), few.clone(), few.clone(), few.clone())
            .prop_map(|(source, name, mail, number, title)| Step::Person { source, name, mail, number, title }),
        1 => (name.clone(), few).prop_map(|(name, mail)| Step::Contractor { name, mail }),
        1 => (0..2_usize, name.clone(), proptest::collection::vec(name.clone(), 0..4))
            .prop_map(|(source, name, members)| Step::Group { source, name, members }),
        3 => (source.clone(), name.clone()).prop_map(|(source, name)| Step::Delete { source, name }),
        2 => (name.clone(), any::<bool>()).prop_map(|(name, out)| Step::Move { name, out }),
        1 => (source, name.clone(), name).prop_map(|(source, name, manager)| Step::Manager { source, name, manager }),
        3 => any::<bool>().prop_map(|full| Step::Run { full }),
        1 => Just(Step::Forget),
    ]
}

const FORMER: &str = "ou=former,dc=contoso,dc=com";
const BASES: [&str; 3] = [PEOPLE, HR, "ou=book,o=telephones"];

fn carry_out(world: &World, step: &Step) {
    let directories = [&world.directory, &world.further[0], &world.further[1]];
    let dn_of = |source: usize, name: u8| format!("cn=n{name},{}", BASES[source]);
    // The number 0 stands for none.
    let some = |prefix: &str, number: u8, suffix: &str| match number {
        0 => vec![],
        n => vec![format!("{prefix}{n}{suffix}")],
    };
    match step {
        Step::Person { source, name, mail, number, title } => {
            let attributes = BTreeMap::from([
                ("objectclass".to_owned(), vec!["inetOrgPerson".to_owned()]),
                ("cn".to_owned(), vec![format!("n{name} of {source}")]),
                ("sn".to_owned(), vec!["S".to_owned()]),
                ("mail".to_owned(), some("m", *mail, "@contoso.com")),
                ("employeenumber".to_owned(), some("e", *number, "")),
                ("title".to_owned(), some("t", *title, "")),
                ("telephonenumber".to_owned(), vec![format!("{name}")]),
                ("employeetype".to_owned(), if *title == 3 { vec!["hidden".to_owned()] } else { vec![] }),
                ("description".to_owned(), if *number == 3 { vec!["hide".to_owned()] } else { vec![] }),
            ]);
            let item = Item { dn: dn_of(*source, *name), attributes };
            directories[*source].lock().unwrap().put_item(&format!("n{name}"), item);
        }
        Step::Contractor { name, mail } => {
            let attributes = BTreeMap::from([
                ("objectclass".to_owned(), vec!["person".to_owned()]),
                ("cn".to_owned(), vec![format!("n{name}")]),
                ("mail".to_owned(), some("m", *mail, "@contoso.com")),
                ("o".to_owned(), vec!["Elsewhere".to_owned()]),
            ]);
            let item = Item { dn: dn_of(1, *name), attributes };
            directories[1].lock().unwrap().put_item(&format!("n{name}"), item);
        }
        Step::Group { source, name, members } => {
            let members = members.iter().map(|name| dn_of(*source, *name)).collect();
            let attributes = BTreeMap::from([
                ("objectclass".to_owned(), vec!["groupOfNames".to_owned()]),
                ("cn".to_owned(), vec![format!("g{}", name % 3)]),
                ("member".to_owned(), members),
            ]);
            let item = Item { dn: format!("cn=g{name},{}", BASES[*source]), attributes };
            directories[*source].lock().unwrap().put_item(&format!("g{name}"), item);
        }
        Step::Delete { source, name } => {
            let mut directory = directories[*source].lock().unwrap();
            let name = format!("n{name}");
            if directory.entries.contains_key(&name) {
                directory.delete(&name);
            }
        }
        Step::Manager { source, name, manager } => {
            let mut directory = directories[*source].lock().unwrap();
            let name = format!("n{name}");
            if directory.entries.contains_key(&name) {
                directory.set(&name, "manager", &[&dn_of(*source, *manager)]);
            }
        }
        Step::Move { name, out } => {
            let mut directory = directories[0].lock().unwrap();
            let base = if *out { FORMER } else { PEOPLE };
            if directory.entries.contains_key(&format!("n{name}")) {
                directory.rename(&format!("n{name}"), &format!("cn=n{name},{base}"));
            }
        }
        Step::Run { .. } | Step::Forget => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened in whatever order, with runs and lost states in between: the tenant is what a first sync of
    /// the same directories makes it, errors included; but for entries in doubt, of which it keeps what it had.
    #[test]
    fn the_order_of_arrival_does_not_matter(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world(0);
            world.directory.lock().unwrap().ou("ou-former", FORMER);
            let scope = lockstep_sync::ScopeSettings { include: vec![PEOPLE.into()], exclude: Vec::new() };
            let chosen = || SyncSettings { scope: scope.clone(), ..with_rules() };
            for step in &steps {
                carry_out(&world, step);
                match step {
                    Step::Run { full } => {
                        world.client_of(chosen()).once(*full, CancellationToken::new()).await.unwrap();
                    }
                    Step::Forget => world.forget_state(),
                    _ => {}
                }
            }
            world.client_of(chosen()).once(false, CancellationToken::new()).await.unwrap();
            let writes = world.tenant.writes();
            world.client_of(chosen()).once(false, CancellationToken::new()).await.unwrap();
            assert_eq!(world.tenant.writes(), writes, "a second run writes nothing");

            let directory = world.directory.clone();
            let first = World { further: world.further.clone(), ..World::new(directory) };
            first.client_of(chosen()).once(true, CancellationToken::new()).await.unwrap();
            if !steps.iter().any(|step| matches!(step, Step::Forget)) {
                assert_eq!(world.errors(), first.errors());
            }
            // What the cloud has of an entry in doubt stays.
            let doubted = world.errors();
            let objects = |world: &World| {
                let mut objects = world.tenant.state.lock().unwrap().objects.clone();
                objects.retain(|anchor, _| !doubted.contains_key(anchor.as_str()));
                objects
            };
            assert_eq!(objects(&world), objects(&first));
        });
    }
}
