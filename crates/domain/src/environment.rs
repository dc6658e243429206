//! What the borrower types on: app, system, device, clock, network. Its findings come first, before
//! the card is blamed; none of them stops the borrower unless the floor was set by an operator.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, words};

/// A version such as `3.2.1`; parts that are not given count as zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Before the first dot.
    pub major: u16,
    /// Between the dots.
    pub minor: u16,
    /// After the second dot.
    pub patch: u16,
}

/// The text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionError;

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version is one to four numbers with dots between them, such as 3.2.1")
    }
}

impl std::error::Error for VersionError {}

impl Version {
    /// The longest text that is read.
    const LENGTH_MAX: usize = 32;

    /// A version by its parts.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// `3`, `3.2`, `v3.2.1`, `3.2.1.456`, `3.2.1-beta`, `3.2.1 (456)`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > Self::LENGTH_MAX {
            return Err(VersionError);
        }
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split(['-', '+', ' ', '(']).next().unwrap_or_default();
        let mut parts = [0_u16; 4];
        let mut room = parts.iter_mut();
        for part in text.split('.') {
            let place = room.next().ok_or(VersionError)?;
            *place = part.parse().map_err(|_| VersionError)?;
        }
        let [major, minor, patch, _] = parts;
        Ok(Self { major, minor, patch })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

/// The operating system of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    /// Android.
    Android,
    /// iOS and iPadOS.
    Ios,
    /// HarmonyOS.
    Harmony,
    /// Anything else.
    #[serde(other)]
    Other,
}

/// The network as the app reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing to remark.
    Good,
    /// Slow, or losing packets.
    Weak,
    /// No connection at the time of typing.
    Offline,
}

/// What the platform's app reports about where the borrower types. What is absent is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Environment {
    /// The version of the platform's app.
    pub app_version: Option<Version>,
    /// The operating system.
    pub os: Option<Os>,
    /// Its version.
    pub os_version: Option<Version>,
    /// How many accounts have used this device.
    pub device_account_count: Option<u32>,
    /// The device's clock minus the server's, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// The network.
    pub network: Option<Network>,
}

/// The floors and limits an operator sets. By default nothing is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentRules {
    /// The lowest version of the app that can bind a card; below it the borrower is stopped.
    pub app_version_min: Option<Version>,
    /// The lowest version of Android.
    pub android_version_min: Option<Version>,
    /// The lowest version of iOS.
    pub ios_version_min: Option<Version>,
    /// The lowest version of HarmonyOS.
    pub harmony_version_min: Option<Version>,
    /// How many accounts one device may serve before it is remarked on.
    pub device_account_count_max: u32,
    /// How far the device's clock may be off, in milliseconds.
    pub clock_skew_max_ms: u64,
}

impl Default for EnvironmentRules {
    fn default() -> Self {
        Self {
            app_version_min: None,
            android_version_min: None,
            ios_version_min: None,
            harmony_version_min: None,
            device_account_count_max: 2,
            clock_skew_max_ms: 300_000,
        }
    }
}

impl EnvironmentRules {
    fn os_version_min(&self, os: Os) -> Option<Version> {
        match os {
            Os::Android => self.android_version_min,
            Os::Ios => self.ios_version_min,
            Os::Harmony => self.harmony_version_min,
            Os::Other => None,
        }
    }

