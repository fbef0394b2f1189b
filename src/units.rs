//! Durations and sizes as people write them in configuration: `500ms`, `1h 30m`, `16MiB`, `0`.

/// A value as it may be written: variables of the environment come as numbers where they look like one.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(u64),
}

impl Written {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Writes a duration for people: `1h 30m`, `500ms`, `0s`.
pub fn human(duration: std::time::Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Durations for serde: `"500ms"`, `"60s"`, `"1h 30m"`, `"0"`.
pub mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Reads a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = crate::units::Written::deserialize(deserializer)?.text();
        if text.trim() == "0" {
            return Ok(Duration::ZERO);
        }
        humantime::parse_duration(text.trim()).map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is not a duration such as \"500ms\", \"60s\" or \"1h 30m\""
            ))
        })
    }

    /// Writes a duration.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        if duration.is_zero() {
            return serializer.serialize_str("0");
        }
        serializer.collect_str(&humantime::format_duration(*duration))
    }
}

/// Sizes in bytes for serde: `"16MiB"`, `"2GB"`, `"4096"`.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Factors by unit, largest first.
    const UNITS: [(&str, u64); 9] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
        ("B", 1),
    ];

    /// Reads a size.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = crate::units::Written::deserialize(deserializer)?.text();
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is not a size such as \"16MiB\", \"2GB\" or \"4096\""
            ))
        })
    }

    /// Writes a size.
    pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        let binary =
            UNITS[..4].iter().find(|(_, factor)| *bytes > 0 && bytes.is_multiple_of(*factor));
        match binary {
            Some((unit, factor)) => {
                serializer.collect_str(&format_args!("{}{unit}", bytes / factor))
            }
            None => serializer.collect_str(bytes),
        }
    }

    fn parse(text: &str) -> Option<u64> {
        let text = text.trim();
        let (number, factor) = UNITS
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or((text, 1));
        number.trim().parse::<u64>().ok()?.checked_mul(factor)
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn sizes_are_read() {
            for (text, bytes) in [
                ("16MiB", Some(16 << 20)),
                ("2 GB", Some(2_000_000_000)),
                ("4096", Some(4096)),
                ("0", Some(0)),
                ("7B", Some(7)),
                ("-1", None),
                ("MiB", None),
                ("99999999TiB", None),
                ("1.5GB", None),
            ] {
                assert_eq!(super::parse(text), bytes, "{text}");
            }
        }
    }
}
