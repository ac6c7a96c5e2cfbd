//! The LDAP attributes that the built-in flows read, and the one pass that finds them in an entry.

use lockstep_model::Entry;

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $lower:literal $shown:literal),* $(,)?) => {
        /// An attribute of the built-in mapping. Declared in the order of the names in lower case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum A { $($(#[$doc])* $variant),* }

        impl A {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name by which attributes are compared.
            pub(crate) const fn lower(self) -> &'static str {
                match self { $(Self::$variant => $lower),* }
            }

            /// The name as the schema writes it, for people.
            pub(crate) const fn shown(self) -> &'static str {
                match self { $(Self::$variant => $shown),* }
            }
        }
    };
}

attributes! {
    C = "c" "c",
    Cn = "cn" "cn",
    Co = "co" "co",
    DepartmentNumber = "departmentnumber" "departmentNumber",
    Description = "description" "description",
    DisplayName = "displayname" "displayName",
    EmployeeNumber = "employeenumber" "employeeNumber",
    EmployeeType = "employeetype" "employeeType",
    FacsimileTelephoneNumber = "facsimiletelephonenumber" "facsimileTelephoneNumber",
    GivenName = "givenname" "givenName",
    HomePhone = "homephone" "homePhone",
    L = "l" "l",
    Mail = "mail" "mail",
    Manager = "manager" "manager",
    Member = "member" "member",
    MemberUid = "memberuid" "memberUid",
    Mobile = "mobile" "mobile",
    O = "o" "o",
    ObjectClass = "objectclass" "objectClass",
    Ou = "ou" "ou",
    PhysicalDeliveryOfficeName = "physicaldeliveryofficename" "physicalDeliveryOfficeName",
    PostalCode = "postalcode" "postalCode",
    PreferredLanguage = "preferredlanguage" "preferredLanguage",
    RoomNumber = "roomnumber" "roomNumber",
    Sn = "sn" "sn",
    St = "st" "st",
    Street = "street" "street",
    TelephoneNumber = "telephonenumber" "telephoneNumber",
    Title = "title" "title",
    Uid = "uid" "uid",
    UniqueMember = "uniquemember" "uniqueMember",
}

/// The values of every [`A`] in one entry.
pub(crate) struct Slots<'a>([&'a [Vec<u8>]; A::ALL.len()]);

impl<'a> Slots<'a> {
    /// Finds them. Both lists are sorted, so one pass is enough.
    pub(crate) fn of(entry: &'a Entry) -> Self {
        let mut slots: [&'a [Vec<u8>]; A::ALL.len()] = [&[]; A::ALL.len()];
        let mut wanted = A::ALL.iter().zip(slots.iter_mut()).peekable();
        for (name, values) in entry.attributes.iter() {
            while wanted.next_if(|(attribute, _)| attribute.lower() < name.as_str()).is_some() {}
            if let Some((_, slot)) = wanted.next_if(|(attribute, _)| attribute.lower() == name.as_str()) {
                *slot = values;
            }
        }
        Self(slots)
    }

    /// The values of an attribute as the directory has them.
    pub(crate) fn values(&self, attribute: A) -> &'a [Vec<u8>] {
        self.0.get(attribute as usize).copied().unwrap_or(&[])
    }

    /// Takes an attribute out, so that no flow sees it.
    pub(crate) fn clear(&mut self, attribute: A) {
        if let Some(slot) = self.0.get_mut(attribute as usize) {
            *slot = &[];
        }
    }

    /// The values that say something, trimmed.
    pub(crate) fn texts(&self, attribute: A) -> impl Iterator<Item = &'a str> {
        texts(self.values(attribute))
    }

    /// The first value that says something, of the first attribute that has one.
    pub(crate) fn first(&self, attributes: &[A]) -> Option<&'a str> {
        attributes.iter().find_map(|attribute| self.texts(*attribute).next())
    }
}

/// The values that are text and not only spaces, trimmed.
pub(crate) fn texts(values: &[Vec<u8>]) -> impl Iterator<Item = &str> {
    values
        .iter()
        .filter_map(|value| std::str::from_utf8(value).ok())
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_in_lower_case() {
        assert!(A::ALL.is_sorted_by(|a, b| a.lower() < b.lower()), "the one pass over an entry needs this");
        for attribute in A::ALL {
            assert_eq!(attribute.shown().to_lowercase(), attribute.lower());
        }
    }
}
