//! Users and groups as Graph shows them: which properties there are, which come without `$select`, and what a
//! filter may name.

use super::answer::time;
use lockstep_model::{ObjectKind, Property, PropertyValue};
use lockstep_tenant::{Field, StoredObject};
use serde_json::{Map, Value, json};

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    User,
    Group,
    Contact,
    Device,
    /// Objects of any kind (`directoryObject`).
    Object,
}

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    Flag,
    Time,
    Id,
}

/// A property that a filter, an order or a search may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Field(Field, FieldKind),
    List(Property),
    Errors,
}

/// Where the value of a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Id,
    Property(Property),
    Anchor,
    SyncEnabled,
    LastSync,
    Created,
    Deleted,
    Errors,
    /// Known to Graph, kept as it was set and nothing made of it here.
    Extra(Shape),
    /// Known to Graph and never set here.
    Null,
    NoItems,
    /// `addresses` and `phones` of a contact, made of properties.
    Addresses,
    Phones,
    /// Taken and never kept: this tenant signs nobody in.
    Secret,
}

/// What a kept property looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Texts,
    Flag,
    Time,
    Object,
    /// Whatever the client keeps there.
    Objects,
    /// A text that is this where it was never set.
    Or(&'static str),
}

/// How a property may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writable {
    Property(Property),
    Extra(&'static str, Shape),
    /// Taken and dropped.
    Secret,
}

