//! Devices, as their user agents tell: in words for their owner, and in classes for the limits.

use std::fmt;
use std::str::FromStr;

use woothee::parser::Parser;

/// The kind of program that a session is used from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceClass {
    /// A page in a browser on a computer.
    Web,
    /// A phone or a tablet, by its browser or by an app.
    Mobile,
    /// A program with windows of its own. Only a client that says so is one.
    Desktop,
    /// A command line, a script, a library.
    Cli,
}

/// The name is not that of a class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a class of devices; use web, mobile, desktop or cli")]
pub struct UnknownDeviceClass(pub String);

impl DeviceClass {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Web, Self::Mobile, Self::Desktop, Self::Cli];

    /// The stable name, as stores and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Mobile => "mobile",
            Self::Desktop => "desktop",
            Self::Cli => "cli",
        }
    }
}

impl fmt::Display for DeviceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeviceClass {
    type Err = UnknownDeviceClass;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|class| class.as_str() == name);
        found.ok_or_else(|| UnknownDeviceClass(name.to_owned()))
    }
}

/// What a user agent says of itself. Shown to the owner, never trusted for more than a limit's class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent {
    /// The class that it looks like.
    pub class: DeviceClass,
    /// The browser or program, such as `Firefox 140`.
    pub browser: Option<String>,
    /// The operating system, such as `Windows 10`.
    pub system: Option<String>,
}

impl UserAgent {
    /// Reads a `User-Agent` header. What says nothing of itself is a [`DeviceClass::Cli`].
    #[must_use]
    pub fn parse(header: Option<&str>) -> Self {
        let Some(parsed) = header.and_then(|header| Parser::new().parse(header)) else {
            let name = header.and_then(|header| header.split(['/', ' ']).next()).filter(|name| !name.is_empty());
            return Self { class: DeviceClass::Cli, browser: name.map(str::to_owned), system: None };
        };
        let known = |text: &str| Some(text).filter(|text| !text.is_empty() && *text != "UNKNOWN").map(str::to_owned);
        let class = match parsed.category {
            "smartphone" | "mobilephone" => DeviceClass::Mobile,
            "pc" | "appliance" => DeviceClass::Web,
            _ => DeviceClass::Cli,
        };
        let major = parsed.version.split('.').next().and_then(known);
        let browser = match parsed.name {
            "HTTP Library" => major,
            name => known(name).map(|name| major.map_or_else(|| name.clone(), |major| format!("{name} {major}"))),
        };
        Self { class, browser, system: known(parsed.os) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_told_in_words_and_in_its_class() {
        for (header, class, browser, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                DeviceClass::Web,
                Some("Chrome 141"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                DeviceClass::Mobile,
                Some("Safari 18"),
                Some("iPhone"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                DeviceClass::Web,
                Some("Firefox 140"),
                Some("Windows 10"),
            ),
            ("curl/8.5.0", DeviceClass::Cli, Some("curl"), None),
            ("python-requests/2.32", DeviceClass::Cli, Some("python-requests"), None),
            ("", DeviceClass::Cli, None, None),
        ] {
            let expected = UserAgent { class, browser: browser.map(str::to_owned), system: system.map(str::to_owned) };
            assert_eq!(UserAgent::parse(Some(header)), expected, "{header}");
        }
        assert_eq!(UserAgent::parse(None).class, DeviceClass::Cli);
    }
}
