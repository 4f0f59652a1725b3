//! The form in which we write instants, and Faust: `2026-11-21T02:03:04.567890`, and `Z` or `+00:00`.
//!
//! There are ten of them to be read for an execution of three signals, and four to be written; what reads and writes any
//! form takes its time.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::Timestamp;

/// What stands before the zone; of the digits each is a zero here.
const FORM: &[u8; 26] = b"0000-00-00T00:00:00.000000";

/// The instant of that text, where that has the form.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let (text, zone) = text.as_bytes().split_at_checked(FORM.len())?;
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if !matches!(zone, b"Z" | b"+00:00") || !text.iter().zip(FORM).all(fits) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    let two = |at: usize| i8::try_from(number(&text[at..at + 2])).ok();
    let date = Date::new(i16::try_from(number(&text[..4])).ok()?, two(5)?, two(8)?).ok()?;
    let time = Time::new(two(11)?, two(14)?, two(17)?, number(&text[20..]) * 1_000).ok()?;
    let instant = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

/// An instant in that form, without its zone.
pub(super) struct Written([u8; FORM.len()]);

impl Written {
    /// None, where a year has no four digits.
    pub(super) fn of(instant: Timestamp) -> Option<Self> {
        let instant = Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(instant.0).ok()?);
        let year = u32::try_from(instant.year()).ok()?;
        let two = |number: i8| u32::from(number.unsigned_abs());
        let mut text = *FORM;
        write(&mut text[..4], year);
        write(&mut text[5..7], two(instant.month()));
        write(&mut text[8..10], two(instant.day()));
        write(&mut text[11..13], two(instant.hour()));
        write(&mut text[14..16], two(instant.minute()));
        write(&mut text[17..19], two(instant.second()));
        write(&mut text[20..], instant.subsec_nanosecond().unsigned_abs() / 1_000);
        Some(Self(text))
    }

    pub(super) fn as_str(&self) -> &str {
        // It never falls back: all of it is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Writes a number over so many digits.
fn write(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn instants_are_written_and_read_as_by_what_knows_any_form(
            micros in -62_167_219_200_000_000..253_402_207_200_000_000_i64,
        ) {
            let instant = jiff::Timestamp::from_microsecond(micros).expect("of a year of four digits");
            let written = Written::of(Timestamp(micros)).expect("the same");
            prop_assert_eq!(format!("{}Z", written.as_str()), format!("{instant:.6}"));
            for zone in ["Z", "+00:00"] {
                prop_assert_eq!(read(&[written.as_str(), zone].concat()), Some(Timestamp(micros)));
            }
        }

        #[test]
        fn whatever_has_that_form_is_no_instant_where_the_parser_finds_none(
            text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{6}(Z|\\+00:00)",
        ) {
            let parsed = text.parse::<jiff::Timestamp>().map(|instant| Timestamp(instant.as_microsecond()));
            // A leap second is the second before it.
            let is_leap = &text[17..19] == "60";
            prop_assert!(read(&text) == parsed.ok() || is_leap && read(&text).is_none(), "{}", text);
        }
    }

    #[test]
    fn other_years_have_another_form() {
        for micros in [i64::MIN, -62_167_219_200_000_001, i64::MAX] {
            assert!(Written::of(Timestamp(micros)).is_none(), "{micros}");
        }
    }
}
