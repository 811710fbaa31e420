//! Who may register.

use super::EmailAddress;

/// Who may register, and what an account must show before it signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationPolicy {
    /// Whether everybody may.
    pub mode: RegistrationMode,
    /// The mail domains that may, in ASCII and lower case; empty for all.
    pub domains: Vec<String>,
    /// Whether an account signs in only after its mail address was verified. Then registration does not tell either whether
    /// an address is taken.
    pub require_verified_email: bool,
}

/// Whether everybody may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Everybody.
    #[default]
    Open,
    /// Who was invited.
    Invite,
    /// Nobody; operators make accounts.
    Closed,
}

impl RegistrationMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invite, Self::Closed];

    /// Its name, as the settings write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }

    /// The mode of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

impl RegistrationPolicy {
    /// Whether addresses of this domain may register. Subdomains are domains of their own.
    #[must_use]
    pub fn allows(&self, email: &EmailAddress) -> bool {
        let domain = email.canonical().rsplit('@').next().unwrap_or_default();
        self.domains.is_empty() || self.domains.iter().any(|allowed| allowed == domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_domains_may_register() {
        let policy = RegistrationPolicy { domains: vec!["example.com".to_owned()], ..RegistrationPolicy::default() };
        let allows = |email: &str| policy.allows(&EmailAddress::parse(email).unwrap());
        assert!(allows("a@Example.com"));
        assert!(!allows("a@sub.example.com"));
        assert!(!allows("a@example.com.evil.example"));
        assert!(!allows("\"a@example.com\"@evil.example"));
    }
}
