//! A cloud object: its kind, its properties, and the fingerprint by which two of them are compared.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// What kind of cloud object. The names are Graph's resource types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ObjectKind {
    /// A person who may sign in.
    User,
    /// A set of users, groups, contacts and devices.
    Group,
    /// A person outside the organization, with addresses and no sign-in: Graph's `orgContact`.
    Contact,
    /// A machine that is known to the directory.
    Device,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::User, Self::Group, Self::Contact, Self::Device];

    /// The name in JSON: `user`, `group`, `contact`, `device`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Contact => "contact",
            Self::Device => "device",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// A property that a sync client writes. The names are Microsoft Graph's (resources user and group, v1.0).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Property {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Property {
            /// Every property, in the order of their names' declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The Graph name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The property of a Graph name, in any case.
            pub fn from_name(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($name) { return Some(Self::$variant); })*
                None
            }
        }
    };
}

properties! {
    /// Whether the account may sign in. Flag.
    AccountEnabled = "accountEnabled",
    /// Telephone numbers. List.
    BusinessPhones = "businessPhones",
    /// Town. Text.
    City = "city",
    /// Company. Text.
    CompanyName = "companyName",
    /// Country. Text.
    Country = "country",
    /// Department. Text.
    Department = "department",
    /// What a group is for. Text.
    Description = "description",
    /// The machine's own id, a GUID. Text. Devices.
    DeviceId = "deviceId",
    /// Name to show. Text, at most 256 characters.
    DisplayName = "displayName",
    /// Number of the employee. Text.
    EmployeeId = "employeeId",
    /// Kind of employment. Text.
    EmployeeType = "employeeType",
    /// Telefax. Text.
    FaxNumber = "faxNumber",
    /// Given name. Text, at most 64 characters.
    GivenName = "givenName",
    /// Private telephone numbers. List.
    HomePhones = "homePhones",
    /// Title. Text.
    JobTitle = "jobTitle",
    /// Primary mail address. Text.
    Mail = "mail",
    /// Whether a group receives mail. Flag.
    MailEnabled = "mailEnabled",
    /// Local part used for generated names. Text, at most 64 characters.
    MailNickname = "mailNickname",
    /// Mobile telephone. Text.
    MobilePhone = "mobilePhone",
    /// Office. Text.
    OfficeLocation = "officeLocation",
    /// Operating system: `Windows`. Text. Devices.
    OperatingSystem = "operatingSystem",
    /// Version of the operating system. Text. Devices.
    OperatingSystemVersion = "operatingSystemVersion",
    /// DN in the source. Text.
    OnPremisesDistinguishedName = "onPremisesDistinguishedName",
    /// Account name in the source. Text.
    OnPremisesSamAccountName = "onPremisesSamAccountName",
    /// User name in the source, as it was sent. Text.
    OnPremisesUserPrincipalName = "onPremisesUserPrincipalName",
    /// Post code. Text.
    PostalCode = "postalCode",
    /// Language, RFC 5646. Text.
    PreferredLanguage = "preferredLanguage",
    /// Addresses with their prefix: `SMTP:` primary, `smtp:` others. List.
    ProxyAddresses = "proxyAddresses",
    /// Whether a group may carry rights. Flag.
    SecurityEnabled = "securityEnabled",
    /// State or province. Text.
    State = "state",
    /// Street. Text.
    StreetAddress = "streetAddress",
    /// Family name. Text, at most 64 characters.
    Surname = "surname",
    /// How a device is joined: `ServerAd`, `AzureAd`, `Workplace`. Text. Devices.
    TrustType = "trustType",
    /// Sign-in name, `local@domain`. Text, at most 113 characters.
    UserPrincipalName = "userPrincipalName",
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PropertyValue {
    /// True or false.
    Flag(bool),
    /// One text.
    Text(String),
    /// Several texts; their order is kept.
    List(Vec<String>),
    /// What the cloud has stays: a rule has nothing to say about the property. On the wire only, `null`; a tenant
    /// never stores it.
    Kept,
}

/// The properties of one object, ordered, so that two objects can be compared as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<Property, PropertyValue>);

impl Properties {
    /// No properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a text; an empty one removes the property, for the cloud knows no empty texts.
    pub fn set_text(&mut self, property: Property, text: impl Into<String>) {
        let text: String = text.into();
        if text.is_empty() {
            self.0.remove(&property);
        } else {
            self.0.insert(property, PropertyValue::Text(text));
        }
    }

    /// Sets a list; an empty one removes the property.
    pub fn set_list(&mut self, property: Property, list: Vec<String>) {
        if list.is_empty() {
            self.0.remove(&property);
        } else {
            self.0.insert(property, PropertyValue::List(list));
        }
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, property: Property, flag: bool) {
        self.0.insert(property, PropertyValue::Flag(flag));
    }

    /// The value of a property.
    pub fn get(&self, property: Property) -> Option<&PropertyValue> {
        self.0.get(&property)
    }

    /// The text of a property.
    pub fn text(&self, property: Property) -> Option<&str> {
        match self.0.get(&property) {
            Some(PropertyValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The list of a property; empty where it is absent.
    pub fn list(&self, property: Property) -> &[String] {
        match self.0.get(&property) {
            Some(PropertyValue::List(list)) => list,
            _ => &[],
        }
    }

    /// The flag of a property.
    pub fn flag(&self, property: Property) -> Option<bool> {
        match self.0.get(&property) {
            Some(PropertyValue::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// Puts what is there in place of what is to be kept; where nothing is there, nothing comes.
    pub fn keep_from(&mut self, before: Option<&Self>) {
        self.0.retain(|property, value| {
            if *value == PropertyValue::Kept {
                match before.and_then(|before| before.get(*property)) {
                    Some(held) => value.clone_from(held),
                    None => return false,
                }
            }
            true
        });
    }

    /// Every property, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Property, &PropertyValue)> {
        self.0.iter().map(|(property, value)| (*property, value))
    }

    /// The fingerprint of `kind`, these properties and the manager. Two objects with one fingerprint are the
    /// same to the cloud; it is what a sync client compares after its own state was lost.
    pub fn fingerprint(&self, kind: ObjectKind, manager: Option<&crate::SourceAnchor>) -> Fingerprint {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(bytes);
        };
        put(kind.as_str().as_bytes());
        put(manager.map_or("", crate::SourceAnchor::as_str).as_bytes());
        for (property, value) in &self.0 {
            put(property.as_str().as_bytes());
            match value {
                PropertyValue::Flag(flag) => put(&[b'f', u8::from(*flag)]),
                PropertyValue::Text(text) => {
                    put(b"t");
                    put(text.as_bytes());
                }
                PropertyValue::List(list) => {
                    put(format!("l{}", list.len()).as_bytes());
                    list.iter().for_each(|item| put(item.as_bytes()));
                }
                PropertyValue::Kept => put(b"k"),
            }
        }
        Fingerprint::of(hash)
    }
}

/// The first 128 bits of a SHA-256: enough to tell any two contents of a directory apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a set of members; their order does not matter, but they must be given **sorted**
    /// and without doubles.
    pub fn of_members<'a>(members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for member in members {
            hash.update(u32::try_from(member.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(member.as_bytes());
        }
        Self::of(hash)
    }

    /// The fingerprint of a text.
    pub fn of_text(text: &str) -> Self {
        Self::of(Sha256::new_with_prefix(text))
    }

    fn of(hash: Sha256) -> Self {
        let mut first = [0_u8; 16];
        for (to, from) in first.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(first)
    }

    /// The fingerprint whose hexadecimal text this is.
    pub fn from_hex(text: &str) -> Option<Self> {
        (text.len() == 32)
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(|n| Self(n.to_be_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::from_hex(&text)
            .ok_or_else(|| serde::de::Error::custom("a fingerprint has 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceAnchor;

    #[test]
    fn a_fingerprint_sees_every_difference() {
        let mut ann = Properties::new();
        ann.set_text(Property::DisplayName, "Ann");
        let base = ann.fingerprint(ObjectKind::User, None);
        assert_eq!(Fingerprint::from_hex(&base.to_string()), Some(base));
        assert_ne!(base, ann.fingerprint(ObjectKind::Group, None));
        let boss = SourceAnchor::new("boss").unwrap();
        assert_ne!(base, ann.fingerprint(ObjectKind::User, Some(&boss)));
        // One list of two texts is not two lists, nor a text.
        let mut one = Properties::new();
        one.set_list(Property::ProxyAddresses, vec!["a".into(), "b".into()]);
        let mut two = Properties::new();
        two.set_list(Property::ProxyAddresses, vec!["ab".into()]);
        assert_ne!(one.fingerprint(ObjectKind::User, None), two.fingerprint(ObjectKind::User, None));
    }

    #[test]
    fn what_is_kept_is_what_was_there() {
        let mut before = Properties::new();
        before.set_text(Property::City, "Zug");
        let mut sent = Properties::new();
        sent.set_text(Property::Surname, "Lee");
        for property in [Property::City, Property::Country] {
            sent.0.insert(property, PropertyValue::Kept);
        }
        let wire = serde_json::to_string(&sent).unwrap();
        assert_eq!(wire, r#"{"city":null,"country":null,"surname":"Lee"}"#);
        assert_eq!(serde_json::from_str::<Properties>(&wire).unwrap(), sent);
        assert_ne!(
            sent.fingerprint(ObjectKind::User, None),
            before.fingerprint(ObjectKind::User, None),
            "to keep a value is not to have none"
        );
        sent.keep_from(Some(&before));
        assert_eq!(sent.text(Property::City), Some("Zug"));
        assert_eq!(sent.get(Property::Country), None);
    }

    #[test]
    fn names_are_found_in_any_case() {
        for property in Property::ALL {
            assert_eq!(Property::from_name(&property.as_str().to_uppercase()), Some(*property));
        }
        assert_eq!(Property::from_name("nothing"), None);
    }

    #[test]
    fn empty_texts_do_not_exist() {
        let mut p = Properties::new();
        p.set_text(Property::City, "Zug");
        p.set_text(Property::City, "");
        assert_eq!(p, Properties::new());
    }
}
