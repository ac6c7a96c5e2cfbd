//! The attribute flows: which property of a user or group comes from which attributes. One line a property.

use crate::attribute::A;
use lockstep_model::{ObjectKind, Property};

/// How a property gets its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Take {
    /// The first value of the first attribute that has one.
    First(&'static [A]),
    /// All values of an attribute, in the directory's order, without doubles.
    All(A),
    /// All values of an attribute as addresses: the first is the primary one (`SMTP:`), the others `smtp:`.
    /// Compared without regard to case. Their form is judged by the tenant, not here.
    Addresses(A),
    /// The first value before its `@`, of the first attribute that has one, with what a mail nickname cannot
    /// hold replaced by `_`.
    Nickname(&'static [A]),
    /// The configured user-name attribute, as it is.
    UserName,
    /// The configured user-name attribute where it has the form `local@domain`; else the tenant makes a name.
    SignInName,
    /// The name of the entry.
    Dn,
    /// Always this.
    Always(bool),
    /// Whether an attribute has a value.
    Has(A),
    /// True unless the configured attribute says that the account is disabled.
    Enabled,
}

/// The flows of a kind, in the order of the properties.
pub(crate) const fn of(kind: ObjectKind) -> &'static [(Property, Take)] {
    match kind {
        ObjectKind::User => USER,
        ObjectKind::Group => GROUP,
        // No source gives them yet.
        ObjectKind::Contact | ObjectKind::Device => &[],
    }
}

/// inetOrgPerson (RFC 2798), person and organizationalPerson (RFC 4519), posixAccount (RFC 2307).
#[rustfmt::skip]
static USER: &[(Property, Take)] = &[
    (Property::AccountEnabled,              Take::Enabled),
    (Property::BusinessPhones,              Take::All(A::TelephoneNumber)),
    (Property::City,                        Take::First(&[A::L])),
    (Property::CompanyName,                 Take::First(&[A::O])),
    (Property::Country,                     Take::First(&[A::C, A::Co])),
    (Property::Department,                  Take::First(&[A::DepartmentNumber, A::Ou])),
    (Property::DisplayName,                 Take::First(&[A::DisplayName, A::Cn, A::Uid])),
    (Property::EmployeeId,                  Take::First(&[A::EmployeeNumber])),
    (Property::EmployeeType,                Take::First(&[A::EmployeeType])),
    (Property::FaxNumber,                   Take::First(&[A::FacsimileTelephoneNumber])),
    (Property::GivenName,                   Take::First(&[A::GivenName])),
    (Property::HomePhones,                  Take::All(A::HomePhone)),
    (Property::JobTitle,                    Take::First(&[A::Title])),
    (Property::Mail,                        Take::First(&[A::Mail])),
    (Property::MailNickname,                Take::Nickname(&[A::Uid, A::Mail])),
    (Property::MobilePhone,                 Take::First(&[A::Mobile])),
    (Property::OfficeLocation,              Take::First(&[A::PhysicalDeliveryOfficeName, A::RoomNumber])),
    (Property::OnPremisesDistinguishedName, Take::Dn),
    (Property::OnPremisesSamAccountName,    Take::First(&[A::Uid])),
    (Property::OnPremisesUserPrincipalName, Take::UserName),
    (Property::PostalCode,                  Take::First(&[A::PostalCode])),
    (Property::PreferredLanguage,           Take::First(&[A::PreferredLanguage])),
    (Property::ProxyAddresses,              Take::Addresses(A::Mail)),
    (Property::State,                       Take::First(&[A::St])),
    (Property::StreetAddress,               Take::First(&[A::Street])),
    (Property::Surname,                     Take::First(&[A::Sn])),
    (Property::UserPrincipalName,           Take::SignInName),
];

/// groupOfNames and groupOfUniqueNames (RFC 4519), posixGroup (RFC 2307).
#[rustfmt::skip]
static GROUP: &[(Property, Take)] = &[
    (Property::Description,                 Take::First(&[A::Description])),
    (Property::DisplayName,                 Take::First(&[A::DisplayName, A::Cn])),
    (Property::Mail,                        Take::First(&[A::Mail])),
    (Property::MailEnabled,                 Take::Has(A::Mail)),
    (Property::MailNickname,                Take::Nickname(&[A::Cn, A::Mail])),
    (Property::OnPremisesDistinguishedName, Take::Dn),
    (Property::OnPremisesSamAccountName,    Take::First(&[A::Cn])),
    (Property::ProxyAddresses,              Take::Addresses(A::Mail)),
    (Property::SecurityEnabled,             Take::Always(true)),
];

impl Take {
    /// Whether a value of this attribute can reach the property.
    pub(crate) fn reads(&self, attribute: A) -> bool {
        match self {
            Self::First(list) | Self::Nickname(list) => list.contains(&attribute),
            Self::All(one) | Self::Addresses(one) | Self::Has(one) => *one == attribute,
            Self::UserName | Self::SignInName | Self::Dn | Self::Always(_) | Self::Enabled => false,
        }
    }

    /// The attributes that it reads, for people.
    pub(crate) fn names(&self, settings: &crate::MappingSettings) -> Vec<String> {
        match self {
            Self::First(list) | Self::Nickname(list) => list.iter().map(|a| a.shown().to_owned()).collect(),
            Self::All(one) | Self::Addresses(one) | Self::Has(one) => vec![one.shown().to_owned()],
            Self::UserName | Self::SignInName => vec![settings.user_name_attribute.clone()],
            Self::Dn => vec!["dn".to_owned()],
            Self::Enabled => settings.disabled_attribute.iter().cloned().collect(),
            Self::Always(_) => Vec::new(),
        }
    }

    /// The flow for people: `displayName <- displayName, else cn, else uid`.
    pub(crate) fn describe(&self, property: Property, user_name: &str, disabled: Option<&str>) -> String {
        let chain = |list: &[A]| list.iter().map(|a| a.shown()).collect::<Vec<_>>().join(", else ");
        match self {
            Self::First(list) => format!("{property} <- {}", chain(list)),
            Self::All(one) => format!("{property} <- {} (all values)", one.shown()),
            Self::Addresses(one) => format!("{property} <- SMTP: and smtp: with {}", one.shown()),
            Self::Nickname(list) => format!("{property} <- part before @ of {}", chain(list)),
            Self::UserName => format!("{property} <- {user_name}"),
            Self::SignInName => format!("{property} <- {user_name}, where it is local@domain"),
            Self::Dn => format!("{property} <- DN of the entry"),
            Self::Always(flag) => format!("{property} <- {flag}"),
            Self::Has(one) => format!("{property} <- whether {} has a value", one.shown()),
            Self::Enabled => match disabled {
                Some(attribute) => format!("{property} <- false where {attribute} disables the account"),
                None => format!("{property} <- true"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_one_flow() {
        for kind in [ObjectKind::User, ObjectKind::Group] {
            assert!(of(kind).is_sorted_by(|a, b| a.0 < b.0), "{kind}: in order and none twice");
        }
        // Nothing is read of devices yet.
        let of_devices = [
            Property::DeviceId,
            Property::OperatingSystem,
            Property::OperatingSystemVersion,
            Property::TrustType,
        ];
        for property in Property::ALL.iter().filter(|property| !of_devices.contains(property)) {
            let known = [USER, GROUP].iter().any(|table| table.iter().any(|(p, _)| p == property));
            assert!(known, "{property} has no flow");
        }
    }
}
