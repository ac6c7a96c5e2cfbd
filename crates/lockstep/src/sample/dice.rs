//! Chance that can be asked again: every number is a function of (seed, stream, index), so that any person's
//! attributes can be made at any time and nobody has to be remembered.

/// What a number is drawn for. Two streams are independent of each other.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Person = 1,
    PersonId = 2,
    Group = 3,
    GroupId = 4,
    ContainerId = 5,
    Deal = 6,
    Salt = 7,
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) started at a point
/// that depends on seed, stream and index.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64, stream: Stream, index: u64) -> Self {
        let stream = (stream as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
        Self(mix(mix(seed ^ stream).wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15))))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number under `limit`; 0 for a limit of 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(limit)) >> 64).unwrap_or(0)
    }

    /// True in `per_mille` of 1,000 cases.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of a table's values.
    pub(super) fn pick<'a>(&mut self, table: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(table.len() as u64)).unwrap_or(0);
        table.get(at).copied().unwrap_or_default()
    }

    /// A UUID with the version and variant bits of a random one (RFC 9562 section 5.4).
    pub(super) fn uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(
            (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes(),
        )
        .into_uuid()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How many cards a deal has.
const CARDS: usize = 64;

/// Deals kinds (languages, departments) out to indices in a shuffled pattern that repeats every 64, so that
/// "the n-th person of the department" is arithmetic and not a search.
pub(super) struct Deal {
    kinds: [u8; CARDS],
    ranks: [u8; CARDS],
    positions: Vec<Vec<u8>>,
}

impl Deal {
    /// `weights` are shares; the pattern of kinds begins again until all 64 cards are dealt.
    pub(super) fn new(seed: u64, salt: u64, weights: &[u8]) -> Self {
        let mut kinds = [0_u8; CARDS];
        let dealt = weights
            .iter()
            .zip(0_u8..)
            .flat_map(|(weight, kind)| std::iter::repeat_n(kind, usize::from(*weight)))
            .cycle();
        for (card, kind) in kinds.iter_mut().zip(dealt) {
            *card = kind;
        }
        let mut dice = Dice::of(seed, Stream::Deal, salt);
        for last in (1..CARDS).rev() {
            let other = usize::try_from(dice.below(last as u64 + 1)).unwrap_or(0);
            kinds.swap(last, other);
        }
        let mut positions = vec![Vec::new(); weights.len().max(1)];
        let mut ranks = [0_u8; CARDS];
        for ((position, kind), rank) in (0_u8..).zip(kinds).zip(ranks.iter_mut()) {
            if let Some(of_kind) = positions.get_mut(usize::from(kind)) {
                *rank = u8::try_from(of_kind.len()).unwrap_or(0);
                of_kind.push(position);
            }
        }
        Self { kinds, ranks, positions }
    }

    /// The kind of an index, and how many of that kind have a smaller index.
    pub(super) fn kind_and_rank(&self, index: u64) -> (usize, u64) {
        let (round, card) = (index / CARDS as u64, usize::try_from(index % CARDS as u64).unwrap_or(0));
        let kind = usize::from(self.kinds.get(card).copied().unwrap_or(0));
        let in_round = self.positions.get(kind).map_or(1, Vec::len) as u64;
        (kind, round * in_round + u64::from(self.ranks.get(card).copied().unwrap_or(0)))
    }

    /// The index of the `rank`-th of a kind; the reverse of [`Self::kind_and_rank`].
    pub(super) fn index_of(&self, kind: usize, rank: u64) -> u64 {
        let Some(positions) = self.positions.get(kind).filter(|p| !p.is_empty()) else { return 0 };
        let in_round = positions.len() as u64;
        let card =
            usize::try_from(rank % in_round).ok().and_then(|at| positions.get(at)).copied().unwrap_or(0);
        rank / in_round * CARDS as u64 + u64::from(card)
    }
}

/// A number that has no divisor in common with `n`, at or after `wish`: multiplying by it modulo `n` visits
/// every remainder once.
pub(super) fn coprime(n: u64, wish: u64) -> u64 {
    let mut candidate = wish.max(1);
    while gcd(candidate, n) != 1 {
        candidate += 1;
    }
    candidate
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_can_be_reversed() {
        let deal = Deal::new(7, 1, &[14, 7, 5, 30, 8]);
        let mut counts = [0_u64; 5];
        for index in 0..1000 {
            let (kind, rank) = deal.kind_and_rank(index);
            assert_eq!(rank, counts[kind]);
            counts[kind] += 1;
            assert_eq!(deal.index_of(kind, rank), index);
        }
    }

    #[test]
    fn a_step_visits_everyone() {
        for n in [1_u64, 2, 20, 97, 1000] {
            let step = coprime(n, n / 3);
            let seen: std::collections::BTreeSet<_> = (0..n).map(|j| (5 + j * step) % n).collect();
            assert_eq!(seen.len() as u64, n);
        }
    }
}
