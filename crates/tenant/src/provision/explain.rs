//! What a tenant says about an error: the cause in one sentence that names the objects, and the next step.
//!
//! **Invariant:** a pure function of the error's other fields, so that a store can say it anew with the names
//! that the objects have today.

use super::values::{self, Problem};
use lockstep_model::{ErrorCode, ObjectKind, ObjectRef, Property, SyncError};

/// Characters of a value that an error keeps.
const VALUE_LIMIT: usize = 1_024;

/// An error with its texts.
pub fn error(
    code: ErrorCode,
    object: ObjectRef,
    property: Option<&str>,
    value: Option<String>,
    value_in_force: Option<String>,
    other: Option<ObjectRef>,
) -> SyncError {
    let bounded = |text: String| values::cut(&text, VALUE_LIMIT).map(str::to_owned).unwrap_or(text);
    let mut error = SyncError {
        code,
        object,
        property: property.map(str::to_owned),
        value: value.map(bounded),
        value_in_force: value_in_force.map(bounded),
        other,
        message: String::new(),
        remedy: String::new(),
    };
    explain(&mut error);
    error
}

/// Writes `message` and `remedy` from the error's other fields.
pub fn explain(error: &mut SyncError) {
    let who = named(&error.object);
    let value = error.value.as_deref().unwrap_or_default();
    let property = error.property.as_deref().unwrap_or_default();
    let other = error.other.as_ref().map_or_else(|| "another object".to_owned(), named);
    let in_force = error.value_in_force.as_deref().unwrap_or_default();
    let (message, remedy) = match error.code {
        ErrorCode::PropertyConflict if property == Property::UserPrincipalName.as_str() => (
            format!("The sign-in name of {who} had to be changed from {value} to {in_force}, because {other} already has {value}."),
            format!("Decide who keeps {value} and change it on the other in the directory; {who} then gets it by itself."),
        ),
        ErrorCode::PropertyConflict => (
            format!("The address {value} of {who} is left out, because {other} already has it."),
            "Decide who keeps the address and remove it from the other in the directory; it is then put in force by itself.".into(),
        ),
        ErrorCode::AttributeValueMustBeUnique => (
            format!("{who} is refused: {other} already has {value} ({property})."),
            "Remove the value from one of the two in the directory.".into(),
        ),
        ErrorCode::InvalidSoftMatch => (
            format!("{who} has the primary address of {other}, which belongs to another source object."),
            "Decide who keeps the address and remove it from the other in the directory.".into(),
        ),
        ErrorCode::InvalidHardMatch => (
            format!("{who} may not take over {other}, which has the same source anchor."),
            "Remove the administrator roles of the cloud account, let it synchronize, and give them back.".into(),
        ),
        ErrorCode::ObjectTypeMismatch => (
            format!("{who} is refused: {other}, which is of another kind, already has {value}."),
            "Remove the value from one of the two, or delete the cloud object that should not be.".into(),
        ),
        ErrorCode::DataValidationFailed => validation(&who, property, value, in_force),
        ErrorCode::ExceededAllowedLength => (
            match limit(property) {
                Some(limit) if property != Property::ProxyAddresses.as_str() => {
                    format!("{property} of {who} has more than {limit} characters; it is cut or left out.")
                }
                _ => format!("{property} of {who} has more than the cloud takes: {value}."),
            },
            format!("Shorten {property} in the directory; the change is picked up by itself."),
        ),
        ErrorCode::DomainNotVerified => match value.split_once('@').map(|(_, domain)| domain) {
            Some(domain) if !domain.is_empty() => (
                format!("{who} signs in as {in_force}, because the domain {domain} of {value} is not verified."),
                format!("Verify the domain {domain} ([tenant] domains in lockstep.toml), or give the person a name in a verified domain."),
            ),
            _ => (
                format!("{who} signs in as {in_force}, because the sign-in name {value} names no domain."),
                "Give the person a sign-in name in a verified domain, in the directory.".into(),
            ),
        },
        ErrorCode::UnresolvedReference => (
            format!("{property} of {who} names {value}, which is not in the cloud."),
            "Correct the link in the directory, or take that entry into the scope; the link appears as soon as the entry does.".into(),
        ),
        ErrorCode::CircularNesting => match error.other.as_ref() {
            Some(next) if next.id.is_some() && next.id == error.object.id => (
                format!("{who} is a member of itself."),
                "Remove the group from its own members in the directory.".into(),
            ),
            _ => (
                format!("{who} is, through its member {other}, a member of itself."),
                "Remove one of the links of the ring in the directory.".into(),
            ),
        },
        ErrorCode::NoMailAddress => (
            format!("{who} has no mail address."),
            "Nothing is to be done if the account needs no mail; otherwise add a mail address in the directory.".into(),
        ),
        ErrorCode::QuotaExceeded => (
            format!("{who} is refused: the tenant holds as many objects as it may."),
            "Delete objects that are not needed, or verify a domain to raise the limit.".into(),
        ),
        ErrorCode::DeletingCloudOnlyObjectNotAllowed => (
            format!("{who} is not synchronized; a sync client may not change or delete it."),
            "Take the object into the scope again, or delete it in the cloud.".into(),
        ),
        ErrorCode::MappingFailed => (
            format!("{who} cannot become a cloud object: {property} is missing or cannot be read."),
            "Correct the entry in the directory.".into(),
        ),
    };
    error.message = match message.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => message,
    };
    error.remedy = remedy;
}

