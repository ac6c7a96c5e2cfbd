//! `lockstep sample`: a deterministic organization as LDIF, with known defects for a tenant to find.
//!
//! The same options make the same bytes on every machine. Nothing is held but tables of names and a few
//! numbers, so a million people need no more memory than twenty.

mod defects;
mod dice;
mod groups;
mod ldif;
mod names;
mod people;
mod ssha;
#[cfg(test)]
mod tests;

use defects::Defects;
use dice::{Dice, Stream};
use groups::Groups;
use ldif::{LdifWriter, escaped};
use lockstep_model::ErrorCode;
use people::{People, department_dn, office_dn};
use serde::{Deserialize, Serialize};
use std::io;

/// The fewest people that can have all the defects.
pub(crate) const MIN_PEOPLE: u64 = 20;
/// The most people whose numbers keep their form.
pub(crate) const MAX_PEOPLE: u64 = 50_000_000;

/// What organization to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SampleOptions {
    /// Number of people, [`MIN_PEOPLE`] to [`MAX_PEOPLE`]. Groups are added: a hundredth of it, and 20.
    pub(crate) people: u64,
    /// Another seed makes another organization.
    pub(crate) seed: u64,
    /// DN of the top entry. Its first part must be `dc=`, `o=` or `ou=`.
    pub(crate) suffix: String,
    /// Domain of the mail addresses.
    pub(crate) domain: String,
    /// Password of `cn=sync,ou=system,<suffix>`, the identity that a sync client binds with; without one the
    /// entry has no password and nobody can bind with it.
    pub(crate) sync_password: Option<String>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self {
            people: 1000,
            seed: 1,
            suffix: "dc=contoso,dc=com".to_owned(),
            domain: "contoso.com".to_owned(),
            sync_password: None,
        }
    }
}

/// What is in the organization, and what a tenant must report of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// Seed it was made with.
    pub(crate) seed: u64,
    /// DN of the top entry.
    pub(crate) suffix: String,
    /// How many there are of what.
    pub(crate) counts: Counts,
    /// Domains to configure as verified.
    pub(crate) verified_domains: Vec<String>,
    /// Domains to configure, and not as verified.
    pub(crate) unverified_domains: Vec<String>,
    /// DN of the service account.
    pub(crate) sync_dn: String,
    /// Those people who have a password have this one, with their `uid` for `{uid}`.
    pub(crate) password_pattern: String,
    /// Some people without defects, to try changes on.
    pub(crate) examples: Vec<Example>,
    /// What is wrong on purpose; nothing else is.
    pub(crate) defects: Vec<Defect>,
}

/// How many there are of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Entries of all kinds.
    pub(crate) entries: u64,
    /// People.
    pub(crate) people: u64,
    /// Groups of all classes.
    pub(crate) groups: u64,
    /// Member values of all groups: people, groups, and the one that is neither.
    pub(crate) memberships: u64,
    /// Member values that name a group.
    pub(crate) nested_groups: u64,
    /// The top entry and the organizational units.
    pub(crate) containers: u64,
    /// Entries of other kinds: devices and the service account.
    pub(crate) others: u64,
}

/// A person without defects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Example {
    /// DN of the entry, all ASCII.
    pub(crate) dn: String,
    /// Primary address.
    pub(crate) mail: String,
    /// Display name.
    pub(crate) name: String,
}

/// One thing that is wrong on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Defect {
    /// The error that the tenant must report.
    pub(crate) code: ErrorCode,
    /// The property at fault: a Graph name, or `members`.
    pub(crate) property: String,
    /// The value at fault; empty where there is none.
    pub(crate) value: String,
    /// DNs of the objects concerned. Where two claim one value, the error may be at either.
    pub(crate) objects: Vec<String>,
    /// What is wrong, for people.
    pub(crate) note: String,
}

/// Writes the organization as LDIF (RFC 2849) in an order that `slapadd` takes: parents first. Says how far it
/// is: `progress(entries written, entries in all)`, about every 1,000.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] with a text for people where the options cannot be met; otherwise the
/// error of the writer.
pub(crate) fn write_ldif_with(
    options: &SampleOptions,
    to: &mut impl io::Write,
    mut progress: impl FnMut(u64, u64),
) -> io::Result<Manifest> {
    check(options)?;
    let people = People::new(options);
    let groups = Groups::new(&people);
    let mut ldif = LdifWriter::new(to);

    write_containers(&mut ldif, &people)?;
    let containers = ldif.entries();
    let sync_dn = write_others(&mut ldif, options)?;
    let others = ldif.entries() - containers;
    let total = ldif.entries() + options.people + groups.count();
    let mut text = String::new();
    for index in 0..options.people {
        people.write(&mut ldif, &mut text, index)?;
        if index.is_multiple_of(1000) {
            progress(ldif.entries(), total);
        }
    }
    let (mut memberships, mut nested_groups) = (0, 0);
    for k in 0..groups.count() {
        let (members, nested) = groups.write(&mut ldif, &mut text, k)?;
        memberships += members;
        nested_groups += nested;
        if k.is_multiple_of(100) {
            progress(ldif.entries(), total);
        }
    }
    let entries = ldif.finish()?;
    progress(entries, total);
    Ok(Manifest {
        seed: options.seed,
        suffix: options.suffix.clone(),
        counts: Counts {
            entries,
            people: options.people,
            groups: groups.count(),
            memberships,
            nested_groups,
            containers,
            others,
        },
        verified_domains: vec![options.domain.clone()],
        unverified_domains: vec![defects::unverified_domain(&options.domain)],
        sync_dn,
        password_pattern: "Lockstep-{uid}".to_owned(),
        examples: people.examples(3),
        defects: Defects::list(&groups),
    })
}

