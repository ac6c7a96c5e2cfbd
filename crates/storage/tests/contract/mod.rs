//! What every store of a tenant must do. Each function takes a fresh, set-up store; the file beside this
//! folder runs all of them against one kind of store.

/// The names of all cases, handed to a macro that knows a kind of store.
macro_rules! every_case {
    ($then:ident) => {
        $then! {
            domains: what_refers_is_named, renamed_by_force, once_synced_is_renamed_by_force, names_follow_in_pages;
            matching: makes_updates_and_leaves_alone, deletes_and_restores_with_the_same_id, deleting_nothing_does_no_harm,
                soft_match_takes_over_by_the_primary_address, a_synced_object_is_not_taken_over, another_kind_is_refused,
                case_is_no_conflict_with_oneself, managers_in_any_order, off_and_on_again;
            quarantine: the_second_waits_and_gets_it_when_it_is_free, a_person_and_a_group, a_queue_moves_up,
                names_are_those_of_today, wrong_values_are_left_out, domains_come_and_go, a_sweep_has_nothing_to_do,
                a_placeholder_stays;
            ignored: out_of_sight_and_back, until_the_source_changes, until_the_other_object_is_another, what_clients_find;
            fixes: the_anchor_moves, the_value_is_given_up, sign_in_names_and_other_kinds, only_what_was_seen_is_done, rights_are_confirmed, before_it_was_ever_there,
                a_third_that_waits, only_those_rights_are_confirmed;
            links: links_wait_for_both_ends, changes_of_members_can_be_sent_twice, a_restored_group_begins_empty,
                rings_are_reported_and_end, links_that_stay_open_are_reported, purged_objects_are_gone;
            lists: filters, search, letters_of_all_scripts, orders_and_pages, ids_grow, errors_are_listed, what_is_deleted_is_found;
            status: set_up_again, reports, runs, activity, client_errors;
            directory: a_life_in_the_cloud, values_of_others_are_refused, what_is_synced_is_the_directorys,
                members_and_managers, owners_of_groups, versions_guard, restores_with_conflicts, found_by_external_id, a_taken_over_group,
                purged_for_good;
            kinds: contacts_and_devices, addresses_are_shared_by_all_kinds, a_contact_is_taken_over;
            changes: told_one_by_one, a_large_group, what_cannot_be_told;
            jobs: by_the_hour, taken_once, who_falls_silent_loses_it, what_failed_is_tried_again;
            photos: given_changed_and_taken_away;
            access: tokens, codes_are_changed_once, users_and_sessions, links, changes_are_told, an_administrator_stays;
            leases: a_stale_epoch_writes_nothing, sources_have_leases_of_their_own, of_many_one_wins;
            history: every_change_of_an_object, what_was_refused, memberships, found_by_what_it_says, by_run_and_time,
                kept_by_age_and_size, outlives_its_object;
        }
    };
}

pub(crate) mod access;
pub(crate) mod changes;
pub(crate) mod directory;
pub(crate) mod domains;
pub(crate) mod fixes;
pub(crate) mod history;
pub(crate) mod ignored;
pub(crate) mod jobs;
pub(crate) mod kinds;
pub(crate) mod leases;
pub(crate) mod links;
pub(crate) mod lists;
pub(crate) mod matching;
pub(crate) mod photos;
pub(crate) mod properties;
pub(crate) mod quarantine;
pub(crate) mod status;
pub(crate) mod tenants;

use lockstep_model::provisioning::{BulkOperation, OperationResult, Outcome, PostOperation};
use lockstep_model::scim::{ScimGroup, ScimPatch, ScimUser, path_of};
use lockstep_model::{
    ClientId, ErrorCode, ObjectKind, Properties, Property, SourceAnchor, SyncError, Timestamp,
};
pub(crate) use lockstep_tenant::TenantStore;
pub(crate) use lockstep_tenant::directory::{
    DirectoryOperation, DirectoryWrite, MemberChanges, ObjectChanges,
};
use lockstep_tenant::{ErrorQuery, ErrorRow, Filter, ListQuery, ObjectCounts, StoredObject, TenantSetup};

/// The initial domain of the tests' tenant.
pub(crate) const INITIAL: &str = "contoso.onlockstep.example";

/// A moment of the tests' day.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// The tests' tenant: `contoso.com` is verified, `contoso.local` is not.
pub(crate) fn setup() -> TenantSetup {
    TenantSetup {
        display_name: "Contoso".into(),
        initial_domain: INITIAL.into(),
        domains: vec![("contoso.com".into(), true), ("contoso.local".into(), false)],
    }
}

pub(crate) fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

/// An object to send.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) kind: ObjectKind,
    pub(crate) anchor: SourceAnchor,
    pub(crate) properties: Properties,
    pub(crate) manager: Option<SourceAnchor>,
}

impl Sent {
    pub(crate) fn user(name: &str) -> Self {
        Self::new(ObjectKind::User, name)
            .mail(&format!("{name}@contoso.com"))
            .upn(&format!("{name}@contoso.com"))
    }

