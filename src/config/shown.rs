//! Settings as TOML, for people to read and to copy from.

use super::Config;

/// Writes all keys with their values.
pub(super) fn toml(config: &Config) -> String {
    toml::to_string_pretty(config).expect("settings are plain tables, texts and numbers")
}
