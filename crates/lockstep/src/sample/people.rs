//! One person, made from a number: names, place in the organization, DN, addresses, and the record itself.
//!
//! **Invariant:** everything about person `i` is a function of (options, `i`); nothing is remembered.

use super::defects::{Defects, PersonDefect};
use super::dice::{Deal, Dice, Stream, coprime};
use super::ldif::{LdifWriter, escape_into};
use super::names::{DEPARTMENTS, Department, LANGUAGES, Name, Names, OFFICES, Office};
use super::ssha::ssha;
use super::{Example, SampleOptions};
use std::fmt::Write as _;
use std::io;

/// A real JPEG (24 by 24 pixels) of 885 bytes; a comment segment tells one person's photo from another's.
const PHOTO: &[u8] = include_bytes!("photo.jpg");
/// Where the comment goes: after the start marker (2 bytes) and the JFIF segment (18).
const PHOTO_COMMENT_AT: usize = 20;

/// Direct reports of one manager.
const SPAN_OF_CONTROL: u64 = 8;

/// The whole organization, as far as it must be known to make one person.
pub(super) struct People<'a> {
    pub(super) options: &'a SampleOptions,
    pub(super) defects: Defects,
    languages: Vec<Spoken>,
    by_language: Deal,
    by_department: Deal,
    /// Departments that exist; a small organization has few.
    pub(super) departments: Vec<&'static Department>,
    /// Offices that exist.
    pub(super) offices: Vec<&'static Office>,
    /// DNs of the OUs, `[department][office]`.
    units: Vec<Vec<String>>,
}

/// A language's names, and the order in which their pairs are dealt.
struct Spoken {
    names: Names,
    pairs: u64,
    start: u64,
    step: u64,
}

/// Who a person is.
pub(super) struct Person<'p> {
    pub(super) index: u64,
    tag: &'static str,
    family_first: bool,
    given: Option<&'p Name>,
    family: Option<&'p Name>,
    /// 1 for the first person of this name.
    occurrence: u64,
    department: usize,
    rank: u64,
    office: usize,
    style: DnStyle,
    pub(super) defect: Option<PersonDefect>,
}

/// How a person's entry is named. The odd ones are what directories really hold, and what breaks parsers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DnStyle {
    Uid,
    CommaName,
    LeadingHash,
    PlusAndQuotes,
    Backslash,
    TrailingSpace,
    Punctuation,
}

impl<'a> People<'a> {
    pub(super) fn new(options: &'a SampleOptions) -> Self {
        let seed = options.seed;
        let size = |per: u64, least: usize, most: usize| {
            usize::try_from(options.people / per).unwrap_or(most).clamp(least, most)
        };
        let departments: Vec<_> = DEPARTMENTS.iter().take(size(60, 4, DEPARTMENTS.len())).collect();
        let offices: Vec<_> = OFFICES.iter().take(size(120, 3, OFFICES.len())).collect();
        let mut dice = Dice::of(seed, Stream::Deal, 0);
        let languages: Vec<_> = LANGUAGES
            .iter()
            .map(|language| {
                let names = language.names();
                let pairs = (names.given.len() * names.family.len()) as u64;
                Spoken {
                    pairs,
                    start: dice.below(pairs),
                    step: coprime(pairs, pairs / 2 + dice.below(pairs)),
                    names,
                }
            })
            .collect();
        let weights: Vec<_> = departments.iter().map(|d| d.weight).collect();
        let units = departments
            .iter()
            .map(|d| offices.iter().map(|o| office_dn(&department_dn(&options.suffix, d), o)).collect())
            .collect();
        Self {
            options,
            defects: Defects::new(options.people),
            languages,
            by_language: Deal::new(seed, 1, &LANGUAGES.iter().map(|l| l.weight).collect::<Vec<_>>()),
            by_department: Deal::new(seed, 2, &weights),
            departments,
            offices,
            units,
        }
    }

