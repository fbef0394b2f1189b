//! Wall-clock time as the database and the commands write it: UTC milliseconds and RFC 3339 text.
//! The only importer of `jiff`.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = i64;

/// Returns the present time.
pub fn now() -> UnixMillis {
    Timestamp::now().as_millisecond()
}

/// Converts a file's time stamp.
pub fn of_system(time: SystemTime) -> UnixMillis {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// Writes a time as RFC 3339 in UTC with milliseconds: `2026-01-31T08:15:00.000Z`.
pub fn rfc3339(time: UnixMillis) -> String {
    match Timestamp::from_millisecond(time) {
        Ok(stamp) => format!("{stamp:.3}"),
        Err(_) => String::from("out of range"),
    }
}

/// Reads a point in time: RFC 3339, a UTC date (`2026-01-31`), or an age before `now` (`2h`, `7d`).
pub fn parse(text: &str, now: UnixMillis) -> Option<UnixMillis> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp.as_millisecond());
    }
    if let Ok(date) = text.parse::<Date>() {
        return Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    let age = humantime::parse_duration(text).ok()?;
    Some(now - i64::try_from(age.as_millis()).ok()?)
}

/// Returns the duration from `earlier` to `later`, zero if the clock went backwards.
pub fn between(earlier: UnixMillis, later: UnixMillis) -> Duration {
    Duration::from_millis(u64::try_from(later - earlier).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let time = 1_769_847_300_000;
        assert_eq!(rfc3339(time), "2026-01-31T08:15:00.000Z");
        assert_eq!(parse("2026-01-31T08:15:00Z", 0), Some(time));
        assert_eq!(parse("2026-01-31", 0), Some(time - (8 * 60 + 15) * 60_000));
        assert_eq!(parse("2h", time), Some(time - 7_200_000));
        assert_eq!(parse("yesterday-ish", time), None);
    }
}
