//! The built-in mapping: how an entry of an LDAP directory becomes a user or a group of the cloud.
//! The flows themselves are the tables of `flows.rs`. The expression language of rules is in [`expr`], the rules
//! themselves in [`sync_rules`].
//!
//! **Invariant:** a pure function of the entry and the settings: no I/O, no clock, nothing remembered. It does
//! not judge values (the tenant does, and reports); it leaves out only what is no text at all.

mod attribute;
pub mod expr;
mod flows;
pub mod import;
mod rules;
pub mod sync_rules;
mod view;

pub use rules::{Circumstances, Refers, Rules, RulesDocument, Trace};
pub use sync_rules::is_source_name;

use attribute::{A, Slots, texts};
use flows::Take;
use lockstep_model::{
    Entry, ErrorCode, ObjectKind, ObjectRef, Properties, Property, PropertyValue, SyncError, dn,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What an admin can set of the built-in mapping. Object classes and attributes in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MappingSettings {
    /// The attribute whose first value is a user's sign-in name, `local@domain`. Default: `mail`.
    pub user_name_attribute: String,
    /// Entries with one of these object classes are users.
    pub user_classes: Vec<String>,
    /// Entries with one of these object classes, and none of a user's, are groups.
    pub group_classes: Vec<String>,
    /// The attribute that disables an account: it does where it has a value other than `FALSE`, `0` or `no`
    /// (`pwdAccountLockedTime`, `nsAccountLock`). Default: none, every account is enabled.
    pub disabled_attribute: Option<String>,
}

impl Default for MappingSettings {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            user_name_attribute: "mail".into(),
            user_classes: list(&["inetOrgPerson", "organizationalPerson", "person", "posixAccount"]),
            group_classes: list(&["groupOfNames", "groupOfUniqueNames", "posixGroup"]),
            disabled_attribute: None,
        }
    }
}

/// What an entry becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A user or a group.
    Object(Box<MappedObject>),
    /// Nothing: no rule takes the entry in. It is not an error.
    OutOfScope {
        /// Why, for people.
        reason: Cow<'static, str>,
    },
    /// A rule went wrong: what the object would be is not known, and what the cloud has of it stays.
    Failed {
        /// What it would have been.
        kind: ObjectKind,
        /// What went wrong; at least one.
        errors: Vec<SyncError>,
    },
}

/// An entry as the cloud is to have it. References are not yet resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedObject {
    /// User or group.
    pub kind: ObjectKind,
    /// The properties.
    pub properties: Properties,
    /// The manager of a user.
    pub manager: Option<Reference>,
    /// The members of a group, in the directory's order; one that two attributes name stands here twice.
    pub members: Vec<Reference>,
    /// Attributes that could not be read, each left out.
    pub errors: Vec<SyncError>,
}

impl MappedObject {
    /// An object of which only its errors are known.
    pub fn failed(kind: ObjectKind, errors: Vec<SyncError>) -> Self {
        Self { kind, properties: Properties::new(), manager: None, members: Vec::new(), errors }
    }

    /// Properties of which the rules said nothing: what the cloud has stays.
    fn keep(&mut self, untouched: &[sync_rules::Target]) {
        for target in untouched {
            if let sync_rules::Target::Property(property) = target {
                self.properties.0.insert(*property, PropertyValue::Kept);
            }
        }
    }
}

/// The name by which one entry refers to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A distinguished name, normalized by [`lockstep_model::dn::normalize`].
    Dn(String),
    /// The `uid` of a posixAccount (RFC 2307 `memberUid`), in lower case.
    Uid(String),
    /// A name in a further source.
    In {
        /// The number of the source, from 1.
        source: usize,
        /// The name there.
        name: Box<Self>,
    },
}

impl Reference {
    /// The same name in a source; the first has the number 0.
    pub fn of_source(self, source: usize) -> Self {
        if source == 0 { self } else { Self::In { source, name: Box::new(self) } }
    }

    /// The name without the source.
    pub fn name(&self) -> &str {
        match self {
            Self::Dn(text) | Self::Uid(text) => text,
            Self::In { name, .. } => name.name(),
        }
    }
}

/// The mapping, ready to be used. Cheap to share; [`Mapping::map`] keeps nothing.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// In lower case.
    user_name: String,
    disabled: Option<String>,
    user_classes: Vec<String>,
    group_classes: Vec<String>,
    descriptions: BTreeMap<(ObjectKind, Property), String>,
}

