//! The schemas as data: what `/Schemas` shows, what a body is read by, and what paths may name. RFC 7643 sections 4.1,
//! 4.2, 4.3 and 7; what this server does not keep (`password`) is not in them.

use lockstep_model::ObjectKind;
use lockstep_model::scim::{ENTERPRISE, GROUP, USER};
use serde_json::{Map, Value, json};

/// What kind of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Time,
    /// An address of a resource, or of something outside: its `referenceTypes`.
    Reference(&'static [&'static str]),
    Binary,
    Complex(&'static [Attribute]),
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) multi: bool,
    pub(super) required: bool,
    pub(super) case_exact: bool,
    pub(super) read_only: bool,
    pub(super) immutable: bool,
    /// Whether it is in an answer only where it is asked for.
    pub(super) on_request: bool,
    pub(super) always: bool,
    pub(super) uniqueness: &'static str,
    pub(super) canonical: &'static [&'static str],
    pub(super) about: &'static str,
}

const fn attribute(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        multi: false,
        required: false,
        case_exact: false,
        read_only: false,
        immutable: false,
        on_request: false,
        always: false,
        uniqueness: "none",
        canonical: &[],
        about,
    }
}

const fn text(name: &'static str, about: &'static str) -> Attribute {
    attribute(name, Kind::Text, about)
}

const fn many(name: &'static str, sub: &'static [Attribute], about: &'static str) -> Attribute {
    Attribute { multi: true, ..attribute(name, Kind::Complex(sub), about) }
}

const fn kinds(canonical: &'static [&'static str]) -> Attribute {
    Attribute { canonical, ..text("type", "What it is for.") }
}

const VALUE: Attribute = text("value", "The value.");
const DISPLAY: Attribute = text("display", "A name for people.");
const PRIMARY: Attribute =
    attribute("primary", Kind::Flag, "Whether it is the preferred one; true once at most.");
const WORK: &[&str] = &["work", "home", "other"];

/// `id`, `externalId`, `meta`: common to all resources (RFC 7643 section 3.1), in no schema.
pub(super) const COMMON: &[Attribute] = &[
    Attribute {
        read_only: true,
        case_exact: true,
        always: true,
        uniqueness: "server",
        ..text("id", "The id, given by the server.")
    },
    Attribute { case_exact: true, ..text("externalId", "The caller's own name of the resource.") },
    Attribute {
        read_only: true,
        ..attribute(
            "meta",
            Kind::Complex(&[
                Attribute { read_only: true, case_exact: true, ..text("resourceType", "User or Group.") },
                Attribute { read_only: true, ..attribute("created", Kind::Time, "When it was made.") },
                Attribute {
                    read_only: true,
                    ..attribute("lastModified", Kind::Time, "When it last changed.")
                },
                Attribute { read_only: true, case_exact: true, ..text("location", "Its address.") },
                Attribute { read_only: true, case_exact: true, ..text("version", "Its ETag.") },
            ]),
            "What the server knows of it.",
        )
    },
];

