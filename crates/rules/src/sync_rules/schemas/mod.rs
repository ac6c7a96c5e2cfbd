//! What rules can read and write: the attributes of a source, those of the metaverse, and the properties of cloud
//! objects with their types.

mod active_directory;
mod metaverse;

use super::document::SourceName;
use crate::expr::{AttributeType, Schema, Types};
use crate::flows;
use lockstep_model::{ObjectKind, Property};

/// The names and types that a rule set is compiled against. What a file declares in `[attributes]` and `[metaverse]`
/// is added to them.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// The attributes of the source, with the parameters.
    pub source: Schema,
    /// The attributes of the metaverse.
    pub metaverse: Schema,
    /// Which of an entry's object classes says what it is.
    pub object_type: ObjectType,
}

/// Which of an entry's object classes says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectType {
    /// Any of them: an entry of an LDAP directory can be of several structural and auxiliary classes.
    AnyClass,
    /// The most specific one, which Active Directory and Samba write last (MS-ADTS 3.1.1.1.4). A computer has the
    /// class `user` too and is none.
    LastClass,
}

/// The distinguished name of the entry, a reference. Every source has it.
pub const DN: &str = "dn";
/// The anchor of the entry, a text. Every source has it.
pub const SOURCE_ANCHOR: &str = "sourceAnchor";

/// Attributes of RFC 4519, RFC 4524, RFC 2798, RFC 2307 and of the usual operational schema that are text and can
/// have several values. A directory's server enforces SINGLE-VALUE, so those are here too.
const LDAP_TEXTS: &[&str] = &[
    "audio",
    "authPassword",
    "businessCategory",
    "buildingName",
    "c",
    "carLicense",
    "cn",
    "co",
    "departmentNumber",
    "description",
    "destinationIndicator",
    "displayName",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "gecos",
    "gidNumber",
    "givenName",
    "homeDirectory",
    "homePhone",
    "homePostalAddress",
    "host",
    "initials",
    "internationaliSDNNumber",
    "krbPrincipalName",
    "l",
    "labeledURI",
    "loginShell",
    "mail",
    "mailAlternateAddress",
    "memberUid",
    "mobile",
    "nsAccountLock",
    "o",
    "objectClass",
    "organizationalStatus",
    "ou",
    "pager",
    "personalTitle",
    "physicalDeliveryOfficeName",
    "postalAddress",
    "postalCode",
    "postOfficeBox",
    "preferredDeliveryMethod",
    "preferredLanguage",
    "pwdAccountLockedTime",
    "registeredAddress",
    "roomNumber",
    "sn",
    "st",
    "street",
    "telephoneNumber",
    "title",
    "uid",
    "uidNumber",
    "uniqueIdentifier",
    "userClass",
];

const LDAP_REFERENCES: &[&str] =
    &["manager", "member", "memberOf", "owner", "roleOccupant", "secretary", "seeAlso", "uniqueMember"];

const LDAP_BINARY: &[&str] =
    &["jpegPhoto", "photo", "userCertificate", "userSMIMECertificate", "x500UniqueIdentifier"];

/// Attributes that no rule reads, whatever its file declares. In lower case.
pub(super) const NEVER: &[&str] = &[
    "userpassword",
    "authpassword",
    "sambantpassword",
    "sambalmpassword",
    "krbprincipalkey",
    "unicodepwd",
    "dbcspwd",
    "ntpwdhistory",
    "lmpwdhistory",
    "supplementalcredentials",
    "ms-mcs-admpwd",
    "mslaps-password",
    "mslaps-encryptedpassword",
    "mslaps-encryptedpasswordhistory",
    "mslaps-encrypteddsrmpassword",
    "mslaps-encrypteddsrmpasswordhistory",
    "msds-managedpassword",
    "pwdhistory",
    "passwordhistory",
    "sambapasswordhistory",
    "sambacleartextpassword",
    "sambapreviouscleartextpassword",
    "ipanthash",
    "krbpwdhistory",
];

impl Schemas {
    /// Those of the kind of directory that a rule set names.
    pub(super) fn of(source: SourceName) -> Self {
        match source {
            SourceName::Ldap => Self::ldap(),
            SourceName::ActiveDirectory => Self::active_directory(),
        }
    }

    /// Those of Active Directory and Samba, the attributes of Exchange and of Skype for Business among them, each
    /// with its type and with one value or several as the directory's own schema has it. Passwords are not among
    /// them.
    pub fn active_directory() -> Self {
        Self {
            source: active_directory::schema(),
            metaverse: metaverse::schema(),
            object_type: ObjectType::LastClass,
        }
    }