/// Attributes that are never read, whatever the settings say.
const NEVER: &[&str] = &["userpassword", "jpegphoto", "authpassword", "sambantpassword", "sambalmpassword"];

impl Mapping {
    /// Takes the settings.
    pub fn new(settings: &MappingSettings) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.trim().to_lowercase()).collect();
        let user_name = settings.user_name_attribute.trim();
        let disabled = settings.disabled_attribute.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let descriptions = [ObjectKind::User, ObjectKind::Group]
            .into_iter()
            .flat_map(|kind| flows::of(kind).iter().map(move |flow| (kind, flow)))
            .map(|(kind, (property, take))| {
                ((kind, *property), take.describe(*property, user_name, disabled))
            })
            .collect();
        Self {
            user_name: user_name.to_lowercase(),
            disabled: disabled.map(str::to_lowercase),
            user_classes: lower(&settings.user_classes),
            group_classes: lower(&settings.group_classes),
            descriptions,
        }
    }

    /// The attributes that a source must read for this mapping, in lower case and in order. Neither passwords
    /// nor photographs are ever among them. The source adds what it needs itself (`entryUUID`).
    pub fn attributes(&self) -> Vec<String> {
        let configured = [Some(&self.user_name), self.disabled.as_ref()].into_iter().flatten();
        let all: BTreeSet<&str> =
            A::ALL.iter().map(|attribute| attribute.lower()).chain(configured.map(String::as_str)).collect();
        all.into_iter().filter(|name| !NEVER.contains(name)).map(str::to_owned).collect()
    }

    /// The flow behind a property, for people: `surname <- sn`. Empty where there is none.
    pub fn flow_of(&self, kind: ObjectKind, property: Property) -> &str {
        self.descriptions.get(&(kind, property)).map_or("", String::as_str)
    }

    /// The names under which other entries may refer to this one: its DN, and for a user its `uid`.
    pub fn keys(&self, entry: &Entry) -> Vec<Reference> {
        let mut keys = Vec::with_capacity(2);
        keys.extend(dn::normalize(&entry.dn).map(Reference::Dn));
        let uids = entry.attributes.values("uid");
        if !uids.is_empty() && self.kind(entry.attributes.values("objectclass")) == Some(ObjectKind::User) {
            keys.extend(texts(uids).map(|uid| Reference::Uid(uid.to_lowercase())));
        }
        keys
    }

    /// See [`Rules::link_attributes`]. Not `memberUid`: one value that is no text takes all of them away.
    const LINKS: &[&str] = &["member", "uniquemember"];

    /// What an entry is, and whom it refers to; none where it is out of scope. The same as [`Self::map`] says,
    /// without the work for the properties.
    pub fn references(&self, entry: &Entry) -> Option<(ObjectKind, Vec<Reference>)> {
        let slots = Slots::of(entry);
        let kind = self.kind(slots.values(A::ObjectClass))?;
        let (manager, mut references) = Links { entry, kind, errors: &mut Vec::new() }.all(&slots);
        references.extend(manager);
        Some((kind, references))
    }

    /// What an entry becomes.
    pub fn map(&self, entry: &Entry) -> Mapped {
        let mut slots = Slots::of(entry);
        let Some(kind) = self.kind(slots.values(A::ObjectClass)) else {
            let reason = Cow::Borrowed("none of its object classes is that of a user or group");
            return Mapped::OutOfScope { reason };
        };
        let mut errors = self.drop_unreadable(entry, kind, &mut slots);
        // In the order of the properties, so that the map is built at once and not searched for each of them.
        let properties = flows::of(kind)
            .iter()
            .filter_map(|(property, take)| Some((*property, self.flow(entry, &slots, take)?)))
            .collect();
        let properties = Properties(properties);
        let (manager, members) = Links { entry, kind, errors: &mut errors }.all(&slots);
        Mapped::Object(Box::new(MappedObject { kind, properties, manager, members, errors }))
    }

    fn kind(&self, classes: &[Vec<u8>]) -> Option<ObjectKind> {
        let has = |wanted: &[String]| {
            classes.iter().any(|class| wanted.iter().any(|name| class.eq_ignore_ascii_case(name.as_bytes())))
        };
        if has(&self.user_classes) {
            Some(ObjectKind::User)
        } else {
            has(&self.group_classes).then_some(ObjectKind::Group)
        }
    }

    /// Takes out every attribute with a value that is not UTF-8, and says so. Links are judged one by one.
    fn drop_unreadable(&self, entry: &Entry, kind: ObjectKind, slots: &mut Slots<'_>) -> Vec<SyncError> {
        let mut errors = Vec::new();
        for attribute in A::ALL {
            let is_text = |value: &Vec<u8>| std::str::from_utf8(value).is_ok();
            let is_link = matches!(attribute, A::Manager | A::Member | A::UniqueMember);
            if is_link || slots.values(*attribute).iter().all(is_text) {
                continue;
            }
            slots.clear(*attribute);
            let reads = |take: &Take| match take {
                Take::UserName | Take::SignInName => self.user_name == attribute.lower(),
                other => other.reads(*attribute),
            };
            if let Some((property, _)) = flows::of(kind).iter().find(|(_, take)| reads(take)) {
                errors.push(unreadable(entry, kind, *property, attribute.shown()));
            }
        }
        errors
    }

    fn flow(&self, entry: &Entry, slots: &Slots<'_>, take: &Take) -> Option<PropertyValue> {
        let text = |text: &str| PropertyValue::Text(text.to_owned());
        let list = |list: Vec<String>| (!list.is_empty()).then_some(PropertyValue::List(list));
        match take {
            Take::First(attributes) => slots.first(attributes).map(text),
            Take::All(one) => list(distinct(slots.texts(*one))),
            Take::Addresses(one) => list(addresses(slots.texts(*one))),
            Take::Nickname(attributes) => slots.first(attributes).and_then(nickname).map(PropertyValue::Text),
            Take::UserName => self.user_name_of(entry, slots).map(text),
            Take::SignInName => {
                self.user_name_of(entry, slots).filter(|name| is_sign_in_name(name)).map(text)
            }
            Take::Dn => (!entry.dn.is_empty()).then(|| text(&entry.dn)),
            Take::Always(flag) => Some(PropertyValue::Flag(*flag)),
            Take::Has(one) => Some(PropertyValue::Flag(slots.texts(*one).next().is_some())),
            Take::Enabled => Some(PropertyValue::Flag(!self.is_disabled(entry))),
        }
    }

    fn user_name_of<'a>(&self, entry: &'a Entry, slots: &Slots<'a>) -> Option<&'a str> {
        if self.user_name == A::Mail.lower() {
            slots.first(&[A::Mail])
        } else {
            texts(entry.attributes.values(&self.user_name)).next()
        }
    }

    fn is_disabled(&self, entry: &Entry) -> bool {
        let Some(attribute) = &self.disabled else { return false };
        let says_no = |value: &str| ["false", "0", "no"].iter().any(|no| value.eq_ignore_ascii_case(no));
        texts(entry.attributes.values(attribute)).next().is_some_and(|value| !says_no(value))
    }
}

