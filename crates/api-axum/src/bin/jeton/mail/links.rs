//! Links that carry a token to the page that uses it up.

use auth_domain::model::TokenMailKind;

/// What stands for the token in a link.
const TOKEN: &str = "{token}";

/// An address with a place for the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link(String);

impl Link {
    /// Reads one. The error completes "it must be …".
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wanted =
            "an http or https URL with {token} once, such as https://app.example.com/#/reset-password?token={token}";
        let filled = text.replacen(TOKEN, "jot_AAAA", 1);
        let url = filled.parse::<reqwest::Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let in_host = |url: &reqwest::Url| url.host_str().is_some_and(|host| host.contains("jot_"));
        let good = url.is_some_and(|url| !in_host(&url)) && filled != text && !filled.contains(TOKEN);
        let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if good && plain { Ok(Self(text.to_owned())) } else { Err(wanted.to_owned()) }
    }

    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with a token in its place: tokens consist of characters that need no escaping in a URL.
    fn with(&self, token: &str) -> String {
        self.0.replacen(TOKEN, token, 1)
    }
}

/// Where the links of mails lead; `None` for the server's own page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// Of a mail that confirms an address.
    pub(crate) verify_email: Option<Link>,
    /// Of a mail that sets a new password.
    pub(crate) reset_password: Option<Link>,
    /// Of a mail that confirms the new address of an account.
    pub(crate) change_email: Option<Link>,
    /// Of an invitation.
    pub(crate) invite: Option<Link>,
}

impl Links {
    /// The link of a mail. On the server's own page the token stands behind the `#`, which browsers do not send, so that it is
    /// in nobody's log.
    pub(crate) fn of(&self, kind: TokenMailKind, token: &str, issuer: &str) -> String {
        let (set, page) = match kind {
            TokenMailKind::VerifyEmail => (&self.verify_email, "verify-email"),
            TokenMailKind::ResetPassword | TokenMailKind::AlreadyRegistered => (&self.reset_password, "reset-password"),
            TokenMailKind::ChangeEmail => (&self.change_email, "change-email"),
            TokenMailKind::Invite => (&self.invite, "invite"),
        };
        set.as_ref().map_or_else(|| format!("{issuer}/#/{page}?token={token}"), |link| link.with(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_one_place_for_the_token_and_leads_to_a_page() {
        for good in ["https://app.example.com/#/reset?token={token}", "http://localhost:3000/r/{token}"] {
            assert_eq!(Link::parse(good).map(|link| link.with("jot_x")), Ok(good.replace("{token}", "jot_x")));
        }
        for bad in [
            "",
            "https://app.example.com/",
            "https://{token}.example.com/",
            "https://app.example.com/{token}/{token}",
            "javascript:alert('{token}')",
            "app.example.com/{token}",
            "https://app.example.com/ {token}",
        ] {
            assert!(Link::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_token_stands_where_no_server_reads_it_unless_the_operator_says_otherwise() {
        let own = Link::parse("https://app.example.com/r/{token}").unwrap();
        let links = Links { invite: Some(own), ..Links::default() };
        let of = |kind| links.of(kind, "jot_x", "https://login.example.com");
        assert_eq!(of(TokenMailKind::VerifyEmail), "https://login.example.com/#/verify-email?token=jot_x");
        assert_eq!(of(TokenMailKind::AlreadyRegistered), "https://login.example.com/#/reset-password?token=jot_x");
        assert_eq!(of(TokenMailKind::Invite), "https://app.example.com/r/jot_x");
    }
}
