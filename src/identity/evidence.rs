//! What is known about a mail's sender besides what the mail claims, and how two witnesses are weighed.

use super::authres::Verdict;
use crate::mail::Sender;

/// What one witness says of the domain in `From`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The mail was sent with that domain's consent.
    Aligned {
        /// How that was shown.
        by: Method,
    },
    /// Something was proven, but for another domain.
    NotAligned,
    /// A proof for that domain was tried and is false, or broken on the way.
    Failed,
    /// The proof could not be looked up: DNS did not answer in time.
    Unknown,
    /// Nothing to go by.
    None,
}

impl Authentication {
    /// Whether it speaks for the sender.
    #[must_use]
    pub const fn is_aligned(self) -> bool {
        matches!(self, Self::Aligned { .. })
    }

    /// Its stable name, for the journal and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aligned { by: Method::Dmarc } => "aligned-dmarc",
            Self::Aligned { by: Method::Dkim } => "aligned-dkim",
            Self::NotAligned => "not-aligned",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Aligned { by: Method::Dmarc },
            Self::Aligned { by: Method::Dkim },
            Self::NotAligned,
            Self::Failed,
            Self::Unknown,
            Self::None,
        ]
        .into_iter()
        .find(|known| known.name() == name)
    }
}

/// How a domain's consent was shown. SPF alone never is: many companies share one sending server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By the domain's own policy (RFC 9989).
    Dmarc,
    /// By a signature of the domain, or of one above it (RFC 6376), where it publishes no policy.
    Dkim,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The company's own mail server, which saw the connection.
    Server,
    /// Our own look at the signatures.
    OwnCheck,
    /// Nobody could.
    Nobody,
}

/// What is known of a mail's sender besides what it claims. A hint, never a confirmation (T6, T10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The result.
    pub authentication: Authentication,
    /// The witness it comes from.
    pub source: Source,
}

impl Evidence {
    /// Nothing is known.
    pub const NONE: Self = Self { authentication: Authentication::None, source: Source::Nobody };

    /// Whether the mail surely comes from its sender's domain.
    #[must_use]
    pub const fn is_aligned(&self) -> bool {
        self.authentication.is_aligned()
    }

    /// What both together say, for lists and the desk.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (self.authentication, self.source) {
            (Authentication::Aligned { by: Method::Dmarc }, Source::Server) => "server: DMARC aligned",
            (Authentication::Aligned { by: Method::Dkim }, Source::Server) => "server: DKIM aligned",
            (Authentication::Aligned { by: Method::Dmarc }, _) => "own check: DMARC aligned",
            (Authentication::Aligned { by: Method::Dkim }, _) => "own check: DKIM aligned",
            (Authentication::NotAligned, _) => "another domain",
            (Authentication::Failed, _) => "failed",
            (Authentication::Unknown, _) => "could not be looked up",
            (Authentication::None, _) => "none",
        }
    }
}

/// Weighs what the server and our own check say about `sender`.
///
/// An ambiguous sender is never aligned with anything (T6, T7). The server's word counts before ours, because it
/// saw the connection; ours counts where the server proved nothing, but does not overrule its "failed".
#[must_use]
pub fn weigh(sender: &Sender, server: Option<&Verdict>, own: Option<&OwnCheck>) -> Evidence {
    let Sender::One(address) = sender else { return Evidence::NONE };
    let domain = address.domain();
    let server = server.map_or(Authentication::None, |verdict| verdict.authentication(domain));
    let own = own.filter(|own| own.domain == domain).map_or(Authentication::None, |own| own.authentication);
    let (authentication, source) = match (server, own) {
        (Authentication::Aligned { .. } | Authentication::Failed, _) => (server, Source::Server),
        (_, Authentication::Aligned { .. }) => (own, Source::OwnCheck),
        (Authentication::None | Authentication::Unknown, Authentication::None) => match server {
            Authentication::None => (server, Source::Nobody),
            _ => (server, Source::Server),
        },
        (Authentication::None | Authentication::Unknown, _) => (own, Source::OwnCheck),
        (Authentication::NotAligned, _) => (server, Source::Server),
    };
    Evidence { authentication, source }
}

/// Our own look at the signatures, made by `intake` while the keys were still in the DNS, and kept with the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCheck {
    /// The `From` domain that was checked, lower case: another reading of `From` gives another domain, and then
    /// this check says nothing.
    pub domain: String,
    /// What it said.
    pub authentication: Authentication,
}

impl OwnCheck {
    /// The text that is stored with a mail: `<result> <domain>`.
    #[must_use]
    pub fn stored(&self) -> String {
        format!("{} {}", self.authentication.name(), self.domain)
    }

    /// Reads what [`OwnCheck::stored`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, domain) = text.split_once(' ')?;
        let plain = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_graphic());
        let authentication = Authentication::from_name(name)?;
        plain.then(|| Self { domain: domain.to_owned(), authentication })
    }
}

/// Whether `parent` is `domain` or a domain above it: who rules a domain rules all below it.
///
/// The other direction is left to DMARC's walk of the DNS tree: `anybody.example.com` says nothing about
/// `example.com` when that rents out its subdomains, and without asking nobody can tell.
#[must_use]
pub fn governs(parent: &str, domain: &str) -> bool {
    if !parent.contains('.') || parent.starts_with('.') || domain.len() < parent.len() {
        return false;
    }
    let (above, tail) =
        match domain.len().checked_sub(parent.len()).and_then(|at| domain.split_at_checked(at)) {
            Some(halves) => halves,
            None => return false,
        };
    tail.eq_ignore_ascii_case(parent) && (above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_governed_by_itself_and_those_above() {
        for (parent, domain, expected) in [
            ("example.com", "example.com", true),
            ("Example.COM", "example.com", true),
            ("example.com", "mail.example.com", true),
            ("mail.example.com", "example.com", false),
            ("example.com", "badexample.com", false),
            ("com", "example.com", false),
            (".com", "example.com", false),
            ("", "example.com", false),
            ("é.com", "example.com", false),
        ] {
            assert_eq!(governs(parent, domain), expected, "{parent} over {domain}");
        }
    }

    #[test]
    fn a_stored_check_is_read_back_and_nothing_else() {
        for authentication in [
            Authentication::Aligned { by: Method::Dkim },
            Authentication::Aligned { by: Method::Dmarc },
            Authentication::NotAligned,
            Authentication::Failed,
            Authentication::Unknown,
            Authentication::None,
        ] {
            let check = OwnCheck { domain: "example.fr".to_owned(), authentication };
            assert_eq!(OwnCheck::parse(&check.stored()), Some(check));
        }
        for wrong in ["", "aligned-dkim", "aligned-dkim ", "aligned example.fr", "aligned-dkim a b"] {
            assert_eq!(OwnCheck::parse(wrong), None, "{wrong:?}");
        }
    }
}