/// Reads references; one that is no DN is left out and named in `errors`, once an attribute.
struct Links<'a> {
    entry: &'a Entry,
    kind: ObjectKind,
    errors: &'a mut Vec<SyncError>,
}

impl Links<'_> {
    /// The manager of a user, the members of a group.
    fn all(&mut self, slots: &Slots<'_>) -> (Option<Reference>, Vec<Reference>) {
        match self.kind {
            ObjectKind::User => (self.dns(slots, A::Manager).into_iter().next(), Vec::new()),
            ObjectKind::Group => {
                let mut members = self.dns(slots, A::Member);
                members.extend(self.dns(slots, A::UniqueMember));
                // As any attribute with a value that is no text, it is left out whole.
                if slots.values(A::MemberUid).iter().all(|value| std::str::from_utf8(value).is_ok()) {
                    members.extend(slots.texts(A::MemberUid).map(|uid| Reference::Uid(uid.to_lowercase())));
                }
                (None, members)
            }
            ObjectKind::Contact | ObjectKind::Device => (None, Vec::new()),
        }
    }

    fn dns(&mut self, slots: &Slots<'_>, attribute: A) -> Vec<Reference> {
        let values = slots.values(attribute);
        let mut references = Vec::with_capacity(values.len());
        let mut bad: Option<(Cow<'_, str>, usize)> = None;
        // What is blank is no name. A vertical tab is blank too, to those who compare texts.
        let is_blank = |value: &Vec<u8>| std::str::from_utf8(value).is_ok_and(|text| text.trim().is_empty());
        for value in values.iter().filter(|value| !is_blank(value)) {
            let text = std::str::from_utf8(value).ok().map(str::trim);
            let name = text.map(|text| if attribute == A::UniqueMember { without_uid(text) } else { text });
            match name.and_then(dn::normalize) {
                Some(name) => references.push(Reference::Dn(name)),
                None => {
                    let (_, count) = bad.get_or_insert_with(|| (String::from_utf8_lossy(value), 0));
                    *count += 1;
                }
            }
        }
        if let Some((value, count)) = bad {
            self.errors.push(bad_reference(self.entry, self.kind, attribute.shown(), &value, count));
        }
        references
    }
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for text in texts {
        if !list.iter().any(|held| held == text) {
            list.push(text.to_owned());
        }
    }
    list
}

