//! The groups: one of half of all people, a chain of four, a ring of three, two with defects of their own,
//! and ordinary ones whose sizes fall off as in real organizations.
//!
//! **Invariant:** members are found by arithmetic; what is held is one number for each group.

use super::defects::Defects;
use super::dice::{Dice, Stream, coprime};
use super::ldif::{LdifWriter, escape_into};
use super::people::People;
use std::io;

/// The group of half of all people.
const HALF: u64 = 0;
/// A chain: each holds the next.
const CHAIN: std::ops::RangeInclusive<u64> = 1..=4;
/// A ring: each holds the next, the last the first.
const RING: std::ops::RangeInclusive<u64> = 5..=7;
/// A group with a printer among its members.
const OUTSIDE: u64 = 8;
/// A group whose second address a person has too.
const SHARED_ADDRESS: u64 = 9;
/// The first ordinary group.
const ORDINARY: u64 = 10;

/// The device that is a member where only people belong.
pub(super) const PRINTER: &str = "cn=Printer 3. OG,ou=devices";

/// All groups.
pub(super) struct Groups<'p> {
    people: &'p People<'p>,
    count: u64,
    /// What the sizes of ordinary groups fall off from.
    scale: u64,
    /// Largest ordinary group.
    largest: u64,
    step: u64,
}

/// How a group names its members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Names,
    UniqueNames,
    Posix,
}

impl Class {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Names => "member",
            Self::UniqueNames => "uniqueMember",
            Self::Posix => "memberUid",
        }
    }
}

impl<'p> Groups<'p> {
    pub(super) fn new(people: &'p People<'p>) -> Self {
        let n = people.options.people;
        let count = n / 100 + 20;
        let mut groups =
            Self { people, count, scale: 0, largest: (n / 4).max(1), step: coprime(count - ORDINARY, 7) };
        // 1.6 memberships a person, of which the special groups have their part. Sizes grow with the scale.
        let wanted = (n + n / 10).saturating_sub(20).max(count);
        let (mut low, mut high) = (1, wanted);
        while low < high {
            groups.scale = u64::midpoint(low, high);
            if (ORDINARY..count).map(|k| groups.size(k)).sum::<u64>() < wanted {
                low = groups.scale + 1;
            } else {
                high = groups.scale;
            }
        }
        groups.scale = low;
        groups
    }

    /// How many groups there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// People in a group.
    fn size(&self, k: u64) -> u64 {
        let n = self.people.options.people;
        match k {
            HALF => n / 2,
            1..ORDINARY => 2 + k % 3,
            // The sizes follow Zipf's law, the discrete form of Pareto's; the order of the groups does not.
            _ => {
                let ordinary = self.count - ORDINARY;
                let rank = (k - ORDINARY) * self.step % ordinary;
                // A fifth is as small as forgotten groups are.
                if rank >= ordinary - ordinary / 5 {
                    return 1 + (ordinary - 1 - rank) % 4;
                }
                (self.scale / (rank + 2)).clamp(1, self.largest)
            }
        }
    }

    fn class(k: u64) -> Class {
        match k {
            2 => Class::UniqueNames,
            0..ORDINARY => Class::Names,
            _ => match k % 20 {
                0..9 => Class::Names,
                9..15 => Class::UniqueNames,
                _ => Class::Posix,
            },
        }
    }

    /// The group that group `k` holds, where it holds one.
    fn nested(&self, k: u64) -> Option<u64> {
        if RING.contains(&k) {
            return Some(if k == *RING.end() { *RING.start() } else { k + 1 });
        }
        if CHAIN.contains(&k) {
            return (k < *CHAIN.end()).then_some(k + 1);
        }
        (k > ORDINARY && k % 10 == 3 && Self::class(k) != Class::Posix).then(|| k - 1)
    }

