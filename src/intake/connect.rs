//! From a configured account to a session: TCP, TLS (RFC 8314) or STARTTLS, greeting, login, each with a deadline.
//!
//! No password leaves on a line that is not encrypted, unless the server is on this machine. What came before TLS
//! began is dropped, and what the server offers is asked again afterwards (RFC 3501 §6.2.1).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_imap::error::Error as ClientError;
use async_imap::imap_proto::{Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::io::BufReader;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::error::IntakeError;
use super::guard::{Guard, Pipe, Shapeless};
use super::wire::Wire;
use crate::config::{Imap, Security};
use crate::pulse::Pulse;

/// Beyond the limit of a mail: what stands around it in an answer.
const LITERAL_SLACK: usize = 64 << 10;
/// Received bytes are taken from the kernel in blocks of this size.
const READ_BLOCK: usize = 64 << 10;

/// How long each step may take. The defaults suit the internet; tests set them shorter.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Finding the server and connecting.
    pub connect: Duration,
    /// TLS, greeting, login, and every command that is answered in a moment.
    pub step: Duration,
    /// A read that gets nothing, in the middle of an answer.
    pub silence: Duration,
    /// The longest IDLE before the line is tried (RFC 2177 allows 29 minutes; a dead line is found sooner so, R9).
    pub idle: Duration,
    /// The wait before a mail that was listed and not given is asked for again.
    pub doubt: Duration,
    /// The first wait before connecting again; it doubles up to `wait_max`.
    pub wait_min: Duration,
    /// The longest wait before connecting again.
    pub wait_max: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            step: Duration::from_secs(30),
            silence: Duration::from_secs(60),
            idle: Duration::from_secs(90),
            doubt: Duration::from_secs(60),
            wait_min: Duration::from_secs(1),
            wait_max: Duration::from_secs(300),
        }
    }
}

/// Connects, protects the line and logs in. `message_bytes` bounds what an answer may announce.
pub(super) async fn connect(
    imap: &Imap,
    message_bytes: usize,
    deadlines: &Deadlines,
    pulse: &Pulse,
) -> Result<Wire, IntakeError> {
    let password = imap.password.read().map_err(IntakeError::Password)?;
    let tls = match imap.security {
        Security::Plaintext => None,
        Security::Tls | Security::Starttls => Some(trust(imap)?),
    };
    let tcp = tcp(imap, deadlines).await?;
    pulse.beat();
    let literal_max = message_bytes.saturating_add(LITERAL_SLACK);
    let guard = |pipe| Guard::new(pipe, literal_max, deadlines.silence, pulse.clone());
    let step = deadlines.step;
    let mut client = match (imap.security, tls) {
        (Security::Tls, Some(tls)) => {
            let pipe = secure(tls, &imap.host, Box::new(tcp), step).await?;
            let mut client = Client::new(guard(pipe));
            greeting(&mut client, step).await?;
            client
        }
        (Security::Starttls, Some(tls)) => {
            let mut client = Client::new(guard(Box::new(tcp)));
            greeting(&mut client, step).await?;
            start_tls(&mut client, step).await?;
            let pipe = secure(tls, &imap.host, client.into_inner().into_pipe(), step).await?;
            Client::new(guard(pipe))
        }
        _ => {
            let mut client = Client::new(guard(Box::new(tcp)));
            greeting(&mut client, step).await?;
            client
        }
    };
    pulse.beat();
    let offered = offered(&mut client, step).await?;
    let user = imap.username.as_str();
    let secret = password.expose_secret();
    // LOGIN carries ASCII only; PLAIN carries everything (RFC 4616).
    let plain = offered.iter().any(|word| word == "AUTH=PLAIN");
    let login = !offered.iter().any(|word| word == "LOGINDISABLED")
        && [user, secret].iter().all(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let answer = if plain {
        let words = Plain(Some(format!("\0{user}\0{secret}")));
        within(step, "login", client.authenticate("PLAIN", words)).await?
    } else if login {
        within(step, "login", client.login(user, secret)).await?
    } else {
        return Err(IntakeError::NoPasswordLogin);
    };
    let session = answer.map_err(|(error, _)| login_error(&error))?;
    Wire::open(session, step).await
}

async fn tcp(imap: &Imap, deadlines: &Deadlines) -> Result<TcpStream, IntakeError> {
    let port = imap.port.unwrap_or(match imap.security {
        Security::Tls => 993,
        Security::Starttls | Security::Plaintext => 143,
    });
    let unreachable = |error: io::Error| IntakeError::Unreachable(error.kind());
    let found =
        within(deadlines.connect, "finding the server", lookup_host((bare(&imap.host), port))).await?;
    let addresses: Vec<SocketAddr> = found.map_err(unreachable)?.collect();
    // Each address has its share of the time: one family that leads nowhere must not use up the other's.
    let share = deadlines.connect / u32::try_from(addresses.len()).unwrap_or(1).max(1);
    let mut connected = Err(IntakeError::Unreachable(io::ErrorKind::NotFound));
    for address in addresses {
        connected = match within(share, "connecting", TcpStream::connect(address)).await {
            Ok(tcp) => tcp.map_err(unreachable),
            Err(late) => Err(late),
        };
        if connected.is_ok() {
            break;
        }
    }
    let tcp = connected?;
    // Asked of the line itself: a name such as "localhost" means what a resolver says.
    if imap.security == Security::Plaintext && !tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
        return Err(IntakeError::NotLoopback);
    }
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Whom to believe: the one file, when one is named; else the authorities of the system.
fn trust(imap: &Imap) -> Result<TlsConnector, IntakeError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = &imap.ca_file {
        let unreadable = || IntakeError::CaFile(file.display().to_string());
        for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unreadable())? {
            roots.add(certificate.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
        }
        if roots.is_empty() {
            return Err(unreadable());
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(IntakeError::NoAuthorities);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| IntakeError::NotTls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn secure(
    tls: TlsConnector,
    host: &str,
    pipe: Box<dyn Pipe>,
    deadline: Duration,
) -> Result<Box<dyn Pipe>, IntakeError> {
    let name = ServerName::try_from(bare(host).to_owned())
        .map_err(|_| IntakeError::Certificate("imap.host is no host name"))?;
    // The library asks for a few kilobytes at a time; the kernel is asked for more.
    let pipe = BufReader::with_capacity(READ_BLOCK, pipe);
    let stream =
        within(deadline, "TLS", tls.connect(name, pipe)).await?.map_err(|error| tls_error(&error))?;
    Ok(Box::new(stream))
}

fn tls_error(error: &io::Error) -> IntakeError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => IntakeError::Certificate(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "it is not valid yet; check the clocks"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "it is for another name; set imap.host to a name in it"
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "nobody known has signed it; set ca_file to the authority's certificate"
            }
            CertificateError::Revoked => "it was revoked",
            _ => "it is not well-formed; a certificate of an authority (CA:TRUE) cannot be a server's",
        }),
        Some(
            rustls::Error::AlertReceived(_)
            | rustls::Error::InvalidMessage(_)
            | rustls::Error::PeerIncompatible(_),
        ) => IntakeError::NotTls,
        Some(_) => IntakeError::NotTls,
        None => IntakeError::Closed,
    }
}