/// `SMTP:` with the first address, `smtp:` with the others, doubles left out without regard to case.
fn addresses<'a>(mails: impl Iterator<Item = &'a str>) -> Vec<String> {
    const PREFIX: usize = "SMTP:".len();
    let mut list: Vec<String> = Vec::new();
    for mail in mails {
        if list.iter().any(|held| held.get(PREFIX..).is_some_and(|address| same_address(address, mail))) {
            continue;
        }
        let mut address = String::with_capacity(PREFIX + mail.len());
        address.push_str(if list.is_empty() { "SMTP:" } else { "smtp:" });
        address.push_str(mail);
        list.push(address);
    }
    list
}

fn same_address(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
}

/// A text with one `@` between two parts that are not empty. The tenant judges the parts.
fn is_sign_in_name(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Characters a mail nickname may have (as a user name may); 64 at most, and no leading dot.
fn nickname(text: &str) -> Option<String> {
    let local = text.split_once('@').map_or(text, |(local, _)| local);
    let safe = |c: char| if c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c) { c } else { '_' };
    let name: String = local.chars().map(safe).skip_while(|c| *c == '.').take(64).collect();
    name.contains(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}

/// RFC 4517 section 3.3.21: a `uniqueMember` may end in `#` and a bit string, `#'0101'B`.
fn without_uid(text: &str) -> &str {
    let Some((name, rest)) = text.rsplit_once('#') else { return text };
    let bits = rest.strip_prefix('\'').and_then(|rest| rest.strip_suffix("'B"));
    match bits {
        Some(bits) if bits.bytes().all(|bit| matches!(bit, b'0' | b'1')) => name,
        _ => text,
    }
}

fn object_ref(entry: &Entry, kind: ObjectKind) -> ObjectRef {
    let name = ["displayname", "cn", "uid"].iter().find_map(|name| entry.attributes.text(name));
    ObjectRef {
        kind: Some(kind),
        id: None,
        anchor: Some(entry.anchor.clone()),
        name: name.unwrap_or(&entry.dn).to_owned(),
        dn: Some(entry.dn.clone()),
    }
}

fn unreadable(entry: &Entry, kind: ObjectKind, property: Property, attribute: &str) -> SyncError {
    SyncError {
        code: ErrorCode::DataValidationFailed,
        object: object_ref(entry, kind),
        property: Some(property.as_str().to_owned()),
        value: None,
        value_in_force: None,
        other: None,
        message: format!(
            "'{}': a value of {attribute} is not UTF-8 text; the attribute is left out",
            entry.dn
        ),
        remedy: format!("Write {attribute} again as UTF-8 in the directory; the next cycle takes it."),
    }
}

fn bad_reference(entry: &Entry, kind: ObjectKind, attribute: &str, value: &str, count: usize) -> SyncError {
    let property = if kind == ObjectKind::User { "manager" } else { "members" };
    let others = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    SyncError {
        code: ErrorCode::UnresolvedReference,
        object: object_ref(entry, kind),
        property: Some(property.to_owned()),
        value: Some(value.to_owned()),
        value_in_force: None,
        other: None,
        message: format!(
            "'{}': {attribute} \"{value}\"{others} is no distinguished name; it is left out",
            entry.dn
        ),
        remedy: format!(
            "Correct or remove the value of {attribute} in the directory; the next cycle takes it."
        ),
    }
}

#[cfg(test)]
mod tests;