const USER_ATTRIBUTES: &[Attribute] = &[
    Attribute {
        required: true,
        uniqueness: "server",
        ..text(
            "userName",
            "The name to sign in with. Where its domain is verified, it is the userPrincipalName.",
        )
    },
    attribute(
        "name",
        Kind::Complex(&[
            text("formatted", "The whole name."),
            text("familyName", "Family name."),
            text("givenName", "Given name."),
            text("middleName", "Middle names."),
            text("honorificPrefix", "Title before the name."),
            text("honorificSuffix", "Title after the name."),
        ]),
        "The name in its parts.",
    ),
    text("displayName", "The name to show. Made from the others where it is not given."),
    text("nickName", "What the person is called."),
    attribute("profileUrl", Kind::Reference(&["external"]), "A page about the person."),
    text("title", "Job title."),
    text("userType", "Kind of employment."),
    text("preferredLanguage", "Languages, as in Accept-Language."),
    text("locale", "Where it matters how times and numbers are written."),
    text("timezone", "Time zone, as in the IANA database."),
    attribute("active", Kind::Flag, "Whether the account may sign in."),
    many(
        "emails",
        &[VALUE, DISPLAY, kinds(WORK), PRIMARY],
        "Mail addresses. Those for work are the user's mail and proxyAddresses, unique in the tenant.",
    ),
    many(
        "phoneNumbers",
        &[VALUE, DISPLAY, kinds(&["work", "home", "mobile", "fax", "pager", "other"]), PRIMARY],
        "Telephone numbers.",
    ),
    many(
        "ims",
        &[VALUE, DISPLAY, kinds(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]), PRIMARY],
        "Addresses of instant messaging.",
    ),
    many(
        "photos",
        &[
            attribute("value", Kind::Reference(&["external"]), "Where the picture is."),
            DISPLAY,
            kinds(&["photo", "thumbnail"]),
            PRIMARY,
        ],
        "Pictures.",
    ),
    many(
        "addresses",
        &[
            text("formatted", "The whole address."),
            text("streetAddress", "Street and number."),
            text("locality", "Town."),
            text("region", "State or province."),
            text("postalCode", "Post code."),
            text("country", "Country."),
            kinds(WORK),
            PRIMARY,
        ],
        "Postal addresses. The one for work is the user's in Graph.",
    ),
    Attribute {
        read_only: true,
        on_request: true,
        ..many(
            "groups",
            &[
                Attribute { read_only: true, ..text("value", "The group's id.") },
                Attribute {
                    read_only: true,
                    ..attribute("$ref", Kind::Reference(&["Group"]), "The group's address.")
                },
                Attribute { read_only: true, ..text("display", "The group's name.") },
                Attribute {
                    read_only: true,
                    canonical: &["direct"],
                    ..text("type", "How the user belongs to it.")
                },
            ],
            "Groups that the user is a direct member of. In an answer only where it is asked for by name.",
        )
    },
    many(
        "entitlements",
        &[VALUE, DISPLAY, text("type", "What it is for."), PRIMARY],
        "What the user may do.",
    ),
    many("roles", &[VALUE, DISPLAY, text("type", "What it is for."), PRIMARY], "What the user is."),
    many(
        "x509Certificates",
        &[
            Attribute { case_exact: true, ..attribute("value", Kind::Binary, "DER in base64.") },
            DISPLAY,
            text("type", "What it is for."),
            PRIMARY,
        ],
        "Certificates.",
    ),
];

const ENTERPRISE_ATTRIBUTES: &[Attribute] = &[
    text("employeeNumber", "Number of the employee."),
    text("costCenter", "Cost center."),
    text("organization", "Company."),
    text("division", "Division."),
    text("department", "Department."),
    attribute(
        "manager",
        Kind::Complex(&[
            text("value", "The manager's id."),
            attribute("$ref", Kind::Reference(&["User"]), "The manager's address."),
        ]),
        "The manager, a user of this tenant.",
    ),
];

const GROUP_ATTRIBUTES: &[Attribute] = &[
    Attribute { required: true, ..text("displayName", "The name to show.") },
    many(
        "members",
        &[
            Attribute { immutable: true, ..text("value", "The member's id.") },
            Attribute {
                immutable: true,
                ..attribute("$ref", Kind::Reference(&["User", "Group"]), "The member's address.")
            },
            Attribute { immutable: true, canonical: &["User", "Group"], ..text("type", "User or Group.") },
        ],
        "Direct members.",
    ),
];

/// A schema.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) attributes: &'static [Attribute],
}

static USER_SCHEMA: Schema =
    Schema { id: USER, name: "User", about: "User Account", attributes: USER_ATTRIBUTES };
static ENTERPRISE_SCHEMA: Schema = Schema {
    id: ENTERPRISE,
    name: "Enterprise User",
    about: "What an enterprise knows of a user",
    attributes: ENTERPRISE_ATTRIBUTES,
};
static GROUP_SCHEMA: Schema =
    Schema { id: GROUP, name: "Group", about: "Group", attributes: GROUP_ATTRIBUTES };

/// All schemas, in the order in which they are listed.
pub(super) static SCHEMAS: [&Schema; 3] = [&USER_SCHEMA, &ENTERPRISE_SCHEMA, &GROUP_SCHEMA];

/// A kind of resource.
#[derive(Debug)]
pub(super) struct ResourceType {
    pub(super) kind: ObjectKind,
    pub(super) name: &'static str,
    /// The path below `/scim/v2`.
    pub(super) endpoint: &'static str,
    pub(super) about: &'static str,
    pub(super) schema: &'static Schema,
    pub(super) extension: Option<&'static Schema>,
}

/// Users.
pub(super) static USERS: ResourceType = ResourceType {
    kind: ObjectKind::User,
    name: "User",
    endpoint: "Users",
    about: "User Account",
    schema: &USER_SCHEMA,
    extension: Some(&ENTERPRISE_SCHEMA),
};
/// Groups.
pub(super) static GROUPS: ResourceType = ResourceType {
    kind: ObjectKind::Group,
    name: "Group",
    endpoint: "Groups",
    about: "Group",
    schema: &GROUP_SCHEMA,
    extension: None,
};

