//! The counts of the status page. Changes are gathered in memory and written once a transaction.

use super::rows::{Result, all, run};
use crate::sql::Connection;
use lockstep_model::{ErrorCategory, ObjectKind};
use lockstep_tenant::ObjectCounts;
use std::collections::BTreeMap;

/// What is counted. The names are those in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counter {
    Users,
    SyncedUsers,
    Groups,
    SyncedGroups,
    Contacts,
    SyncedContacts,
    Devices,
    SyncedDevices,
    Memberships,
    Deleted,
    UsersWithErrors,
    UsersBlocked,
    /// Links to an object that is not living: what is looked at for unresolved references.
    PendingLinks,
    Errors(ErrorCategory),
    IgnoredErrors,
}

impl Counter {
    /// The counters of a kind: of all, and of those that are synced.
    pub(super) const fn of_kind(kind: ObjectKind) -> (Self, Self) {
        match kind {
            ObjectKind::User => (Self::Users, Self::SyncedUsers),
            ObjectKind::Group => (Self::Groups, Self::SyncedGroups),
            ObjectKind::Contact => (Self::Contacts, Self::SyncedContacts),
            ObjectKind::Device => (Self::Devices, Self::SyncedDevices),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::SyncedUsers => "syncedUsers",
            Self::Groups => "groups",
            Self::SyncedGroups => "syncedGroups",
            Self::Contacts => "contacts",
            Self::SyncedContacts => "syncedContacts",
            Self::Devices => "devices",
            Self::SyncedDevices => "syncedDevices",
            Self::Memberships => "memberships",
            Self::Deleted => "deleted",
            Self::UsersWithErrors => "usersWithErrors",
            Self::UsersBlocked => "usersBlocked",
            Self::PendingLinks => "pendingLinks",
            Self::Errors(category) => category_name(category),
            Self::IgnoredErrors => "ignoredErrors",
        }
    }
}

/// Categories by their name in the table: the name in JSON.
pub(super) const CATEGORIES: [(ErrorCategory, &str); 6] = [
    (ErrorCategory::DuplicateAttribute, "DuplicateAttribute"),
    (ErrorCategory::DataMismatch, "DataMismatch"),
    (ErrorCategory::DataValidation, "DataValidation"),
    (ErrorCategory::LargeAttribute, "LargeAttribute"),
    (ErrorCategory::Reference, "Reference"),
    (ErrorCategory::Other, "Other"),
];

pub(super) const fn category_name(category: ErrorCategory) -> &'static str {
    match category {
        ErrorCategory::DuplicateAttribute => "DuplicateAttribute",
        ErrorCategory::DataMismatch => "DataMismatch",
        ErrorCategory::DataValidation => "DataValidation",
        ErrorCategory::LargeAttribute => "LargeAttribute",
        ErrorCategory::Reference => "Reference",
        ErrorCategory::Other => "Other",
    }
}

/// Changes not yet written.
#[derive(Debug, Default)]
pub(super) struct Deltas(BTreeMap<Counter, i64>);

impl Deltas {
    pub(super) fn add(&mut self, counter: Counter, by: i64) {
        if by != 0 {
            *self.0.entry(counter).or_default() += by;
        }
    }

    /// A living object comes (`by` = 1) or goes (-1).
    pub(super) fn object(&mut self, kind: ObjectKind, synced: bool, by: i64) {
        let (all, of_sync) = Counter::of_kind(kind);
        self.add(all, by);
        if synced {
            self.add(of_sync, by);
        }
    }

    pub(super) fn write(self, connection: Connection<'_>) -> Result<()> {
        for (counter, by) in self.0 {
            let sql = "INSERT INTO counter (name, value) VALUES (?1, ?2) \
                       ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value";
            run(connection, sql, (counter.name(), by))?;
        }
        Ok(())
    }
}

/// One counter as it stands, changes not yet written left out.
pub(super) fn read(connection: Connection<'_>, counter: Counter) -> Result<i64> {
    let sql = "SELECT value FROM counter WHERE name = ?1";
    Ok(super::rows::first(connection, sql, [counter.name()], |row| row.get(0))?.unwrap_or(0))
}

/// All of them.
pub(super) fn counts(connection: Connection<'_>) -> Result<ObjectCounts> {
    let pairs = all(connection, "SELECT name, value FROM counter", (), |row| {
        Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
    })?;
    let values: BTreeMap<String, i64> = pairs.into_iter().collect();
    let value = |name: &str| u64::try_from(values.get(name).copied().unwrap_or(0)).unwrap_or(0);
    let of = |counter: Counter| value(counter.name());
    Ok(ObjectCounts {
        users: of(Counter::Users),
        synced_users: of(Counter::SyncedUsers),
        groups: of(Counter::Groups),
        synced_groups: of(Counter::SyncedGroups),
        contacts: of(Counter::Contacts),
        synced_contacts: of(Counter::SyncedContacts),
        devices: of(Counter::Devices),
        synced_devices: of(Counter::SyncedDevices),
        memberships: of(Counter::Memberships),
        deleted: of(Counter::Deleted),
        users_with_errors: of(Counter::UsersWithErrors),
        users_blocked: of(Counter::UsersBlocked),
        errors: CATEGORIES
            .iter()
            .map(|(category, name)| (*category, value(name)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        ignored_errors: of(Counter::IgnoredErrors),
    })
}