/// What is wrong with a value: `it has a space`.
pub fn problem_of(property: &str, value: &str) -> String {
    let long = Property::from_name(property).filter(|property| {
        let limit = values::limit_of(*property);
        limit != usize::MAX && values::cut(value, limit).is_some()
    });
    match long {
        Some(property) => format!("it has more than {} characters", values::limit_of(property)),
        None if property == Property::ProxyAddresses.as_str()
            && !value.contains('@')
            && value.ends_with(" addresses") =>
        {
            format!("it has more than {} items", values::ADDRESSES_LIMIT)
        }
        None => format!("\"{}\" {}", values::cut(value, 200).unwrap_or(value), wrong(property, value)),
    }
}

fn wrong(property: &str, value: &str) -> String {
    let problem = if property == Property::UserPrincipalName.as_str() {
        values::check_sign_in_name(value).err()
    } else {
        let (prefix, rest) = values::split_prefix(value);
        if property == Property::Mail.as_str() {
            values::check_smtp(value).err()
        } else if values::is_smtp(prefix) {
            values::check_smtp(rest).err()
        } else {
            values::check_other(rest).err()
        }
    };
    match problem {
        Some(Problem::Character(' ')) => "has a space".to_owned(),
        Some(Problem::Character(c)) if c.is_control() => "has a control character".to_owned(),
        Some(Problem::Character(c)) => format!("has the character {c}, which is not allowed"),
        Some(Problem::NoDomain) => "has no domain part".to_owned(),
        Some(Problem::NoLocalPart) => "has nothing before the @".to_owned(),
        Some(Problem::Length(limit)) => format!("has more than {limit} characters"),
        Some(Problem::Form) | None => "has a wrong form".to_owned(),
    }
}

fn validation(who: &str, property: &str, value: &str, in_force: &str) -> (String, String) {
    let is_name = property == Property::UserPrincipalName.as_str();
    let wrong = wrong(property, value);
    let effect = if is_name { format!("{in_force} is in force") } else { "it is left out".to_owned() };
    (
        format!("{property} \"{value}\" of {who} {wrong}; {effect}."),
        format!("Correct {property} in the directory; the change is picked up by itself."),
    )
}

fn limit(property: &str) -> Option<usize> {
    match Property::from_name(property)? {
        Property::Mail => Some(values::ADDRESS_LIMIT),
        Property::UserPrincipalName => Some(values::SIGN_IN_NAME_LIMIT),
        other => Some(values::limit_of(other)),
    }
}

/// An object in a sentence: `the user Ann Lee (uid=ann,ou=people,dc=contoso,dc=com)`.
fn named(object: &ObjectRef) -> String {
    let kind = match object.kind {
        Some(ObjectKind::User) => "the user ",
        Some(ObjectKind::Group) => "the group ",
        Some(ObjectKind::Contact) => "the contact ",
        Some(ObjectKind::Device) => "the device ",
        None => "",
    };
    let name =
        values::cut(&object.name, 80).map_or_else(|| object.name.clone(), |short| format!("{short}..."));
    match &object.dn {
        Some(dn) if *dn != object.name => format!("{kind}{name} ({dn})"),
        _ => format!("{kind}{name}"),
    }
}
