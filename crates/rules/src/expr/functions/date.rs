//! Dates: always UTC. Reading a date from text is here too, for attributes and CDate().

use super::{
    Body, Function, Group, MAX_TEXT_BYTES, Out, Returns, date_of, made, number_of, one, text_of, wrong,
};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, civil};
use std::fmt::Write as _;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const DATE: Types = Types::DATE;

/// Ticks of 100 nanoseconds from 1601-01-01 to 1970-01-01.
const TICKS_TO_1970: i128 = 116_444_736_000_000_000;
/// Bytes that a date as text may have.
const MAX_DATE_BYTES: usize = 64;

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "CDate", group: Group::Conversion, parameters: &[one("value", TEXT.or(DATE))],
        returns: Returns::One(DATE),
        summary: "The moment that a text says, in UTC.",
        notes: &[
            "A date as 2013-01-10, 2013/01/10 or 01/10/2013 (month first); perhaps a time as 16:00, 16:00:30.5 or \
             4:00 PM; perhaps a zone as Z, UTC, -8, +0530 or +05:30. Without a zone it is UTC.",
            "Generalized times of directories too: 20130110160000.0Z.",
            "A text that is no date is an error; ask IsDate() before.", "NULL stays NULL.",
        ],
        examples: &[
            (r#"CDate("2013-01-10 4:00 PM -8")"#, "2013-01-11T00:00:00Z"),
            (r#"CDate("20130110160000.0Z")"#, "2013-01-10T16:00:00Z"),
        ],
        body: Body::F1(cdate),
    },
    Function {
        name: "Now", group: Group::Date, parameters: &[], returns: Returns::One(DATE),
        summary: "The present moment.",
        notes: &["One evaluation has one present moment, however often it asks."],
        examples: &[("Now()", "2026-01-01T00:00:00Z")],
        body: Body::S0(|state| Ok(Value::Date(state.inputs.now))),
    },
    Function {
        name: "DateAdd", group: Group::Date,
        parameters: &[one("interval", TEXT), one("value", NUMBER), one("date", DATE)],
        returns: Returns::One(DATE),
        summary: "A date so many intervals later, or earlier.",
        notes: &[
            "Intervals: yyyy year, q quarter, m month, y, d and w day, ww week, h hour, n minute, s second.",
            "A month that has no such day gives its last day.", "NULL stays NULL.",
        ],
        examples: &[
            (r#"DateAdd("m", 3, CDate("2001-01-01"))"#, "2001-04-01T00:00:00Z"),
            (r#"DateAdd("m", 1, CDate("2024-01-31"))"#, "2024-02-29T00:00:00Z"),
        ],
        body: Body::F3(date_add),
    },
    Function {
        name: "DateFromNum", group: Group::Date, parameters: &[one("value", NUMBER)], returns: Returns::One(DATE),
        summary: "The date that Active Directory stores as a number: ticks of 100 nanoseconds since 1601.",
        notes: &[
            "A number beyond the year 9999, as `accountExpires` has for never, is an error.", "NULL stays NULL.",
        ],
        examples: &[("DateFromNum(129699324000000000)", "2012-01-01T23:00:00Z")],
        body: Body::F1(date_from_num),
    },
    Function {
        name: "NumFromDate", group: Group::Date, parameters: &[one("value", DATE)], returns: Returns::One(NUMBER),
        summary: "The date as Active Directory stores it: ticks of 100 nanoseconds since 1601.",
        notes: &["NULL stays NULL."],
        examples: &[(r#"NumFromDate(CDate("2012-01-01 23:00:00"))"#, "129699324000000000")],
        body: Body::F1(num_from_date),
    },
    Function {
        name: "FormatDateTime", group: Group::Date, parameters: &[one("value", DATE), one("format", TEXT)],
        returns: Returns::One(TEXT),
        summary: "The date as text, in UTC, as a format says.",
        notes: &[
            "yyyy yy year; MMMM MMM MM M month; dddd ddd weekday; dd d day; HH H hour of 24; hh h hour of 12; \
             mm m minute; ss s second; f to fffffff fraction; tt t AM or PM; zzz zz z and K zone.",
            "Names are English. `'text'` and `\\c` stand for themselves, and so does every other character.",
            "NULL stays NULL.",
        ],
        examples: &[
            (r#"FormatDateTime(CDate("12/25/2007"), "yyyy-MM-dd")"#, r#""2007-12-25""#),
            (r#"FormatDateTime(DateFromNum([pwdLastSet]), "yyyyMMddHHmmss.0Z")"#, r#""20140905081453.0Z""#),
        ],
        body: Body::F2(format_date_time),
    },
];

fn cdate(value: Value<'_>) -> Out<'_> {
    match value {
        Value::Null | Value::Date(_) => Ok(value),
        Value::Text(text) => match parse(&text) {
            Some(date) => Ok(Value::Date(date)),
            None => Err(Fault::value("the text is no date; ask IsDate() before")),
        },
        other => Err(wrong(&other, TEXT.or(DATE))),
    }
}

/// Reads a date as CDate() describes it.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > MAX_DATE_BYTES {
        return None;
    }
    if let Some(date) = generalized(text) {
        return Some(date);
    }
    let (date, rest) = date_at(text)?;
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim_start();
    let (time, rest) = if rest.starts_with(|c: char| c.is_ascii_digit()) {
        time_at(rest)?
    } else {
        (Time::midnight(), rest)
    };
    moment(date.to_datetime(time), zone_of(rest.trim())?)
}

/// A local time with the seconds of its zone ahead of UTC.
fn moment(local: civil::DateTime, zone: i64) -> Option<Timestamp> {
    let utc = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    utc.checked_sub(SignedDuration::from_secs(zone)).ok()
}

/// Some digits and what follows.
fn digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count == 0 { None } else { text.split_at_checked(count) }
}

fn number<T: std::str::FromStr>(text: &str, most: usize) -> Option<(T, &str)> {
    let (found, rest) = digits(text, most)?;
    Some((found.parse().ok()?, rest))
}

fn date_at(text: &str) -> Option<(Date, &str)> {
    let (first, rest) = digits(text, 4)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, rest) = number::<i8>(rest.strip_prefix(separator)?, 2)?;
    let (third, rest) = digits(rest.strip_prefix(separator)?, 4)?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let date = match (first.len(), third.len()) {
        (4, 1 | 2) => Date::new(first.parse().ok()?, second, third.parse().ok()?),
        (1 | 2, 4) if separator == '/' => Date::new(third.parse().ok()?, first.parse().ok()?, second),
        _ => return None,
    };
    Some((date.ok()?, rest))
}

fn time_at(text: &str) -> Option<(Time, &str)> {
    let (mut hour, mut rest) = number::<i8>(text, 2)?;
    let (mut minute, mut second, mut nanos) = (0, 0, 0);
    let clock = rest.strip_prefix(':');
    if let Some(after) = clock {
        (minute, rest) = number::<i8>(after, 2)?;
        if let Some(after) = rest.strip_prefix(':') {
            (second, rest) = number::<i8>(after, 2)?;
            if let Some(after) = rest.strip_prefix(['.', ',']) {
                (nanos, rest) = fraction_at(after)?;
            }
        }
    }
    let half = rest.trim_start();
    let upper = half.get(..2).map(str::to_ascii_uppercase);
    match upper.as_deref() {
        Some("AM" | "PM") if !(1..=12).contains(&hour) => return None,
        Some("AM") => hour %= 12,
        Some("PM") => hour = hour % 12 + 12,
        _ if clock.is_none() => return None,
        _ => return Some((Time::new(hour, minute, second, nanos).ok()?, rest)),
    }
    Some((Time::new(hour, minute, second, nanos).ok()?, half.get(2..)?))
}

/// Digits after a decimal point, as nanoseconds; what is finer is dropped.
fn fraction_at(text: &str) -> Option<(i32, &str)> {
    let (found, rest) = digits(text, MAX_DATE_BYTES)?;
    let nanos = format!("{found:0<9}").get(..9)?.parse().ok()?;
    Some((nanos, rest))
}

/// Seconds ahead of UTC.
fn zone_of(text: &str) -> Option<i64> {
    if text.is_empty() || ["z", "utc", "gmt"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(0);
    }
    let head =
        text.get(..3).filter(|head| head.eq_ignore_ascii_case("utc") || head.eq_ignore_ascii_case("gmt"));
    let text = if head.is_some() { text.get(3..)? } else { text };
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let rest = text.get(1..)?;
    let (hours, minutes): (i64, i64) = match rest.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (small(hours)?, small(minutes)?),
        Some(_) => return None,
        None if rest.len() == 4 => (small(rest.get(..2)?)?, small(rest.get(2..)?)?),
        None => (small(rest)?, 0),
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn small(text: &str) -> Option<i64> {
    match number::<i64>(text, 2)? {
        (number, "") => Some(number),
        _ => None,
    }
}

/// RFC 4517 section 3.3.13: `yyyyMMddHH[mm[ss]][.f](Z|+hh[mm])`.
fn generalized(text: &str) -> Option<Timestamp> {
    let (found, rest) = digits(text, MAX_DATE_BYTES)?;
    if !matches!(found.len(), 10 | 12 | 14) || rest.is_empty() {
        return None;
    }
    let field = |from: usize, to: usize| found.get(from..to).map_or(Some(0), |text| text.parse::<i8>().ok());
    let date = Date::new(found.get(..4)?.parse().ok()?, field(4, 6)?, field(6, 8)?).ok()?;
    // A leap second is the second before it, as in every clock of a computer.
    let time = Time::new(field(8, 10)?, field(10, 12)?, field(12, 14)?.min(59), 0).ok()?;
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => fraction_at(rest)?,
        None => (0, rest),
    };
    // The fraction is of the smallest unit written.
    let unit = match found.len() {
        10 => 3600,
        12 => 60,
        _ => 1,
    };
    let zone = match rest {
        "Z" => 0,
        rest if rest.len() == 3 || rest.len() == 5 => zone_of(rest)?,
        _ => return None,
    };
    moment(date.to_datetime(time), zone)?
        .checked_add(SignedDuration::from_nanos(i64::from(fraction) * unit))
        .ok()
}

fn date_add<'a>(interval: Value<'a>, value: Value<'a>, date: Value<'a>) -> Out<'a> {
    let (Some(interval), Some(value), Some(date)) = (text_of(interval)?, number_of(&value)?, date_of(&date)?)
    else {
        return Ok(Value::Null);
    };
    let beyond = || Fault::value("the date would be outside the years -9999 to 9999");
    let months = |each: i64| -> Result<Timestamp, Fault> {
        let span = value.checked_mul(each).and_then(|months| Span::new().try_months(months).ok());
        let local = TimeZone::UTC.to_datetime(date);
        let moved = span.and_then(|span| local.checked_add(span).ok()).and_then(|local| moment(local, 0));
        moved.ok_or_else(beyond)
    };
    let seconds = |each: i64| -> Result<Timestamp, Fault> {
        let seconds = value.checked_mul(each).ok_or_else(beyond)?;
        date.checked_add(SignedDuration::from_secs(seconds)).map_err(|_| beyond())
    };
    Ok(Value::Date(match &*interval {
        "yyyy" => months(12)?,
        "q" => months(3)?,
        "m" => months(1)?,
        "y" | "d" | "w" => seconds(86_400)?,
        "ww" => seconds(7 * 86_400)?,
        "h" => seconds(3_600)?,
        "n" => seconds(60)?,
        "s" => seconds(1)?,
        _ => return Err(Fault::value("the interval is yyyy, q, m, y, d, w, ww, h, n or s")),
    }))
}

fn date_from_num(value: Value<'_>) -> Out<'_> {
    let Some(ticks) = number_of(&value)? else { return Ok(Value::Null) };
    let nanos = (i128::from(ticks) - TICKS_TO_1970) * 100;
    match Timestamp::from_nanosecond(nanos) {
        Ok(date) if ticks >= 0 => Ok(Value::Date(date)),
        _ => Err(Fault::value("the number is no date between the years 1601 and 9999")),
    }
}

fn num_from_date(value: Value<'_>) -> Out<'_> {
    let Some(date) = date_of(&value)? else { return Ok(Value::Null) };
    let ticks = date.as_nanosecond().div_euclid(100) + TICKS_TO_1970;
    match i64::try_from(ticks) {
        Ok(ticks) if ticks >= 0 => Ok(Value::Number(ticks)),
        _ => Err(Fault::value("the date is before the year 1601")),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn format_date_time<'a>(value: Value<'a>, format: Value<'a>) -> Out<'a> {
    let (Some(date), Some(format)) = (date_of(&value)?, text_of(format)?) else { return Ok(Value::Null) };
    let local = TimeZone::UTC.to_datetime(date);
    let mut out = String::with_capacity(format.len() + 8);
    let mut rest = &*format;
    while let Some(c) = rest.chars().next() {
        if out.len() > MAX_TEXT_BYTES {
            break;
        }
        let run = if matches!(c, 'y' | 'M' | 'd' | 'H' | 'h' | 'm' | 's' | 'f' | 't' | 'z') {
            rest.bytes().take_while(|byte| char::from(*byte) == c).count()
        } else {
            c.len_utf8()
        };
        rest = rest.get(run..).unwrap_or("");
        match c {
            '\'' | '"' => {
                let end = rest.find(c).unwrap_or(rest.len());
                out.push_str(rest.get(..end).unwrap_or(""));
                rest = rest.get(end + 1..).unwrap_or("");
            }
            '\\' => {
                if let Some(next) = rest.chars().next() {
                    out.push(next);
                    rest = rest.get(next.len_utf8()..).unwrap_or("");
                }
            }
            _ => write_field(c, run, local, &mut out),
        }
    }
    made(out)
}

fn write_field(field: char, run: usize, local: civil::DateTime, out: &mut String) {
    let year = i64::from(local.year());
    let month = MONTHS.get(usize::try_from(local.month() - 1).unwrap_or(0)).copied().unwrap_or("");
    let twelve = i64::from((local.hour() + 11) % 12 + 1);
    let half = if local.hour() < 12 { "AM" } else { "PM" };
    let mut padded = |number: i64, width: usize| {
        let _ = write!(out, "{number:0width$}");
    };
    match (field, run) {
        ('y', 1 | 2) => padded(year.rem_euclid(100), run),
        ('y', _) => padded(year, run.min(5)),
        ('M', 1 | 2) => padded(local.month().into(), run),
        ('M', 3) => out.push_str(month.get(..3).unwrap_or(month)),
        ('M', _) => out.push_str(month),
        ('d', 1 | 2) => padded(local.day().into(), run),
        ('d', 3) => out.push_str(weekday(local.weekday()).get(..3).unwrap_or("")),
        ('d', _) => out.push_str(weekday(local.weekday())),
        ('H', _) => padded(local.hour().into(), run.min(2)),
        ('h', _) => padded(twelve, run.min(2)),
        ('m', _) => padded(local.minute().into(), run.min(2)),
        ('s', _) => padded(local.second().into(), run.min(2)),
        ('f', _) => {
            let nanos = format!("{:09}", local.subsec_nanosecond());
            out.push_str(nanos.get(..run.min(7)).unwrap_or(""));
        }
        ('t', 1) => out.push_str(half.get(..1).unwrap_or("")),
        ('t', _) => out.push_str(half),
        ('z', 1) => out.push_str("+0"),
        ('z', 2) => out.push_str("+00"),
        ('z', _) => out.push_str("+00:00"),
        ('K', _) => out.push('Z'),
        (other, _) => out.push(other),
    }
}
