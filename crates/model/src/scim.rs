//! SCIM 2.0 resources as they travel from a sync client to a tenant, and their translation from and to
//! [`Properties`]. Core schema: RFC 7643 sections 4.1 and 4.2; enterprise extension: section 4.3; what SCIM has
//! no name for is in Lockstep's own extension.
//!
//! **Invariant:** `Properties -> SCIM -> Properties` loses nothing (property test below).

use crate::{ObjectKind, Properties, Property, PropertyValue, SourceAnchor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// RFC 7643 User.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// RFC 7643 Group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// RFC 7643 enterprise user.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Properties of a user or group that SCIM has no name for, by their Graph names.
pub const LOCKSTEP: &str = "urn:lockstep:params:scim:schemas:extension:directory:2.0";
/// The flows that gave the values, by Graph name: for the tenant's history.
pub const FLOWS: &str = "urn:lockstep:params:scim:schemas:extension:flows:2.0";
/// RFC 7644 PatchOp.
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A name. RFC 7643 section 4.1.1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScimName {
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
}

/// The enterprise extension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScimEnterprise {
    /// Number of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Manager; `value` is the manager's `externalId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<ScimReference>,
}

/// A reference by `externalId`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScimReference {
    /// The anchor of the object referred to.
    pub value: SourceAnchor,
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScimUser {
    /// [`USER`], [`ENTERPRISE`], [`LOCKSTEP`].
    pub schemas: Vec<String>,
    /// The source anchor.
    pub external_id: String,
    /// Sign-in name as the source has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Name in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ScimName>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Kind of employment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// Language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// Whether the account may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The enterprise extension.
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<ScimEnterprise>,
    /// Everything else, by Graph name.
    #[serde(rename = "urn:lockstep:params:scim:schemas:extension:directory:2.0")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extension: BTreeMap<Property, PropertyValue>,
    /// The flow that gave a value (`mail <- mail`), by Graph name. Clients send it where an object changes, for the
    /// values that do; it is no part of the object.
    #[serde(rename = "urn:lockstep:params:scim:schemas:extension:flows:2.0")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<String, String>,
}

/// A group. Its members travel in [`ScimPatch`] operations only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScimGroup {
    /// [`GROUP`], [`LOCKSTEP`].
    pub schemas: Vec<String>,
    /// The source anchor.
    pub external_id: String,
    /// Name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Everything else, by Graph name.
    #[serde(rename = "urn:lockstep:params:scim:schemas:extension:directory:2.0")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extension: BTreeMap<Property, PropertyValue>,
    /// As [`ScimUser::flows`].
    #[serde(rename = "urn:lockstep:params:scim:schemas:extension:flows:2.0")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<String, String>,
}

/// Members to add and remove. RFC 7644 section 3.5.2, `path` always `members`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScimPatch {
    /// [`PATCH`].
    pub schemas: Vec<String>,
    /// One `add` and one `remove` at most.
    #[serde(rename = "Operations")]
    pub operations: Vec<ScimPatchOperation>,
}

/// One change of members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScimPatchOperation {
    /// Add or remove.
    pub op: PatchVerb,
    /// Always `members`.
    pub path: String,
    /// The members, by their anchors.
    pub value: Vec<ScimReference>,
}

/// What a patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchVerb {
    /// Adds members.
    Add,
    /// Removes members.
    Remove,
}

impl ScimPatch {
    /// A patch of a group's members.
    pub fn members(add: Vec<SourceAnchor>, remove: Vec<SourceAnchor>) -> Self {
        let refs = |list: Vec<SourceAnchor>| list.into_iter().map(|value| ScimReference { value }).collect();
        let mut operations = Vec::new();
        for (op, list) in [(PatchVerb::Add, add), (PatchVerb::Remove, remove)] {
            if !list.is_empty() {
                operations.push(ScimPatchOperation { op, path: "members".into(), value: refs(list) });
            }
        }
        Self { schemas: vec![PATCH.into()], operations }
    }
}

impl ScimUser {
    /// The resource of these properties.
    pub fn from_properties(
        anchor: &SourceAnchor,
        properties: &Properties,
        manager: Option<SourceAnchor>,
    ) -> Self {
        Self::of(anchor, properties.clone(), manager)
    }

