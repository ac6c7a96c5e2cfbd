//! The known defects: which people have them, and what the tenant must say of each.

use super::Defect;
use super::groups::Groups;
use lockstep_model::{ErrorCode, Property};

/// What is wrong with a person's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PersonDefect {
    /// Its only address is that of another person.
    AddressOf(u64),
    /// A space in the address.
    BadCharacter,
    /// Nothing after the `@`.
    NoDomain,
    /// An address in a domain that nobody verified.
    Unverified,
    /// More than 256 characters.
    LongDisplayName,
    /// No address.
    NoMail,
}

/// Characters of a display name that the cloud takes.
const DISPLAY_NAME_LIMIT: usize = 256;

/// Who has which defect.
pub(super) struct Defects {
    owner: u64,
    double: u64,
    shares_with_group: u64,
    bad_character: u64,
    no_domain: u64,
    unverified: u64,
    long_name: u64,
    no_mail: u64,
}

impl Defects {
    /// Spreads the defects over the organization; the head of it is spared.
    pub(super) const fn new(people: u64) -> Self {
        const DEFECTS: u64 = 8;
        let share = people.saturating_sub(2);
        Self {
            owner: 2,
            double: 2 + share / DEFECTS,
            shares_with_group: 2 + 2 * share / DEFECTS,
            bad_character: 2 + 3 * share / DEFECTS,
            no_domain: 2 + 4 * share / DEFECTS,
            unverified: 2 + 5 * share / DEFECTS,
            long_name: 2 + 6 * share / DEFECTS,
            no_mail: 2 + 7 * share / DEFECTS,
        }
    }

    pub(super) const fn of_person(&self, index: u64) -> Option<PersonDefect> {
        Some(match index {
            i if i == self.double => PersonDefect::AddressOf(self.owner),
            i if i == self.bad_character => PersonDefect::BadCharacter,
            i if i == self.no_domain => PersonDefect::NoDomain,
            i if i == self.unverified => PersonDefect::Unverified,
            i if i == self.long_name => PersonDefect::LongDisplayName,
            i if i == self.no_mail => PersonDefect::NoMail,
            _ => return None,
        })
    }

    /// Whether another object has this person's address too.
    pub(super) const fn shares(&self, index: u64) -> bool {
        index == self.owner || index == self.shares_with_group
    }

    /// The person whose address a group has too.
    pub(super) const fn shares_with_group(&self) -> u64 {
        self.shares_with_group
    }

    /// A display name that is too long, and begins with the right one.
    pub(super) fn long_name(name: &str) -> String {
        let mut long = format!("{name} (");
        while long.chars().count() <= DISPLAY_NAME_LIMIT + 20 {
            long.push_str("responsible for everything, ");
        }
        long.push_str("and more)");
        long
    }

    /// The list for the manifest.
    pub(super) fn list(groups: &Groups<'_>) -> Vec<Defect> {
        let (people, defects) = (groups.people(), groups.defects());
        let options = people.options;
        let defect = |code, property: Property, value: String, objects, note: &str| Defect {
            code,
            property: property.as_str().to_owned(),
            value,
            objects,
            note: note.to_owned(),
        };
        let dn = |index| people.dn(index);
        let local = |index| {
            let address = people.address(index);
            address.split_once('@').map_or_else(String::new, |(local, _)| local.to_owned())
        };
        let name = |index: u64| people.display_name(index);
        let shared = people.address(defects.owner);
        let with_group = people.address(defects.shares_with_group);
        let spaced = people.address(defects.bad_character).replacen('.', " ", 1);
        vec![
            defect(
                ErrorCode::PropertyConflict,
                Property::ProxyAddresses,
                shared,
                vec![dn(defects.owner), dn(defects.double)],
                "two people with one mail address; the later of the two also loses its sign-in name",
            ),
            defect(
                ErrorCode::PropertyConflict,
                Property::ProxyAddresses,
                with_group,
                vec![dn(defects.shares_with_group), groups.shared_address()],
                "an address shared by a person and a group",
            ),
            defect(
                ErrorCode::DataValidationFailed,
                Property::Mail,
                spaced,
                vec![dn(defects.bad_character)],
                "a space in the mail address",
            ),
            defect(
                ErrorCode::DataValidationFailed,
                Property::Mail,
                format!("{}@", local(defects.no_domain)),
                vec![dn(defects.no_domain)],
                "a mail address without domain part",
            ),
            defect(
                ErrorCode::DomainNotVerified,
                Property::UserPrincipalName,
                format!("{}@{}", local(defects.unverified), unverified_domain(&options.domain)),
                vec![dn(defects.unverified)],
                "a user name in a domain that is not verified",
            ),
            defect(
                ErrorCode::ExceededAllowedLength,
                Property::DisplayName,
                Self::long_name(&name(defects.long_name)),
                vec![dn(defects.long_name)],
                "a display name of more than 256 characters",
            ),
            Defect {
                code: ErrorCode::UnresolvedReference,
                property: "members".to_owned(),
                value: format!("{},{}", super::groups::PRINTER, options.suffix),
                objects: vec![groups.outside()],
                note: "a group member outside the scope: a printer".to_owned(),
            },
            Defect {
                code: ErrorCode::CircularNesting,
                property: "members".to_owned(),
                value: String::new(),
                objects: groups.ring(),
                note: "a ring of three nested groups".to_owned(),
            },
            defect(
                ErrorCode::NoMailAddress,
                Property::Mail,
                String::new(),
                vec![dn(defects.no_mail)],
                "a person without any mail address",
            ),
        ]
    }
}

/// A domain that is like the organization's and that nobody can verify.
pub(super) fn unverified_domain(domain: &str) -> String {
    let label = domain.split('.').next().unwrap_or(domain);
    let local = format!("{label}.local");
    if local == domain { format!("{label}.internal") } else { local }
}