/// A property of a resource; `true` where it comes without `$select`.
type Column = (&'static str, Source, bool);

use Source::{Anchor, Created, Deleted, Errors, Extra, Id, LastSync, NoItems, Null, Secret, SyncEnabled};

/// Graph's user. The default set is Graph's.
const USER: &[Column] = &[
    ("id", Id, true),
    ("accountEnabled", Source::Property(Property::AccountEnabled), false),
    ("ageGroup", Extra(Shape::Text), false),
    ("assignedLicenses", NoItems, false),
    ("assignedPlans", NoItems, false),
    ("businessPhones", Source::Property(Property::BusinessPhones), true),
    ("city", Source::Property(Property::City), false),
    ("companyName", Source::Property(Property::CompanyName), false),
    ("consentProvidedForMinor", Extra(Shape::Text), false),
    ("country", Source::Property(Property::Country), false),
    ("createdDateTime", Created, false),
    ("creationType", Null, false),
    ("deletedDateTime", Deleted, false),
    ("department", Source::Property(Property::Department), false),
    ("displayName", Source::Property(Property::DisplayName), true),
    ("employeeHireDate", Extra(Shape::Time), false),
    ("employeeId", Source::Property(Property::EmployeeId), false),
    ("employeeOrgData", Extra(Shape::Object), false),
    ("employeeType", Source::Property(Property::EmployeeType), false),
    ("externalUserState", Null, false),
    ("faxNumber", Source::Property(Property::FaxNumber), false),
    ("givenName", Source::Property(Property::GivenName), true),
    ("homePhones", Source::Property(Property::HomePhones), false),
    ("identities", NoItems, false),
    ("imAddresses", NoItems, false),
    ("jobTitle", Source::Property(Property::JobTitle), true),
    ("mail", Source::Property(Property::Mail), true),
    ("mailNickname", Source::Property(Property::MailNickname), false),
    ("mobilePhone", Source::Property(Property::MobilePhone), true),
    ("officeLocation", Source::Property(Property::OfficeLocation), true),
    ("onPremisesDistinguishedName", Source::Property(Property::OnPremisesDistinguishedName), false),
    ("onPremisesDomainName", Null, false),
    ("onPremisesExtensionAttributes", Null, false),
    ("onPremisesImmutableId", Anchor, false),
    ("onPremisesLastSyncDateTime", LastSync, false),
    ("onPremisesProvisioningErrors", Errors, false),
    ("onPremisesSamAccountName", Source::Property(Property::OnPremisesSamAccountName), false),
    ("onPremisesSecurityIdentifier", Null, false),
    ("onPremisesSyncEnabled", SyncEnabled, false),
    ("onPremisesUserPrincipalName", Source::Property(Property::OnPremisesUserPrincipalName), false),
    ("otherMails", Extra(Shape::Texts), false),
    ("passwordPolicies", Extra(Shape::Text), false),
    ("passwordProfile", Secret, false),
    ("postalCode", Source::Property(Property::PostalCode), false),
    ("preferredDataLocation", Extra(Shape::Text), false),
    ("preferredLanguage", Source::Property(Property::PreferredLanguage), true),
    ("provisionedPlans", NoItems, false),
    ("proxyAddresses", Source::Property(Property::ProxyAddresses), false),
    ("securityIdentifier", Null, false),
    ("serviceProvisioningErrors", NoItems, false),
    ("showInAddressList", Extra(Shape::Flag), false),
    ("state", Source::Property(Property::State), false),
    ("streetAddress", Source::Property(Property::StreetAddress), false),
    ("surname", Source::Property(Property::Surname), true),
    ("usageLocation", Extra(Shape::Text), false),
    ("userPrincipalName", Source::Property(Property::UserPrincipalName), true),
    ("userType", Extra(Shape::Or("Member")), false),
];

/// Graph's group.
const GROUP: &[Column] = &[
    ("id", Id, true),
    ("classification", Extra(Shape::Text), true),
    ("createdDateTime", Created, true),
    ("deletedDateTime", Deleted, true),
    ("description", Source::Property(Property::Description), true),
    ("displayName", Source::Property(Property::DisplayName), true),
    ("expirationDateTime", Null, true),
    ("groupTypes", Extra(Shape::Texts), true),
    ("isAssignableToRole", Extra(Shape::Flag), true),
    ("mail", Source::Property(Property::Mail), true),
    ("mailEnabled", Source::Property(Property::MailEnabled), true),
    ("mailNickname", Source::Property(Property::MailNickname), true),
    ("membershipRule", Null, true),
    ("membershipRuleProcessingState", Null, true),
    ("onPremisesDistinguishedName", Source::Property(Property::OnPremisesDistinguishedName), false),
    ("onPremisesDomainName", Null, true),
    ("onPremisesImmutableId", Anchor, false),
    ("onPremisesLastSyncDateTime", LastSync, true),
    ("onPremisesNetBiosName", Null, true),
    ("onPremisesProvisioningErrors", Errors, true),
    ("onPremisesSamAccountName", Source::Property(Property::OnPremisesSamAccountName), true),
    ("onPremisesSecurityIdentifier", Null, true),
    ("onPremisesSyncEnabled", SyncEnabled, true),
    ("preferredDataLocation", Extra(Shape::Text), true),
    ("preferredLanguage", Source::Property(Property::PreferredLanguage), true),
    ("proxyAddresses", Source::Property(Property::ProxyAddresses), true),
    ("renewedDateTime", Null, true),
    ("resourceBehaviorOptions", NoItems, true),
    ("resourceProvisioningOptions", NoItems, true),
    ("securityEnabled", Source::Property(Property::SecurityEnabled), true),
    ("securityIdentifier", Null, true),
    ("serviceProvisioningErrors", NoItems, true),
    ("theme", Extra(Shape::Text), true),
    ("visibility", Extra(Shape::Text), true),
];

/// Graph's orgContact.
const CONTACT: &[Column] = &[
    ("id", Id, true),
    ("addresses", Source::Addresses, true),
    ("companyName", Source::Property(Property::CompanyName), true),
    ("createdDateTime", Created, false),
    ("deletedDateTime", Deleted, true),
    ("department", Source::Property(Property::Department), true),
    ("displayName", Source::Property(Property::DisplayName), true),
    ("givenName", Source::Property(Property::GivenName), true),
    ("jobTitle", Source::Property(Property::JobTitle), true),
    ("mail", Source::Property(Property::Mail), true),
    ("mailNickname", Source::Property(Property::MailNickname), true),
    ("onPremisesImmutableId", Anchor, false),
    ("onPremisesLastSyncDateTime", LastSync, true),
    ("onPremisesProvisioningErrors", Errors, true),
    ("onPremisesSyncEnabled", SyncEnabled, true),
    ("phones", Source::Phones, true),
    ("proxyAddresses", Source::Property(Property::ProxyAddresses), true),
    ("serviceProvisioningErrors", NoItems, true),
    ("surname", Source::Property(Property::Surname), true),
];

/// Graph's device.
const DEVICE: &[Column] = &[
    ("id", Id, true),
    ("accountEnabled", Source::Property(Property::AccountEnabled), true),
    ("alternativeSecurityIds", Extra(Shape::Objects), true),
    ("approximateLastSignInDateTime", Null, true),
    ("complianceExpirationDateTime", Null, true),
    ("createdDateTime", Created, false),
    ("deletedDateTime", Deleted, true),
    ("deviceCategory", Extra(Shape::Text), true),
    ("deviceId", Source::Property(Property::DeviceId), true),
    ("deviceMetadata", Null, true),
    ("deviceOwnership", Extra(Shape::Text), true),
    ("deviceVersion", Null, true),
    ("displayName", Source::Property(Property::DisplayName), true),
    ("enrollmentProfileName", Null, true),
    ("enrollmentType", Null, true),
    ("extensionAttributes", Extra(Shape::Object), false),
    ("isCompliant", Extra(Shape::Flag), true),
    ("isManaged", Extra(Shape::Flag), true),
    ("isRooted", Null, true),
    ("managementType", Null, true),
    ("manufacturer", Extra(Shape::Text), true),
    ("mdmAppId", Null, true),
    ("model", Extra(Shape::Text), true),
    ("onPremisesImmutableId", Anchor, false),
    ("onPremisesLastSyncDateTime", LastSync, true),
    ("onPremisesSecurityIdentifier", Null, false),
    ("onPremisesSyncEnabled", SyncEnabled, true),
    ("operatingSystem", Source::Property(Property::OperatingSystem), true),
    ("operatingSystemVersion", Source::Property(Property::OperatingSystemVersion), true),
    ("physicalIds", Extra(Shape::Texts), true),
    ("profileType", Extra(Shape::Text), true),
    ("registrationDateTime", Created, true),
    ("systemLabels", Extra(Shape::Texts), true),
    ("trustType", Source::Property(Property::TrustType), true),
];

impl Resource {
    /// Its columns; none of a mixed list.
    const fn columns(self) -> Option<&'static [Column]> {
        match self {
            Self::User => Some(USER),
            Self::Group => Some(GROUP),
            Self::Contact => Some(CONTACT),
            Self::Device => Some(DEVICE),
            Self::Object => None,
        }
    }

    /// The set it is found in.
    pub(super) const fn set(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
            Self::Contact => "contacts",
            Self::Device => "devices",
            Self::Object => "directoryObjects",
        }
    }

    /// The kind of object it shows; none of a mixed list.
    pub(super) const fn kind(self) -> Option<ObjectKind> {
        match self {
            Self::User => Some(ObjectKind::User),
            Self::Group => Some(ObjectKind::Group),
            Self::Contact => Some(ObjectKind::Contact),
            Self::Device => Some(ObjectKind::Device),
            Self::Object => None,
        }
    }

    /// Graph's name of the type.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::User => "microsoft.graph.user",
            Self::Group => "microsoft.graph.group",
            Self::Contact => "microsoft.graph.orgContact",
            Self::Device => "microsoft.graph.device",
            Self::Object => "microsoft.graph.directoryObject",
        }
    }

    /// The resource of one kind.
    pub(super) const fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::User => Self::User,
            ObjectKind::Group => Self::Group,
            ObjectKind::Contact => Self::Contact,
            ObjectKind::Device => Self::Device,
        }
    }

    /// What a filter may name, by a name in any case.
    pub(super) fn known(self, name: &str) -> Option<Known> {
        let find = |columns: &[Column]| {
            columns
                .iter()
                .find(|(known, ..)| known.eq_ignore_ascii_case(name))
                .and_then(|(_, source, _)| known(*source))
        };
        match self.columns() {
            Some(columns) => find(columns),
            None => [USER, GROUP, CONTACT, DEVICE].into_iter().find_map(find),
        }
    }
}