    /// Adds what is remarkable about the environment.
    pub(crate) fn check(&self, environment: &Environment, findings: &mut Vec<Finding>) {
        if let (Some(version), Some(floor)) = (environment.app_version, self.app_version_min)
            && version < floor
        {
            findings.push(Finding::stop(&words::ENVIRONMENT_APP_TOO_OLD).version(floor));
        }
        if let (Some(os), Some(version)) = (environment.os, environment.os_version)
            && let Some(floor) = self.os_version_min(os)
            && version < floor
        {
            findings.push(Finding::stop(&words::ENVIRONMENT_OS_TOO_OLD).version(floor));
        }
        match environment.network {
            Some(Network::Offline) => {
                findings.push(Finding::warn(&words::ENVIRONMENT_NETWORK_OFFLINE));
            }
            Some(Network::Weak) => findings.push(Finding::warn(&words::ENVIRONMENT_NETWORK_WEAK)),
            Some(Network::Good) | None => {}
        }
        if let Some(skew_ms) = environment.clock_skew_ms
            && skew_ms.unsigned_abs() > self.clock_skew_max_ms
        {
            let minutes = usize::try_from(skew_ms.unsigned_abs() / 60_000).unwrap_or(usize::MAX);
            findings.push(Finding::warn(&words::ENVIRONMENT_CLOCK_SKEW).count(minutes));
        }
        if let Some(count) = environment.device_account_count
            && count > self.device_account_count_max
        {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            findings.push(Finding::warn(&words::ENVIRONMENT_DEVICE_SHARED).count(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_version() {
        for text in
            ["", "x", "3.x", "3..1", "1.2.3.4.5", "70000", "-1", "3.2.1".repeat(20).as_str()]
        {
            assert_eq!(text.parse::<Version>(), Err(VersionError), "{text}");
        }
        assert!(serde_json::from_str::<Environment>(r#"{"app_version":"new"}"#).is_err());
        assert!(serde_json::from_str::<Environment>(r#"{"app":"3"}"#).is_err());
    }

    #[test]
    fn versions_in_any_dress() {
        for (text, version) in [
            ("3", Version::new(3, 0, 0)),
            (" v3.2 ", Version::new(3, 2, 0)),
            ("3.2.1", Version::new(3, 2, 1)),
            ("3.2.1.456", Version::new(3, 2, 1)),
            ("3.2.1-beta.2", Version::new(3, 2, 1)),
            ("3.2.1 (456)", Version::new(3, 2, 1)),
        ] {
            assert_eq!(text.parse(), Ok(version), "{text}");
        }
        assert!(Version::new(3, 10, 0) > Version::new(3, 9, 9));
    }

    #[test]
    fn an_environment_as_the_app_reports_it() {
        let json = r#"{"app_version":"3.2.1","os":"kaios","network":"weak","clock_skew_ms":-5}"#;
        let environment: Environment = serde_json::from_str(json).unwrap();
        assert_eq!(environment.os, Some(Os::Other));
        assert_eq!(environment.app_version, Some(Version::new(3, 2, 1)));
        let again = serde_json::to_string(&environment).unwrap();
        assert_eq!(serde_json::from_str::<Environment>(&again).unwrap(), environment);
    }

    #[test]
    fn floors_and_limits_are_the_last_that_pass() {
        let rules = EnvironmentRules {
            app_version_min: Some(Version::new(3, 2, 0)),
            ios_version_min: Some(Version::new(13, 0, 0)),
            ..EnvironmentRules::default()
        };
        let fine = Environment {
            app_version: Some(Version::new(3, 2, 0)),
            os: Some(Os::Ios),
            os_version: Some(Version::new(13, 0, 0)),
            device_account_count: Some(2),
            clock_skew_ms: Some(-300_000),
            network: Some(Network::Good),
        };
        let count = |environment: &Environment| {
            let mut findings = Vec::new();
            rules.check(environment, &mut findings);
            findings.len()
        };
        assert_eq!(count(&fine), 0);
        for worse in [
            Environment { app_version: Some(Version::new(3, 1, 9)), ..fine },
            Environment { os_version: Some(Version::new(12, 9, 9)), ..fine },
            Environment { device_account_count: Some(u32::MAX), ..fine },
            Environment { clock_skew_ms: Some(i64::MIN), ..fine },
            Environment { clock_skew_ms: Some(300_001), ..fine },
            Environment { network: Some(Network::Offline), ..fine },
        ] {
            assert_eq!(count(&worse), 1, "{worse:?}");
        }
    }
}