    /// Those of an LDAP directory as OpenLDAP and 389 Directory Server have it, with the standard parameters. Every
    /// attribute can have several values, as in the directory; passwords are not among them.
    pub fn ldap() -> Self {
        let mut source = Schema::with_standard_parameters()
            .attribute(DN, AttributeType::Reference, false)
            .attribute(SOURCE_ANCHOR, AttributeType::Text, false)
            .attribute("entryUUID", AttributeType::Text, false)
            .attribute("createTimestamp", AttributeType::Date, false)
            .attribute("modifyTimestamp", AttributeType::Date, false);
        for name in LDAP_TEXTS.iter().filter(|name| !is_never(name)) {
            source = source.attribute(name, AttributeType::Text, true);
        }
        for name in LDAP_REFERENCES {
            source = source.attribute(name, AttributeType::Reference, true);
        }
        for name in LDAP_BINARY {
            source = source.attribute(name, AttributeType::Binary, true);
        }
        Self { source, metaverse: metaverse::schema(), object_type: ObjectType::AnyClass }
    }
}

/// A schema with lists of names, which spaces separate.
fn with_lists(schema: Schema, lists: &[(&str, AttributeType, bool)]) -> Schema {
    let names = lists
        .iter()
        .flat_map(|(names, kind, many)| names.split_ascii_whitespace().map(move |name| (name, *kind, *many)));
    names.fold(schema, |schema, (name, kind, many)| schema.attribute(name, kind, many))
}

/// Whether an attribute is one that no rule reads.
pub(crate) fn is_never(name: &str) -> bool {
    // RFC 4512 section 2.5: what follows the semicolon is an option of the same attribute.
    let name = name.split(';').next().unwrap_or(name).trim();
    NEVER.iter().any(|never| never.eq_ignore_ascii_case(name))
}

/// Where a flow writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An attribute of the metaverse, by slot.
    Metaverse(u32),
    /// A property of the cloud object.
    Property(Property),
    /// The manager of a user.
    Manager,
    /// The members of a group.
    Members,
}

/// What a target takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Takes {
    pub(super) types: Types,
    pub(super) many: bool,
}

impl Takes {
    /// Whether it takes values of this type and of no other.
    pub(crate) fn is(self, kind: AttributeType) -> bool {
        self.types == kind.types()
    }

    /// Whether it takes values of this type, among others.
    pub(crate) const fn is_of(self, kind: AttributeType) -> bool {
        self.types.covers(kind.types())
    }

    /// Whether it takes several values.
    pub(crate) const fn is_many(self) -> bool {
        self.many
    }
}

impl Target {
    /// The target of an outbound rule by name.
    pub(crate) fn outbound(name: &str, kind: ObjectKind) -> Option<Self> {
        match (name, kind) {
            ("manager", ObjectKind::User) => Some(Self::Manager),
            ("members", ObjectKind::Group) => Some(Self::Members),
            _ => properties_of(kind).find(|property| property.as_str() == name).map(Self::Property),
        }
    }

    /// The names of all targets of an outbound rule.
    pub(crate) fn names(kind: ObjectKind) -> Vec<&'static str> {
        let link = if kind == ObjectKind::User { "manager" } else { "members" };
        properties_of(kind).map(Property::as_str).chain([link]).collect()
    }

    /// What it takes. References to objects may also be texts: the `uid` of a person.
    pub(crate) fn takes(self, metaverse: &Schema) -> Takes {
        let names = Types::REFERENCE.or(Types::TEXT);
        match self {
            Self::Metaverse(slot) => metaverse.attributes().get(slot as usize).map_or(
                Takes { types: Types::NONE, many: false },
                |held| Takes { types: held.kind.types(), many: held.many },
            ),
            Self::Property(property) => match property {
                Property::AccountEnabled | Property::MailEnabled | Property::SecurityEnabled => {
                    Takes { types: Types::BOOLEAN, many: false }
                }
                Property::BusinessPhones | Property::HomePhones | Property::ProxyAddresses => {
                    Takes { types: Types::TEXT, many: true }
                }
                _ => Takes { types: Types::TEXT, many: false },
            },
            // Of several managers the first that is a DN is taken.
            Self::Manager | Self::Members => Takes { types: names, many: true },
        }
    }

    /// The slot of an attribute of the metaverse.
    pub(super) const fn slot(self) -> Option<u32> {
        match self {
            Self::Metaverse(slot) => Some(slot),
            Self::Property(_) | Self::Manager | Self::Members => None,
        }
    }

    /// Its name.
    pub(super) fn name(self, metaverse: &Schema) -> &str {
        match self {
            Self::Metaverse(slot) => {
                metaverse.attributes().get(slot as usize).map_or("", |held| held.name.as_str())
            }
            Self::Property(property) => property.as_str(),
            Self::Manager => "manager",
            Self::Members => "members",
        }
    }
}

/// The properties that a kind of object has.
fn properties_of(kind: ObjectKind) -> impl Iterator<Item = Property> {
    flows::of(kind).iter().map(|(property, _)| *property)
}
