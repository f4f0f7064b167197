//! Our own look at a mail's signatures (RFC 6376), against the DNS, while the keys are still there.
//!
//! The one place where reading a mail asks the network: only the resolver is asked, only about the `From` domain and
//! those above it or beside it, never about a name that a stranger picked freely (T39). What it finds is kept with
//! the mail and weighed later by [`crate::identity::weigh`].

use std::net::SocketAddr;
use std::time::Duration;

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Signature;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, Parameters, SpfOutput,
};

use crate::config::Identity;
use crate::identity::{Authentication, Method, OwnCheck, governs};

/// All lookups for one mail together.
const DEADLINE: Duration = Duration::from_secs(5);
/// One question to one server.
const QUESTION_DEADLINE: Duration = Duration::from_secs(2);
/// Signatures that are looked at; a mail has one to three.
const SIGNATURES_MAX: usize = 5;
/// A larger mail is not hashed a second time: its sender is asked.
const MAIL_BYTES_MAX: usize = 8 << 20;

/// Verifies signatures by DNS. Cheap to share; the resolver keeps answers for as long as they say.
pub struct Verifier {
    resolver: MessageAuthenticator,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// A verifier over the configured DNS server, or the system's.
    ///
    /// `None` when `identity.dkim` is off, or when the system names no usable DNS server: nobody is then believed
    /// for a signature, and everybody is asked.
    #[must_use]
    pub fn new(identity: &Identity) -> Option<Self> {
        if !identity.dkim {
            return None;
        }
        let (servers, mut options) = match &identity.dns_server {
            Some(server) => (only(server.parse().ok()?), ResolverOpts::default()),
            None => read_system_conf().ok()?,
        };
        options.timeout = QUESTION_DEADLINE;
        options.attempts = 1;
        // Names are asked as they stand: no search list of this machine may turn them into others.
        options.ndots = 0;
        let resolver = MessageAuthenticator::new(servers, options).ok()?;
        Some(Self { resolver })
    }

    /// What the signatures of `raw` say about its one `From` address at `from_domain` (lower case), in the stored
    /// form of [`OwnCheck`]; `None` when it bears no signature that could say anything. Takes five seconds at most.
    pub async fn verify(&self, raw: &[u8], from_domain: &str) -> Option<String> {
        if raw.len() > MAIL_BYTES_MAX || !mentions_signature(raw) {
            return None;
        }
        let mut message = AuthenticatedMessage::parse(raw)?;
        message.dkim_headers.retain(|header| worth_a_look(&header.header, from_domain));
        message.dkim_headers.truncate(SIGNATURES_MAX);
        // Nobody gets a report from us (RFC 6651), so nobody is asked where to.
        message.dkim_headers.iter_mut().for_each(|header| header.header.r = false);
        message.errors.clear();
        if message.dkim_headers.is_empty() {
            return None;
        }
        let authentication = if reads_one_way(&message, from_domain) {
            tokio::time::timeout(DEADLINE, self.look(&message, from_domain))
                .await
                .unwrap_or(Authentication::Unknown)
        } else {
            Authentication::None
        };
        Some(OwnCheck { domain: from_domain.to_owned(), authentication }.stored())
    }

    async fn look(&self, message: &AuthenticatedMessage<'_>, from_domain: &str) -> Authentication {
        let found = self.resolver.verify_dkim(message).await;
        if !found.iter().any(|one| *one.result() == DkimResult::Pass) {
            let asleep = found.iter().any(|one| matches!(one.result(), DkimResult::TempError(_)));
            return if asleep { Authentication::Unknown } else { Authentication::Failed };
        }
        let nobody = SpfOutput::default();
        let policy = self
            .resolver
            .verify_dmarc(Parameters::new(DmarcParameters {
                message,
                dkim_output: &found,
                dkim2_output: None,
                rfc5321_mail_from_domain: "",
                spf_output: &nobody,
            }))
            .await;
        match policy.dkim_result() {
            DmarcResult::Pass => Authentication::Aligned { by: Method::Dmarc },
            // The domain publishes no policy: then its own signature, or one from above, is its word.
            DmarcResult::None if found.iter().any(|one| is_word_of(one, from_domain)) => {
                Authentication::Aligned { by: Method::Dkim }
            }
            DmarcResult::TempError(_) => Authentication::Unknown,
            DmarcResult::None | DmarcResult::Fail(_) | DmarcResult::PermError(_) => {
                Authentication::NotAligned
            }
        }
    }
}

fn only(server: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    ResolverConfig::from_parts(None, Vec::new(), vec![server])
}

/// Whether the header block has the field at all: most mails of a test or a small company do not, and cost nothing.
pub(super) fn mentions_signature(raw: &[u8]) -> bool {
    const NAME: &[u8] = b"dkim-signature";
    let mut lines = raw.split(|byte| *byte == b'\n');
    lines
        .by_ref()
        .take_while(|line| !line.trim_ascii_end().is_empty())
        .any(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))
}

/// Whether a signature could say anything about the sender, so that its key may be looked up: it covers `From`
/// (RFC 6376 §5.4; our library leaves that to us) and the subject, which may be all that a request consists of; it is
/// not of the broken kind (RFC 8301); and its domain is the sender's, above it, below it or beside it.
fn worth_a_look(signature: &Signature, from_domain: &str) -> bool {
    let covers = |name: &str| signature.h.iter().any(|header| header.eq_ignore_ascii_case(name));
    let signer = signature.d.as_str();
    covers("from") && covers("subject") && signature.a != Algorithm::RsaSha1 && related(signer, from_domain)
}

/// Whether both readers of the mail find the same sender, and no field is there twice that decides what is read: a
/// signature covers the lowest one, and a person reads the highest.
fn reads_one_way(message: &AuthenticatedMessage<'_>, from_domain: &str) -> bool {
    let count = |name: &str| {
        let named = |field: &&(&[u8], &[u8])| field.0.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        message.headers.iter().filter(named).count()
    };
    let same = match message.froms() {
        [from] => from.rsplit_once('@').is_some_and(|(_, domain)| domain == from_domain),
        _ => false,
    };
    same && count("from") == 1 && count("subject") <= 1 && count("content-type") <= 1
}

/// Whether two domains share more than their last label.
fn related(one: &str, other: &str) -> bool {
    fn tail(domain: &str) -> Option<(&str, &str)> {
        let mut labels = domain.rsplit('.');
        let last = labels.next()?;
        Some((labels.next()?, last))
    }
    tail(one).zip(tail(other)).is_some_and(|(one, other)| {
        one.0.eq_ignore_ascii_case(other.0) && one.1.eq_ignore_ascii_case(other.1)
    })
}

fn is_word_of(output: &DkimOutput<'_>, from_domain: &str) -> bool {
    *output.result() == DkimResult::Pass
        && output.signature().is_some_and(|signature| governs(&signature.d, from_domain))
}