    /// A user with neither address nor sign-in name.
    pub(crate) fn bare(name: &str) -> Self {
        Self::new(ObjectKind::User, name)
    }

    pub(crate) fn group(name: &str) -> Self {
        Self::new(ObjectKind::Group, name)
    }

    pub(crate) fn contact(name: &str) -> Self {
        Self::new(ObjectKind::Contact, name).mail(&format!("{name}@partner.example"))
    }

    pub(crate) fn device(name: &str) -> Self {
        Self::new(ObjectKind::Device, name).text(Property::OperatingSystem, "Debian")
    }

    fn new(kind: ObjectKind, name: &str) -> Self {
        let mut properties = Properties::new();
        properties.set_text(Property::DisplayName, format!("{name} of Contoso"));
        properties.set_text(Property::OnPremisesDistinguishedName, format!("cn={name},dc=contoso,dc=com"));
        Self { kind, anchor: anchor(name), properties, manager: None }
    }

    /// Sets mail and the primary address.
    pub(crate) fn mail(mut self, mail: &str) -> Self {
        self.properties.set_text(Property::Mail, mail);
        self.properties.set_list(Property::ProxyAddresses, vec![format!("SMTP:{mail}")]);
        self
    }

    pub(crate) fn address(mut self, address: &str) -> Self {
        let mut list = self.properties.list(Property::ProxyAddresses).to_vec();
        list.push(address.to_owned());
        self.properties.set_list(Property::ProxyAddresses, list);
        self
    }

    pub(crate) fn upn(self, name: &str) -> Self {
        self.text(Property::UserPrincipalName, name)
    }

    pub(crate) fn text(mut self, property: Property, text: &str) -> Self {
        self.properties.set_text(property, text);
        self
    }

    pub(crate) fn anchored(mut self, text: &str) -> Self {
        self.anchor = anchor(text);
        self
    }

    pub(crate) fn manager(mut self, name: &str) -> Self {
        self.manager = Some(anchor(name));
        self
    }

    pub(crate) fn post(&self) -> BulkOperation {
        BulkOperation::Post(match self.kind {
            ObjectKind::User => PostOperation::User(Box::new(ScimUser::from_properties(
                &self.anchor,
                &self.properties,
                self.manager.clone(),
            ))),
            ObjectKind::Group => {
                PostOperation::Group(Box::new(ScimGroup::from_properties(&self.anchor, &self.properties)))
            }
            ObjectKind::Contact => PostOperation::Contact(Box::new(ScimUser::from_properties(
                &self.anchor,
                &self.properties,
                self.manager.clone(),
            ))),
            ObjectKind::Device => {
                PostOperation::Device(Box::new(ScimGroup::from_properties(&self.anchor, &self.properties)))
            }
        })
    }

    pub(crate) fn delete(&self) -> BulkOperation {
        BulkOperation::Delete { path: path_of(self.kind, &self.anchor) }
    }

    pub(crate) fn fingerprint(&self) -> lockstep_model::Fingerprint {
        self.properties.fingerprint(self.kind, self.manager.as_ref())
    }
}

/// A change of members.
pub(crate) fn members(group: &str, add: &[&str], remove: &[&str]) -> BulkOperation {
    let list = |names: &[&str]| names.iter().map(|name| anchor(name)).collect();
    BulkOperation::Patch {
        path: path_of(ObjectKind::Group, &anchor(group)),
        data: ScimPatch::members(list(add), list(remove)),
    }
}

/// Sends operations as the tests' client.
pub(crate) async fn send(
    store: &impl TenantStore,
    operations: &[BulkOperation],
    now: Timestamp,
) -> Vec<OperationResult> {
    let client = ClientId(uuid::Uuid::nil());
    let results = store.provision(client.into(), None, operations.to_vec(), now).await.unwrap();
    assert_eq!(results.len(), operations.len());
    results
}

/// Makes a cloud-only object of what a client would send of it.
pub(crate) async fn cloud(store: &impl TenantStore, sent: &Sent, now: Timestamp) -> StoredObject {
    let mut changes = ObjectChanges::default();
    for (property, value) in sent.properties.iter() {
        if property != Property::OnPremisesDistinguishedName {
            changes.properties.insert(property, Some(value.clone()));
        }
    }
    let create = DirectoryOperation::Create { kind: sent.kind, changes };
    store.write_directory(DirectoryWrite::by("admin", create), now).await.unwrap().object
}

/// A writer of a tenant without leases.
pub(crate) fn nobody() -> lockstep_tenant::Writer {
    ClientId(uuid::Uuid::nil()).into()
}

/// Sends one operation and answers its outcome.
pub(crate) async fn one(store: &impl TenantStore, operation: BulkOperation, second: i64) -> Outcome {
    send(store, &[operation], at(second)).await.remove(0).outcome
}