impl Resource {
    /// How a property of a user or group may be written, by a name in any case: none where there is no such property,
    /// an error where it is read-only.
    pub(super) fn writable(self, asked: &str) -> Option<Result<Writable, &'static str>> {
        let columns = self.columns()?;
        let (name, source, _) = columns.iter().find(|(name, ..)| name.eq_ignore_ascii_case(asked))?;
        Some(match source {
            // Graph works addresses out from `mail`.
            Source::Property(Property::ProxyAddresses) => Err(name),
            Source::Property(property) => Ok(Writable::Property(*property)),
            Extra(shape) => Ok(Writable::Extra(name, *shape)),
            Secret => Ok(Writable::Secret),
            Id
            | Anchor
            | SyncEnabled
            | LastSync
            | Created
            | Deleted
            | Errors
            | Null
            | NoItems
            | Source::Addresses
            | Source::Phones => Err(name),
        })
    }
}

fn known(source: Source) -> Option<Known> {
    Some(match source {
        Id => Known::Field(Field::Id, FieldKind::Id),
        Anchor => Known::Field(Field::OnPremisesImmutableId, FieldKind::Text),
        SyncEnabled => Known::Field(Field::OnPremisesSyncEnabled, FieldKind::Flag),
        LastSync => Known::Field(Field::OnPremisesLastSyncDateTime, FieldKind::Time),
        Created => Known::Field(Field::CreatedDateTime, FieldKind::Time),
        Errors => Known::Errors,
        Source::Property(property) if is_list(property) => Known::List(property),
        Source::Property(property) if is_flag(property) => {
            Known::Field(Field::Property(property), FieldKind::Flag)
        }
        Source::Property(property) => Known::Field(Field::Property(property), FieldKind::Text),
        Deleted | Extra(_) | Null | NoItems | Secret | Source::Addresses | Source::Phones => return None,
    })
}