/// Reads the greeting; without it the client takes the first answer for it.
async fn greeting(client: &mut Client<Guard>, deadline: Duration) -> Result<(), IntakeError> {
    let greeting =
        within(deadline, "greeting", client.read_response()).await?.map_err(|error| read_error(&error))?;
    match greeting.as_ref().map(|answer| answer.parsed()) {
        Some(Response::Data { status: Status::Ok, .. }) => Ok(()),
        Some(Response::Data { status: Status::Bye, .. }) | None => Err(IntakeError::Closed),
        // A server that thinks we are somebody already cannot be asked to encrypt (RFC 3501 §7.1.4).
        Some(Response::Data { status: Status::PreAuth, .. }) => {
            Err(IntakeError::Nonsense("a greeting as if we had logged in"))
        }
        Some(_) => Err(IntakeError::Nonsense("no greeting")),
    }
}

async fn start_tls(client: &mut Client<Guard>, deadline: Duration) -> Result<(), IntakeError> {
    match within(deadline, "STARTTLS", client.run_command_and_check_ok("STARTTLS", None)).await? {
        Ok(()) => Ok(()),
        Err(ClientError::No(_) | ClientError::Bad(_)) => Err(IntakeError::NoStartTls),
        Err(error) => Err(client_error(&error)),
    }
}

/// What the server can do before login, in capitals.
async fn offered(client: &mut Client<Guard>, deadline: Duration) -> Result<Vec<String>, IntakeError> {
    let (others, heard) = async_channel::bounded(100);
    let asked = client.run_command_and_check_ok("CAPABILITY", Some(others));
    within(deadline, "CAPABILITY", asked).await?.map_err(|error| client_error(&error))?;
    let mut offered = Vec::new();
    while let Ok(answer) = heard.try_recv() {
        if let UnsolicitedResponse::Other(data) = answer
            && let Response::Capabilities(words) = data.parsed()
        {
            offered.extend(words.iter().map(super::wire::capability));
        }
    }
    Ok(offered)
}

/// Says the words of PLAIN once, and nothing to a server that asks for more.
struct Plain(Option<String>);

impl Authenticator for Plain {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

/// `[UNAVAILABLE]` and `[AUTHENTICATIONFAILED]` (RFC 5530) are not told apart by the library but in its text, which
/// is looked at and never shown.
fn login_error(error: &ClientError) -> IntakeError {
    match error {
        ClientError::No(text)
            if ["UNAVAILABLE", "INUSE", "LIMIT"].iter().any(|code| text.contains(&format!("[{code}]"))) =>
        {
            IntakeError::LoginUnavailable
        }
        ClientError::No(_) | ClientError::Bad(_) | ClientError::Validate(_) => IntakeError::LoginRefused,
        other => client_error(other),
    }
}

fn client_error(error: &ClientError) -> IntakeError {
    match error {
        ClientError::Io(error) => read_error(error),
        ClientError::ConnectionLost => IntakeError::Closed,
        ClientError::No(_) | ClientError::Bad(_) => IntakeError::Refused("CAPABILITY"),
        _ => IntakeError::Nonsense("an answer that cannot be read"),
    }
}

/// What went wrong with a read. A parser's error holds what it read, so only its kind is looked at.
pub(super) fn read_error(error: &io::Error) -> IntakeError {
    if let Some(refused) = error.get_ref().and_then(|inner| inner.downcast_ref::<Shapeless>()) {
        return IntakeError::Nonsense(refused.0);
    }
    match error.kind() {
        io::ErrorKind::TimedOut => IntakeError::Late("silence in the middle of an answer"),
        io::ErrorKind::Other | io::ErrorKind::InvalidData => {
            IntakeError::Nonsense("an answer that cannot be read")
        }
        _ => IntakeError::Closed,
    }
}

/// `work`, or the name of the step that took too long.
pub(super) async fn within<T>(
    deadline: Duration,
    step: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, IntakeError> {
    tokio::time::timeout(deadline, work).await.map_err(|_| IntakeError::Late(step))
}