    /// Person `index`, from 0.
    pub(super) fn person(&self, index: u64) -> Person<'_> {
        let (language, nth) = self.by_language.kind_and_rank(index);
        let spoken = self.languages.get(language);
        let (given, family, occurrence) = spoken.map_or((None, None, 1), |s| s.pair(nth));
        let (department, rank) = self.by_department.kind_and_rank(index);
        let mut dice = Dice::of(self.options.seed, Stream::Person, index);
        let office = usize::try_from(dice.below(self.offices.len() as u64)).unwrap_or(0);
        let style = match dice.below(200) {
            0..=3 => DnStyle::CommaName,
            4 => DnStyle::LeadingHash,
            5 => DnStyle::PlusAndQuotes,
            6 => DnStyle::Backslash,
            7 => DnStyle::TrailingSpace,
            8 => DnStyle::Punctuation,
            _ => DnStyle::Uid,
        };
        // A small organization shows each of them too; the highest in rank are left as they are.
        let style = match index {
            3 => DnStyle::CommaName,
            5 => DnStyle::LeadingHash,
            7 => DnStyle::PlusAndQuotes,
            9 => DnStyle::Backslash,
            11 => DnStyle::TrailingSpace,
            13 => DnStyle::Punctuation,
            _ => style,
        };
        Person {
            index,
            tag: spoken.map_or("en", |s| s.names.tag),
            family_first: spoken.is_some_and(|s| s.names.family_first),
            given,
            family,
            occurrence,
            department,
            rank,
            office,
            style,
            defect: self.defects.of_person(index),
        }
    }

    /// The manager of a person: the one who is an eighth as far down the same department; the head of the
    /// whole organization for heads of departments; nobody for that head.
    fn manager_of(&self, person: &Person<'_>) -> Option<u64> {
        match (person.index, person.rank) {
            (0, _) => None,
            (_, 0) => Some(0),
            (_, rank) => Some(self.by_department.index_of(person.department, (rank - 1) / SPAN_OF_CONTROL)),
        }
    }

    /// Appends a person's DN.
    pub(super) fn dn_into(&self, to: &mut String, person: &Person<'_>) {
        if person.style == DnStyle::Uid {
            to.push_str("uid=");
            person.uid_into(to);
        } else {
            to.push_str("cn=");
            escape_into(to, &person.common_name());
        }
        to.push(',');
        let unit = self.units.get(person.department).and_then(|offices| offices.get(person.office));
        to.push_str(unit.map_or(self.options.suffix.as_str(), String::as_str));
    }

    /// A person's DN.
    pub(super) fn dn(&self, index: u64) -> String {
        let mut dn = String::with_capacity(96);
        self.dn_into(&mut dn, &self.person(index));
        dn
    }

    /// A person's display name, defects aside.
    pub(super) fn display_name(&self, index: u64) -> String {
        let mut name = String::new();
        self.person(index).display_into(&mut name);
        name
    }

    /// The first people without a defect whose DN is ASCII; the head of all is left out.
    pub(super) fn examples(&self, count: usize) -> Vec<Example> {
        (1..self.options.people)
            .map(|index| self.person(index))
            .filter(|p| p.style == DnStyle::Uid && p.defect.is_none() && !self.defects.shares(p.index))
            .map(|p| Example {
                dn: self.dn(p.index),
                mail: self.address(p.index),
                name: self.display_name(p.index),
            })
            .filter(|example| example.dn.is_ascii())
            .take(count)
            .collect()
    }

    /// A person's regular primary address, defects aside.
    pub(super) fn address(&self, index: u64) -> String {
        let mut address = String::with_capacity(48);
        self.address_into(&mut address, &self.person(index));
        address
    }

    fn address_into(&self, to: &mut String, person: &Person<'_>) {
        person.local_into(to);
        to.push('@');
        to.push_str(&self.options.domain);
    }

    /// Writes a person's record.
    pub(super) fn write<W: io::Write>(
        &self,
        ldif: &mut LdifWriter<'_, W>,
        text: &mut String,
        index: u64,
    ) -> io::Result<()> {
        let person = self.person(index);
        let (seed, domain) = (self.options.seed, &self.options.domain);
        let mut dice = Dice::of(seed, Stream::Person, index);
        dice.next();
        dice.next();
        let fill = |text: &mut String, with: &dyn Fn(&mut String)| {
            text.clear();
            with(text);
        };

        fill(text, &|to| self.dn_into(to, &person));
        ldif.begin(text);
        ldif.classes(&["top", "person", "organizationalPerson", "inetOrgPerson"]);
        let posix = dice.chance(600);
        if posix {
            ldif.put("objectClass", "posixAccount");
        }
        ldif.put_args("entryUUID", Dice::of(seed, Stream::PersonId, index).uuid());
        fill(text, &|to| person.uid_into(to));
        ldif.put("uid", text);
        if posix {
            ldif.put_args("uidNumber", 100_000 + index);
            ldif.put_args("gidNumber", 10_000 + person.department);
            ldif.put_args("homeDirectory", format_args!("/home/{text}"));
            ldif.put("loginShell", if index.is_multiple_of(7) { "/usr/bin/zsh" } else { "/bin/bash" });
        }
        fill(text, &|to| person.display_into(to));
        match person.style {
            DnStyle::Uid => ldif.put("cn", text),
            _ => ldif.put("cn", &person.common_name()),
        }
        if person.defect == Some(PersonDefect::LongDisplayName) {
            ldif.put("displayName", &Defects::long_name(text));
        } else {
            ldif.put("displayName", text);
        }
        ldif.put("givenName", person.given.map_or("X", |n| n.native));
        ldif.put("sn", person.family.map_or("X", |n| n.native));
        self.write_mail(ldif, text, &person, &mut dice);

        let office = self.offices.get(person.office);
        let number = index % 10_000;
        if let Some(office) = office {
            let (high, extension) = (index / 10_000 % 100, number);
            ldif.put_args("telephoneNumber", format_args!("{} {high:02}{extension:04}", office.phone));
            if dice.chance(450) {
                let (a, b) = (dice.below(1000), dice.below(10_000));
                ldif.put_args("mobile", format_args!("{} {a:03} {b:04}", office.phone));
            }
            ldif.put("l", office.city);
            ldif.put_args("street", format_args!("{} {}", office.street, 1 + person.department));
            ldif.put_args("postalCode", format_args!("{}{:02}", office.postal, 10 + person.office));
            ldif.put("st", office.state);
            ldif.put_args(
                "physicalDeliveryOfficeName",
                format_args!("{} {}.{:03}", office.room, 1 + dice.below(6), dice.below(400)),
            );
        }
        if let Some(department) = self.departments.get(person.department) {
            ldif.put("ou", department.name);
            ldif.put_args("departmentNumber", format_args!("D{:03}", 100 + 10 * person.department));
            let [head, manager, senior, junior] = department.titles;
            let title = match person.rank {
                0 => head,
                rank if self.has_reports(&person, rank) => manager,
                _ if dice.chance(350) => senior,
                _ => junior,
            };
            ldif.put("title", if index == 0 { "Chief Executive Officer" } else { title });
        }
        ldif.put("o", "Contoso");
        ldif.put_args("employeeNumber", 10_001 + index);
        ldif.put(
            "employeeType",
            dice.pick(&["Employee", "Employee", "Employee", "Employee", "Contractor", "Intern"]),
        );
        ldif.put("preferredLanguage", person.tag);
        if let Some(manager) = self.manager_of(&person) {
            fill(text, &|to| self.dn_into(to, &self.person(manager)));
            ldif.put("manager", text);
        }
        if dice.chance(100) {
            ldif.put_args(
                "labeledURI",
                format_args!("https://intranet.{domain}/people/{} Profile", 10_001 + index),
            );
        }
        if dice.chance(300) {
            fill(text, &|to| {
                to.push_str("Lockstep-");
                person.uid_into(to);
            });
            let salt = Dice::of(seed, Stream::Salt, index).next().to_be_bytes();
            ldif.put("userPassword", &ssha(text.as_bytes(), salt));
        }
        // One of the first people has a photo for certain.
        if index == 1 || dice.chance(20) {
            ldif.put_bytes("jpegPhoto", &photo(10_001 + index));
        }
        ldif.end()
    }

    fn has_reports(&self, person: &Person<'_>, rank: u64) -> bool {
        self.by_department.index_of(person.department, rank * SPAN_OF_CONTROL + 1) < self.options.people
    }

    /// The mail values: the first is the primary address, the others are further addresses.
    fn write_mail<W: io::Write>(
        &self,
        ldif: &mut LdifWriter<'_, W>,
        text: &mut String,
        person: &Person<'_>,
        dice: &mut Dice,
    ) {
        let domain = &self.options.domain;
        text.clear();
        match person.defect {
            Some(PersonDefect::NoMail) => return,
            Some(PersonDefect::AddressOf(other)) => self.address_into(text, &self.person(other)),
            Some(PersonDefect::BadCharacter) => {
                // A space in the local part.
                self.address_into(text, person);
                *text = text.replacen('.', " ", 1);
            }
            Some(PersonDefect::NoDomain) => {
                person.local_into(text);
                text.push('@');
            }
            Some(PersonDefect::Unverified) => {
                person.local_into(text);
                text.push('@');
                text.push_str(&super::defects::unverified_domain(domain));
            }
            Some(PersonDefect::LongDisplayName) | None => self.address_into(text, person),
        }
        ldif.put("mail", text);
        let regular = person.defect.is_none();
        if regular && dice.chance(150) {
            ldif.put_args("mail", format_args!("e{}@{}", 10_001 + person.index, domain));
            if dice.chance(300) {
                ldif.put_args("mail", format_args!("Mail.{}@{}", 10_001 + person.index, domain));
            }
        }
    }
}