fn check(options: &SampleOptions) -> io::Result<()> {
    let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !(MIN_PEOPLE..=MAX_PEOPLE).contains(&options.people) {
        return refuse(format!(
            "sample: {} people cannot be made; ask for {MIN_PEOPLE} (the defects need as many) to {MAX_PEOPLE}",
            options.people
        ));
    }
    let first = options.suffix.split(',').next().and_then(|rdn| rdn.split_once('='));
    let known = first.is_some_and(|(name, value)| {
        matches!(name.to_ascii_lowercase().as_str(), "dc" | "o" | "ou") && !value.is_empty()
    });
    if !known || options.suffix.contains(['\\', '"', '+', '\n', '\r']) {
        return refuse(format!(
            "sample: suffix '{}' must begin with dc=, o= or ou= and have no escaped characters, \
             like dc=contoso,dc=com",
            options.suffix
        ));
    }
    let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !options.domain.contains('.') || !options.domain.split('.').all(label) {
        return refuse(format!("sample: domain '{}' must be like contoso.com", options.domain));
    }
    Ok(())
}

fn write_containers<W: io::Write>(ldif: &mut LdifWriter<'_, W>, people: &People<'_>) -> io::Result<()> {
    let suffix = &people.options.suffix;
    let (kind, name) = suffix.split(',').next().and_then(|rdn| rdn.split_once('=')).unwrap_or_default();
    ldif.begin(suffix);
    match kind.to_ascii_lowercase().as_str() {
        "dc" => {
            ldif.classes(&["top", "dcObject", "organization"]);
            ldif.put("dc", name);
            ldif.put("o", "Contoso");
        }
        "o" => {
            ldif.classes(&["top", "organization"]);
            ldif.put("o", name);
        }
        _ => {
            ldif.classes(&["top", "organizationalUnit"]);
            ldif.put("ou", name);
        }
    }
    container_id(ldif, people.options.seed);
    ldif.end()?;
    for name in ["people", "groups", "system", "devices"] {
        unit(ldif, people.options.seed, &format!("ou={name},{suffix}"), name)?;
    }
    for department in &people.departments {
        let dn = department_dn(suffix, department);
        unit(ldif, people.options.seed, &dn, department.name)?;
        for office in &people.offices {
            unit(ldif, people.options.seed, &office_dn(&dn, office), office.city)?;
        }
    }
    Ok(())
}

fn unit<W: io::Write>(ldif: &mut LdifWriter<'_, W>, seed: u64, dn: &str, name: &str) -> io::Result<()> {
    ldif.begin(dn);
    ldif.classes(&["top", "organizationalUnit"]);
    ldif.put("ou", name);
    container_id(ldif, seed);
    ldif.end()
}

/// Containers and other entries are numbered as they are written.
fn container_id<W: io::Write>(ldif: &mut LdifWriter<'_, W>, seed: u64) {
    let id = Dice::of(seed, Stream::ContainerId, ldif.entries()).uuid();
    ldif.put_args("entryUUID", id);
}

/// The service account and the devices; returns the service account's DN.
fn write_others<W: io::Write>(ldif: &mut LdifWriter<'_, W>, options: &SampleOptions) -> io::Result<String> {
    let sync_dn = format!("cn=sync,ou=system,{}", options.suffix);
    ldif.begin(&sync_dn);
    // All object classes in a row: slapadd looks at the first run of them only.
    ldif.classes(&["top", "organizationalRole"]);
    if options.sync_password.is_some() {
        ldif.put("objectClass", "simpleSecurityObject");
    }
    ldif.put("cn", "sync");
    ldif.put("description", "Service account of the Lockstep sync client");
    if let Some(password) = &options.sync_password {
        let salt = Dice::of(options.seed, Stream::Salt, u64::MAX).next().to_be_bytes();
        ldif.put("userPassword", &ssha::ssha(password.as_bytes(), salt));
    }
    container_id(ldif, options.seed);
    ldif.end()?;
    for name in ["Printer 3. OG", "Scanner #2", "Badge reader, main gate"] {
        ldif.begin(&format!("cn={},ou=devices,{}", escaped(name), options.suffix));
        ldif.classes(&["top", "device"]);
        ldif.put("cn", name);
        ldif.put("serialNumber", &format!("SN-{}", 1000 + ldif.entries()));
        container_id(ldif, options.seed);
        ldif.end()?;
    }
    Ok(sync_dn)
}