/// Where an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The extension whose object it is in.
    pub(super) extension: Option<&'static str>,
    pub(super) attribute: &'static Attribute,
    pub(super) sub: Option<&'static Attribute>,
}

impl Attribute {
    /// Its attributes, where it is complex.
    pub(super) fn subs(&self) -> &'static [Self] {
        match self.kind {
            Kind::Complex(subs) => subs,
            _ => &[],
        }
    }

    /// The attribute in it of this name, in any case.
    pub(super) fn sub(&self, name: &str) -> Option<&'static Self> {
        self.subs().iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }

    fn shown(&self) -> Value {
        let (kind, references): (&str, &[&str]) = match self.kind {
            Kind::Text => ("string", &[]),
            Kind::Flag => ("boolean", &[]),
            Kind::Time => ("dateTime", &[]),
            Kind::Reference(types) => ("reference", types),
            Kind::Binary => ("binary", &[]),
            Kind::Complex(_) => ("complex", &[]),
        };
        let mutability = match (self.read_only, self.immutable) {
            (true, _) => "readOnly",
            (_, true) => "immutable",
            _ => "readWrite",
        };
        let returned = match (self.always, self.on_request) {
            (true, _) => "always",
            (_, true) => "request",
            _ => "default",
        };
        let mut shown = json!({
            "name": self.name,
            "type": kind,
            "multiValued": self.multi,
            "description": self.about,
            "required": self.required,
            "mutability": mutability,
            "returned": returned,
        });
        if let Value::Object(fields) = &mut shown {
            if !matches!(self.kind, Kind::Flag | Kind::Time | Kind::Complex(_)) {
                fields.insert("caseExact".into(), self.case_exact.into());
            }
            if !matches!(self.kind, Kind::Flag | Kind::Complex(_)) {
                fields.insert("uniqueness".into(), self.uniqueness.into());
            }
            if !references.is_empty() {
                fields.insert("referenceTypes".into(), json!(references));
            }
            if !self.canonical.is_empty() {
                fields.insert("canonicalValues".into(), json!(self.canonical));
            }
            if !self.subs().is_empty() {
                let subs: Vec<Value> = self.subs().iter().map(Self::shown).collect();
                fields.insert("subAttributes".into(), subs.into());
            }
        }
        shown
    }
}

impl Schema {
    /// The attribute of this name, in any case.
    pub(super) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// As `/Schemas` shows it.
    pub(super) fn shown(&self, base: &str) -> Map<String, Value> {
        let attributes: Vec<Value> = self.attributes.iter().map(Attribute::shown).collect();
        let value = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.id,
            "name": self.name,
            "description": self.about,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", self.id)},
        });
        super::map(value)
    }
}

impl ResourceType {
    /// Finds `userName`, `name.givenName`, `urn:...:User:department`, `urn:...:User:manager.value`, in any case.
    pub(super) fn place(&self, path: &str) -> Option<Place> {
        let (schema, extension, rest) = self.schema_of(path)?;
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let common = || COMMON.iter().find(|known| known.name.eq_ignore_ascii_case(name));
        let attribute =
            schema.attribute(name).or_else(|| if extension.is_none() { common() } else { None })?;
        let sub = match sub {
            Some(sub) => Some(attribute.sub(sub)?),
            None => None,
        };
        Some(Place { extension, attribute, sub })
    }

    /// The schema that a path is in, the key of its object where it is an extension, and what is left of the path.
    pub(super) fn schema_of<'p>(
        &self,
        path: &'p str,
    ) -> Option<(&'static Schema, Option<&'static str>, &'p str)> {
        let within = |schema: &'static Schema| {
            let head = path.get(..schema.id.len())?;
            let rest = path.get(schema.id.len()..)?.strip_prefix(':')?;
            head.eq_ignore_ascii_case(schema.id).then_some(rest)
        };
        if let Some(extension) = self.extension
            && let Some(rest) = within(extension)
        {
            return Some((extension, Some(extension.id), rest));
        }
        if let Some(rest) = within(self.schema) {
            return Some((self.schema, None, rest));
        }
        (!path.contains(':')).then_some((self.schema, None, path))
    }

    /// As `/ResourceTypes` shows it.
    pub(super) fn shown(&self, base: &str) -> Map<String, Value> {
        let mut value = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": self.name,
            "name": self.name,
            "endpoint": format!("/{}", self.endpoint),
            "description": self.about,
            "schema": self.schema.id,
            "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", self.name)},
        });
        if let (Value::Object(fields), Some(extension)) = (&mut value, self.extension) {
            fields.insert("schemaExtensions".into(), json!([{"schema": extension.id, "required": false}]));
        }
        super::map(value)
    }
}