impl Spoken {
    /// The names of the `nth` speaker, and how often they were dealt up to now.
    fn pair(&self, nth: u64) -> (Option<&Name>, Option<&Name>, u64) {
        let (pairs, families) = (self.pairs.max(1), self.names.family.len().max(1) as u64);
        let pair = (self.start + nth % pairs * self.step) % pairs;
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        let (given, family) =
            (self.names.given.get(at(pair / families)), self.names.family.get(at(pair % families)));
        (given, family, nth / pairs + 1)
    }
}

impl Person<'_> {
    /// The local part of the address: `ann.o'neil`, `ann.o'neil2`.
    fn local_into(&self, to: &mut String) {
        to.push_str(self.given.map_or("x", |n| &n.ascii));
        to.push('.');
        to.push_str(self.family.map_or("x", |n| &n.ascii));
        if self.occurrence > 1 {
            let _ = write!(to, "{}", self.occurrence);
        }
    }

    /// The account name: the local part without apostrophes, which no shell likes.
    pub(super) fn uid_into(&self, to: &mut String) {
        let from = to.len();
        self.local_into(to);
        while let Some(at) = to.get(from..).and_then(|tail| tail.find('\'')) {
            to.remove(from + at);
        }
    }

    /// `Ann O'Neil`, `王伟`, `Nagy László`.
    fn display_into(&self, to: &mut String) {
        let (given, family) = (self.given.map_or("X", |n| n.native), self.family.map_or("X", |n| n.native));
        let (first, second) = if self.family_first { (family, given) } else { (given, family) };
        to.push_str(first);
        // Chinese and Japanese names have no space.
        if !matches!(self.tag, "zh-Hans" | "ja") {
            to.push(' ');
        }
        to.push_str(second);
    }

    /// The common name of those whose entry is named by it; the employee's number makes it unique.
    fn common_name(&self) -> String {
        let (given, family) = (self.given.map_or("X", |n| n.native), self.family.map_or("X", |n| n.native));
        let number = 10_001 + self.index;
        match self.style {
            DnStyle::Uid | DnStyle::CommaName => format!("{family}, {given} ({number})"),
            DnStyle::LeadingHash => format!("#{number} {given} {family}"),
            DnStyle::PlusAndQuotes => format!("{given} \"{family}\" + {number}"),
            DnStyle::Backslash => format!("CONTOSO\\{given} {family} {number}"),
            DnStyle::TrailingSpace => format!("{given} {family} {number} "),
            DnStyle::Punctuation => format!("{given}; <{family}> = {number}"),
        }
    }
}