    /// The resource of these properties, which it takes over.
    pub fn of(anchor: &SourceAnchor, properties: Properties, manager: Option<SourceAnchor>) -> Self {
        let mut rest = properties.0;
        let mut text = |property| match rest.get(&property) {
            Some(PropertyValue::Text(_)) => match rest.remove(&property) {
                Some(PropertyValue::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        };
        let user_name = text(Property::UserPrincipalName);
        let display_name = text(Property::DisplayName);
        let name = ScimName { given_name: text(Property::GivenName), family_name: text(Property::Surname) };
        let title = text(Property::JobTitle);
        let user_type = text(Property::EmployeeType);
        let preferred_language = text(Property::PreferredLanguage);
        let enterprise = ScimEnterprise {
            employee_number: text(Property::EmployeeId),
            organization: text(Property::CompanyName),
            department: text(Property::Department),
            manager: manager.map(|value| ScimReference { value }),
        };
        let active = match rest.get(&Property::AccountEnabled) {
            Some(PropertyValue::Flag(flag)) => Some(*flag),
            _ => None,
        };
        if active.is_some() {
            rest.remove(&Property::AccountEnabled);
        }
        Self {
            schemas: vec![USER.into(), ENTERPRISE.into(), LOCKSTEP.into()],
            external_id: anchor.as_str().to_owned(),
            user_name,
            display_name,
            name: (name != ScimName::default()).then_some(name),
            title,
            user_type,
            preferred_language,
            active,
            enterprise: (enterprise != ScimEnterprise::default()).then_some(enterprise),
            extension: rest,
            flows: BTreeMap::new(),
        }
    }

    /// The properties and the manager of this resource. Named attributes win over the extension.
    pub fn into_properties(self) -> (Properties, Option<SourceAnchor>) {
        let mut properties = Properties(self.extension);
        let name = self.name.unwrap_or_default();
        let enterprise = self.enterprise.unwrap_or_default();
        for (property, text) in [
            (Property::UserPrincipalName, self.user_name),
            (Property::DisplayName, self.display_name),
            (Property::GivenName, name.given_name),
            (Property::Surname, name.family_name),
            (Property::JobTitle, self.title),
            (Property::EmployeeType, self.user_type),
            (Property::PreferredLanguage, self.preferred_language),
            (Property::EmployeeId, enterprise.employee_number),
            (Property::CompanyName, enterprise.organization),
            (Property::Department, enterprise.department),
        ] {
            if let Some(text) = text {
                properties.set_text(property, text);
            }
        }
        if let Some(active) = self.active {
            properties.set_flag(Property::AccountEnabled, active);
        }
        (properties, enterprise.manager.map(|m| m.value))
    }
}

impl ScimGroup {
    /// The resource of these properties.
    pub fn from_properties(anchor: &SourceAnchor, properties: &Properties) -> Self {
        Self::of(anchor, properties.clone())
    }

    /// The resource of these properties, which it takes over.
    pub fn of(anchor: &SourceAnchor, properties: Properties) -> Self {
        let mut rest = properties.0;
        let display_name = match rest.remove(&Property::DisplayName) {
            Some(PropertyValue::Text(text)) => Some(text),
            Some(other) => {
                rest.insert(Property::DisplayName, other);
                None
            }
            None => None,
        };
        Self {
            schemas: vec![GROUP.into(), LOCKSTEP.into()],
            external_id: anchor.as_str().to_owned(),
            display_name,
            extension: rest,
            flows: BTreeMap::new(),
        }
    }

    /// The properties of this resource.
    pub fn into_properties(self) -> Properties {
        let mut properties = Properties(self.extension);
        if let Some(name) = self.display_name {
            properties.set_text(Property::DisplayName, name);
        }
        properties
    }
}

/// The path of an object in a bulk operation: `/Users/{externalId}`, `/Groups/{externalId}` and so on.
/// The anchor stands as it is; [`parse_path`] takes all that follows the second slash.
pub fn path_of(kind: ObjectKind, anchor: &SourceAnchor) -> String {
    match kind {
        ObjectKind::User => format!("/Users/{anchor}"),
        ObjectKind::Group => format!("/Groups/{anchor}"),
        ObjectKind::Contact => format!("/Contacts/{anchor}"),
        ObjectKind::Device => format!("/Devices/{anchor}"),
    }
}

/// The kind and anchor of a path.
pub fn parse_path(path: &str) -> Option<(ObjectKind, SourceAnchor)> {
    let (kind, anchor) = path.strip_prefix('/')?.split_once('/')?;
    let kind = match kind {
        "Users" => ObjectKind::User,
        "Groups" => ObjectKind::Group,
        "Contacts" => ObjectKind::Contact,
        "Devices" => ObjectKind::Device,
        _ => return None,
    };
    SourceAnchor::new(anchor).ok().map(|anchor| (kind, anchor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = PropertyValue> {
        prop_oneof![
            any::<bool>().prop_map(PropertyValue::Flag),
            "[^\\x00]{1,20}".prop_map(PropertyValue::Text),
            proptest::collection::vec("[a-z@:]{1,9}", 1..4).prop_map(PropertyValue::List),
        ]
    }

    fn properties() -> impl Strategy<Value = Properties> {
        proptest::collection::btree_map(proptest::sample::select(Property::ALL), value(), 0..12)
            .prop_map(Properties)
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way(properties in properties(), boss in proptest::option::of("[a-z0-9/+=-]{1,24}")) {
            let anchor = SourceAnchor::new("a/b=").unwrap();
            let boss = boss.map(|b| SourceAnchor::new(b).unwrap());
            let wire = serde_json::to_string(&ScimUser::from_properties(&anchor, &properties, boss.clone())).unwrap();
            let back: ScimUser = serde_json::from_str(&wire).unwrap();
            prop_assert_eq!(back.into_properties(), (properties.clone(), boss));
            let wire = serde_json::to_string(&ScimGroup::from_properties(&anchor, &properties)).unwrap();
            let back: ScimGroup = serde_json::from_str(&wire).unwrap();
            prop_assert_eq!(back.into_properties(), properties);
        }
    }

    #[test]
    fn paths_keep_any_anchor() {
        let anchor = SourceAnchor::new("a/b+c==").unwrap();
        for kind in ObjectKind::ALL {
            assert_eq!(parse_path(&path_of(kind, &anchor)), Some((kind, anchor.clone())));
        }
        assert_eq!(parse_path("/Printers/x"), None);
        assert_eq!(parse_path("/Users"), None);
    }
}