const fn is_list(property: Property) -> bool {
    matches!(property, Property::BusinessPhones | Property::HomePhones | Property::ProxyAddresses)
}

const fn is_flag(property: Property) -> bool {
    matches!(property, Property::AccountEnabled | Property::MailEnabled | Property::SecurityEnabled)
}

/// Which properties an answer shows.
#[derive(Debug)]
pub(super) struct Selection {
    user: Vec<&'static Column>,
    group: Vec<&'static Column>,
    contact: Vec<&'static Column>,
    device: Vec<&'static Column>,
}

impl Selection {
    /// The columns of a `$select`; unknown names are passed over, as admin tools expect.
    pub(super) fn of(names: Option<&[String]>) -> Self {
        let choose = |columns: &'static [Column]| {
            let wanted = |(name, _, by_default): &Column| match names {
                None => *by_default,
                Some(names) => names.iter().any(|asked| asked == "*" || asked.eq_ignore_ascii_case(name)),
            };
            columns.iter().filter(|column| wanted(column)).collect()
        };
        Self { user: choose(USER), group: choose(GROUP), contact: choose(CONTACT), device: choose(DEVICE) }
    }

    /// An object as JSON. In a mixed list it says its type.
    pub(super) fn render(&self, resource: Resource, object: &StoredObject) -> Map<String, Value> {
        let columns = match object.kind {
            ObjectKind::User => &self.user,
            ObjectKind::Group => &self.group,
            ObjectKind::Contact => &self.contact,
            ObjectKind::Device => &self.device,
        };
        let mut map = Map::new();
        if resource == Resource::Object {
            map.insert("@odata.type".into(), odata_type(object.kind).into());
        }
        for (name, source, _) in columns {
            map.insert((*name).to_owned(), value(name, *source, object));
        }
        map
    }
}