/// The DN of a department's OU.
pub(super) fn department_dn(suffix: &str, department: &Department) -> String {
    unit_dn(department.name, &format!("ou=people,{suffix}"))
}

/// The DN of an office's OU in a department's.
pub(super) fn office_dn(department_dn: &str, office: &Office) -> String {
    unit_dn(office.city, department_dn)
}

fn unit_dn(name: &str, parent: &str) -> String {
    let mut dn = String::from("ou=");
    escape_into(&mut dn, name);
    dn.push(',');
    dn.push_str(parent);
    dn
}

/// The photo with the employee's number as a comment (JPEG, ITU-T T.81 section B.2.4.5).
fn photo(number: u64) -> Vec<u8> {
    let comment = format!("Employee {number}");
    let (head, tail) = PHOTO.split_at_checked(PHOTO_COMMENT_AT).unwrap_or((PHOTO, &[]));
    let length = u16::try_from(comment.len() + 2).unwrap_or(2).to_be_bytes();
    [head, &[0xFF, 0xFE], &length, comment.as_bytes(), tail].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_a_chain_of_segments() {
        let photo = photo(10_001);
        assert_eq!(photo[..2], [0xFF, 0xD8]);
        assert_eq!(photo[photo.len() - 2..], [0xFF, 0xD9]);
        let (mut at, mut markers) = (2, Vec::new());
        while photo[at + 1] != 0xDA {
            assert_eq!(photo[at], 0xFF);
            markers.push(photo[at + 1]);
            at += 2 + usize::from(u16::from_be_bytes([photo[at + 2], photo[at + 3]]));
        }
        assert_eq!(markers[..2], [0xE0, 0xFE], "JFIF first, then the comment");
        assert!(markers.contains(&0xC0), "a baseline frame");
    }
}
