//! Prepares values for caseIgnoreMatch (RFC 4518 section 2): map, normalize (NFKC), insignificant spaces.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The folded form of a value: case folded, compatibility forms joined, no space at either end, one between
/// words. A value of spaces alone becomes one space, so that it stays apart from the empty value.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    let folded: Cow<'_, str> = if text.is_ascii() {
        if !text.bytes().any(|b| b.is_ascii_uppercase() || b == b' ' || b.is_ascii_control()) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.chars().flat_map(map).collect())
    } else {
        let once: String = nfkc(text).chars().flat_map(map).collect();
        if is_nfkc_quick(once.chars()) == IsNormalized::Yes && once.chars().all(|c| map(c).eq([c])) {
            Cow::Owned(once)
        } else {
            // Folding can undo composition and composition can make a new capital: twice is enough for both.
            Cow::Owned(nfkc(&once).chars().flat_map(map).nfkc().collect())
        }
    };
    let mut out = String::with_capacity(folded.len());
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    if out.is_empty() && !folded.is_empty() {
        out.push(' ');
    }
    Cow::Owned(out)
}

fn nfkc(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfkc().collect()),
    }
}

/// RFC 4518 section 2.2: what a character becomes. Up to three characters (RFC 3454 table B.2).
fn map(c: char) -> impl Iterator<Item = char> {
    let one = |c: char| [Some(c), None, None];
    let out: [Option<char>; 3] = match c {
        ' '..='@' | '['..='~' => one(c),
        'A'..='Z' => one(c.to_ascii_lowercase()),
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' => one(' '),
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => [None; 3],
        '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' => [None; 3],
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{206a}'..='\u{206f}' => [None; 3],
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' => [None; 3],
        'ß' | 'ẞ' => [Some('s'), Some('s'), None],
        'ς' => one('σ'),
        c if c.is_whitespace() => one(' '),
        c => {
            let mut lower = c.to_lowercase();
            [lower.next(), lower.next(), lower.next()]
        }
    };
    out.into_iter().flatten()
}