fn value(name: &str, source: Source, object: &StoredObject) -> Value {
    match source {
        Id => object.id.to_string().into(),
        Anchor => object.anchor.as_ref().map(|anchor| anchor.as_str()).into(),
        SyncEnabled => object.sync_enabled.into(),
        LastSync => object.last_sync.map_or(Value::Null, time),
        Created => time(object.created_at),
        Deleted => object.deleted_at.map_or(Value::Null, time),
        Errors => errors(object),
        Extra(shape) => match (object.extra.get(name), shape) {
            (Some(value), _) => value.clone(),
            (None, Shape::Texts | Shape::Objects) => json!([]),
            (None, Shape::Or(text)) => text.into(),
            (None, _) => Value::Null,
        },
        Null | Secret => Value::Null,
        NoItems => json!([]),
        Source::Addresses => addresses(object),
        Source::Phones => phones(object),
        Source::Property(property) => match object.properties.get(property) {
            Some(PropertyValue::Text(text)) => text.as_str().into(),
            Some(PropertyValue::Flag(flag)) => (*flag).into(),
            Some(PropertyValue::List(list)) => list.clone().into(),
            Some(PropertyValue::Kept) => Value::Null,
            None if is_list(property) => json!([]),
            None => Value::Null,
        },
    }
}

/// `@odata.type` of an object.
pub(super) fn odata_type(kind: ObjectKind) -> String {
    format!("#{}", Resource::of(kind).type_name())
}

/// Graph's `physicalOfficeAddress`; none where nothing of it is known.
fn addresses(object: &StoredObject) -> Value {
    let text = |property| object.properties.text(property);
    let parts = [
        ("city", text(Property::City)),
        ("countryOrRegion", text(Property::Country)),
        ("officeLocation", text(Property::OfficeLocation)),
        ("postalCode", text(Property::PostalCode)),
        ("state", text(Property::State)),
        ("street", text(Property::StreetAddress)),
    ];
    if parts.iter().all(|(_, value)| value.is_none()) {
        return json!([]);
    }
    let address: Map<String, Value> =
        parts.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!([address])
}

/// Graph's `phone`s.
fn phones(object: &StoredObject) -> Value {
    let text = |property| object.properties.text(property);
    let business = object.properties.list(Property::BusinessPhones).iter().map(|n| ("business", n.as_str()));
    let others = [("mobile", text(Property::MobilePhone)), ("businessFax", text(Property::FaxNumber))];
    business
        .chain(others.into_iter().filter_map(|(kind, number)| number.map(|number| (kind, number))))
        .map(|(kind, number)| json!({"type": kind, "number": number}))
        .collect()
}

fn errors(object: &StoredObject) -> Value {
    object
        .provisioning_errors
        .iter()
        .map(|error| {
            json!({
                "category": error.category,
                "occurredDateTime": time(error.occurred_date_time),
                "propertyCausingError": error.property_causing_error,
                "value": error.value,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_is_graphs() {
        let names: Vec<_> = Selection::of(None).user.iter().map(|(name, ..)| *name).collect();
        assert_eq!(
            names,
            [
                "id",
                "businessPhones",
                "displayName",
                "givenName",
                "jobTitle",
                "mail",
                "mobilePhone",
                "officeLocation",
                "preferredLanguage",
                "surname",
                "userPrincipalName",
            ]
        );
    }

    #[test]
    fn select_takes_any_case_and_passes_unknown_names_over() {
        let names = [
            "ID".to_owned(),
            "refreshTokensValidFromDateTime".to_owned(),
            "OnPremisesSyncEnabled".to_owned(),
        ];
        let names: Vec<_> = Selection::of(Some(&names)).user.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, ["id", "onPremisesSyncEnabled"]);
    }

    #[test]
    fn every_property_of_the_model_is_shown() {
        for property in Property::ALL {
            let shown = USER.iter().chain(GROUP).chain(DEVICE).any(|(name, source, _)| {
                *source == Source::Property(*property) && *name == property.as_str()
            });
            assert!(shown, "{property}");
        }
    }
}