    fn name(&self, k: u64) -> String {
        let special = [
            "Half of all",
            "All managers",
            "Regional managers",
            "Site managers",
            "Shift managers",
            "Project Atlas",
            "Project Boreas",
            "Project Castor",
            "Print operators",
            "Help desk",
        ];
        if let Some(name) = usize::try_from(k).ok().and_then(|k| special.get(k)) {
            return (*name).to_owned();
        }
        if Self::class(k) == Class::Posix {
            return format!("unix-{k}");
        }
        let mut dice = Dice::of(self.people.options.seed, Stream::Group, k);
        let department = usize::try_from(dice.below(self.people.departments.len() as u64)).unwrap_or(0);
        let department = self.people.departments.get(department).map_or("Staff", |d| d.name);
        let office = usize::try_from(dice.below(self.people.offices.len() as u64)).unwrap_or(0);
        let office = self.people.offices.get(office).map_or("", |o| o.city);
        match dice.below(4) {
            0 => format!("{department}: Team {k}"),
            1 => format!("{department} ({office}) {k}"),
            2 => format!("#{k} {office}"),
            _ => format!("Reviewers {k}; {department}"),
        }
    }

    /// The DN of a group.
    pub(super) fn dn(&self, k: u64) -> String {
        let mut dn = String::from("cn=");
        escape_into(&mut dn, &self.name(k));
        dn.push_str(",ou=groups,");
        dn.push_str(&self.people.options.suffix);
        dn
    }

    /// The DNs of the ring.
    pub(super) fn ring(&self) -> Vec<String> {
        RING.map(|k| self.dn(k)).collect()
    }

    /// The DN of the group with a member outside the scope.
    pub(super) fn outside(&self) -> String {
        self.dn(OUTSIDE)
    }

    /// The DN of the group that shares an address with a person.
    pub(super) fn shared_address(&self) -> String {
        self.dn(SHARED_ADDRESS)
    }

    /// Writes a group's record; returns its members, and how many of them are groups.
    pub(super) fn write<W: io::Write>(
        &self,
        ldif: &mut LdifWriter<'_, W>,
        text: &mut String,
        k: u64,
    ) -> io::Result<(u64, u64)> {
        let options = self.people.options;
        let class = Self::class(k);
        let mut dice = Dice::of(options.seed, Stream::Group, k);
        let name = self.name(k);
        // Mail needs an object class that allows it: what sites without a schema of their own do.
        let mail = class != Class::Posix && (k == SHARED_ADDRESS || k == HALF || k.is_multiple_of(3));
        ldif.begin(&self.dn(k));
        ldif.put("objectClass", "top");
        ldif.put(
            "objectClass",
            match class {
                Class::Names => "groupOfNames",
                Class::UniqueNames => "groupOfUniqueNames",
                Class::Posix => "posixGroup",
            },
        );
        if mail {
            ldif.put("objectClass", "extensibleObject");
        }
        ldif.put_args("entryUUID", Dice::of(options.seed, Stream::GroupId, k).uuid());
        ldif.put("cn", &name);
        if class == Class::Posix {
            ldif.put_args("gidNumber", 20_000 + k);
        }
        if k == HALF || dice.chance(700) {
            ldif.put_args("description", format_args!("{name}: sample group {k}"));
        }
        if mail {
            let local = if k == SHARED_ADDRESS { "help-desk".to_owned() } else { format!("group-{k}") };
            ldif.put_args("mail", format_args!("{local}@{}", options.domain));
        }
        if k == SHARED_ADDRESS {
            ldif.put("mail", &self.people.address(self.people.defects.shares_with_group()));
        }
        if class != Class::Posix && k.is_multiple_of(4) {
            ldif.put("owner", &self.people.dn(dice.below(options.people)));
        }
        let (size, groups) = (self.size(k), u64::from(self.nested(k).is_some()));
        let (start, step) =
            (dice.below(options.people), coprime(options.people, 1 + dice.below(options.people)));
        for t in 0..size {
            let person = self.people.person((start + t * step) % options.people);
            text.clear();
            if class == Class::Posix {
                person.uid_into(text);
            } else {
                self.people.dn_into(text, &person);
            }
            ldif.put(class.attribute(), text);
            ldif.drain()?;
        }
        if let Some(inner) = self.nested(k) {
            ldif.put(class.attribute(), &self.dn(inner));
        }
        let outside = u64::from(k == OUTSIDE);
        if k == OUTSIDE {
            ldif.put(class.attribute(), &format!("{PRINTER},{}", options.suffix));
        }
        ldif.end()?;
        Ok((size + groups + outside, groups))
    }

    /// Where the defects of people and of groups are listed.
    pub(super) const fn defects(&self) -> &Defects {
        &self.people.defects
    }

    /// The people the groups are made of.
    pub(super) const fn people(&self) -> &People<'p> {
        self.people
    }
}