/// Every living object, by id.
pub(crate) async fn everything(store: &impl TenantStore) -> Vec<StoredObject> {
    list(store, ListQuery { top: 7, ..Default::default() }).await
}

/// Every page of a list.
pub(crate) async fn list(store: &impl TenantStore, mut query: ListQuery) -> Vec<StoredObject> {
    let mut all = Vec::new();
    loop {
        let page = store.list(query.clone()).await.unwrap();
        assert!(page.items.len() <= query.top);
        all.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

/// Names of the objects of a list.
pub(crate) async fn names(store: &impl TenantStore, query: ListQuery) -> Vec<String> {
    list(store, query).await.iter().map(name_of).collect()
}

pub(crate) fn name_of(object: &StoredObject) -> String {
    object.properties.text(Property::DisplayName).unwrap_or_default().replace(" of Contoso", "")
}

pub(crate) fn matching(filter: Filter) -> ListQuery {
    ListQuery { filter: Some(filter), top: 100, ..Default::default() }
}

/// The living object of an anchor.
pub(crate) async fn get(store: &impl TenantStore, name: &str) -> Option<StoredObject> {
    everything(store).await.into_iter().find(|object| object.anchor == Some(anchor(name)))
}

pub(crate) async fn errors(store: &impl TenantStore) -> Vec<ErrorRow> {
    let mut rows = store.errors(ErrorQuery { top: 999, ..Default::default() }).await.unwrap().items;
    rows.sort_by(|a, b| {
        let key = |row: &ErrorRow| {
            let error = &row.error;
            (error.object.name.clone(), error.code, error.property.clone(), error.value.clone())
        };
        key(a).cmp(&key(b))
    });
    rows
}

/// Errors as `name: code property value`.
pub(crate) async fn told(store: &impl TenantStore) -> Vec<String> {
    errors(store).await.iter().map(|row| tell(&row.error)).collect()
}

pub(crate) fn tell(error: &SyncError) -> String {
    let name = error.object.name.replace(" of Contoso", "");
    let property = error.property.as_deref().unwrap_or("-");
    format!("{name}: {} {property} {}", error.code, error.value.as_deref().unwrap_or("-"))
}

/// Counts worked out from all that is stored, to compare with those that are kept.
pub(crate) async fn counted(store: &impl TenantStore) -> ObjectCounts {
    let mut counts = ObjectCounts::default();
    for object in everything(store).await {
        let synced = u64::from(object.sync_enabled == Some(true));
        match object.kind {
            ObjectKind::User => {
                counts.users += 1;
                counts.synced_users += synced;
            }
            ObjectKind::Group => {
                counts.groups += 1;
                counts.synced_groups += synced;
                let query = ListQuery { members_of: Some(object.id), top: 999, ..Default::default() };
                counts.memberships += list(store, query).await.len() as u64;
            }
            ObjectKind::Contact => {
                counts.contacts += 1;
                counts.synced_contacts += synced;
            }
            ObjectKind::Device => {
                counts.devices += 1;
                counts.synced_devices += synced;
            }
        }
    }
    counts.deleted =
        list(store, ListQuery { deleted: true, top: 999, ..Default::default() }).await.len() as u64;
    let mut with_errors = std::collections::BTreeSet::new();
    let mut blocked = std::collections::BTreeSet::new();
    for row in errors(store).await {
        *counts.errors.entry(row.category).or_default() += 1;
        if row.error.object.kind == Some(ObjectKind::User) {
            with_errors.insert(row.error.object.anchor.clone());
            if row.severity == lockstep_model::error::Severity::Blocked {
                blocked.insert(row.error.object.anchor.clone());
            }
        }
    }
    counts.users_with_errors = with_errors.len() as u64;
    counts.users_blocked = blocked.len() as u64;
    let ignored = ErrorQuery { shown: lockstep_tenant::Shown::Ignored, top: 999, ..Default::default() };
    counts.ignored_errors = store.errors(ignored).await.unwrap().items.len() as u64;
    counts
}

/// What every state of a tenant must satisfy.
pub(crate) async fn check_invariants(store: &impl TenantStore) {
    assert_eq!(store.counts().await.unwrap(), counted(store).await, "the counts that are kept are exact");
    let mut taken = std::collections::BTreeSet::new();
    for object in everything(store).await {
        let own = lockstep_tenant::provision::claims_in_force(object.kind, &object.properties);
        for claim in own {
            assert!(taken.insert(claim.clone()), "{claim:?} is in force twice");
        }
        if object.kind == ObjectKind::User {
            assert!(object.properties.text(Property::UserPrincipalName).is_some(), "{object:?}");
        }
    }
    for row in errors(store).await {
        let needs_other =
            matches!(row.error.code, ErrorCode::PropertyConflict | ErrorCode::ObjectTypeMismatch);
        assert!(!needs_other || row.error.other.is_some(), "{:?} names both objects", row.error);
        assert!(!row.error.message.is_empty() && !row.error.remedy.is_empty(), "{:?}", row.error);
    }
}
