//! The way to the server: address, encryption, password. Read once, at the start.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Deadlines;
use super::failure::timed;
use super::outcome::{Cause, Class, Step};
use super::tap::Stream;
use crate::config::{Secret, Security, Smtp};

/// Why letters cannot be sent as configured, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PostmanError(String);

impl PostmanError {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// All that a connection needs.
pub(super) struct Route {
    host: String,
    port: u16,
    security: Security,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    pub(super) account: Option<(String, Secret)>,
}

impl Route {
    pub(super) fn new(smtp: &Smtp) -> Result<Self, PostmanError> {
        let tls = match smtp.security {
            Security::Plaintext => None,
            Security::Tls | Security::Starttls => {
                let name = ServerName::try_from(smtp.host.clone()).map_err(|_| {
                    PostmanError::new(format!("smtp.host = \"{}\" is not a host name", smtp.host))
                })?;
                Some((TlsConnector::from(Arc::new(client(smtp.ca_file.as_deref())?)), name))
            }
        };
        let account = match smtp.username.as_str() {
            "" => None,
            name => {
                let secret = smtp
                    .password
                    .read()
                    .map_err(|sentence| PostmanError::new(format!("smtp: {sentence}")))?;
                Some((name.to_owned(), secret))
            }
        };
        let port = smtp.port.unwrap_or(if smtp.security == Security::Tls { 465 } else { 587 });
        Ok(Self { host: smtp.host.clone(), port, security: smtp.security, tls, account })
    }

    /// `host:port`, for a line to the operator.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) const fn is_starttls(&self) -> bool {
        matches!(self.security, Security::Starttls)
    }

    pub(super) const fn is_tls_from_the_start(&self) -> bool {
        matches!(self.security, Security::Tls)
    }

    pub(super) async fn tcp(&self, deadlines: Deadlines) -> Result<TcpStream, Class> {
        let at = |cause| Class::new(Step::Connect, cause);
        let stream = timed(deadlines.connect, async {
            let found: Vec<_> = tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_or_else(|_| Vec::new(), Iterator::collect);
            if found.is_empty() { Ok(None) } else { TcpStream::connect(&*found).await.map(Some) }
        })
        .await
        .map_err(at)?
        .ok_or(at(Cause::Name))?;
        // Without this the last short write of a letter waits for an acknowledgement.
        let _ = stream.set_nodelay(true);
        // A name that says "this machine" may be made to lead elsewhere.
        if self.tls.is_none() && !stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
            return Err(at(Cause::NotLoopback));
        }
        Ok(stream)
    }

    pub(super) async fn protect(
        &self,
        stream: Box<dyn Stream>,
        deadlines: Deadlines,
    ) -> Result<Box<dyn Stream>, Class> {
        let at = |cause| Class::new(Step::Tls, cause);
        let (connector, name) = self.tls.as_ref().ok_or(at(Cause::Handshake))?;
        let stream = timed(deadlines.tls, connector.connect(name.clone(), stream)).await.map_err(at)?;
        Ok(Box::new(stream))
    }
}

/// TLS 1.2 and 1.3, verified against the given authority or the system's. There is no way to verify less.
fn client(ca_file: Option<&Path>) -> Result<ClientConfig, PostmanError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        let shown = path.display();
        let unusable = || PostmanError::new(format!("smtp.ca_file: {shown} holds no usable PEM certificate"));
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|_| PostmanError::new(format!("smtp.ca_file: {shown} cannot be read")))?;
        for certificate in certificates {
            roots.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
        }
        if roots.is_empty() {
            return Err(unusable());
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(PostmanError::new(
                "smtp: the system has no certificate authorities; install ca-certificates or set smtp.ca_file",
            ));
        }
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|_| PostmanError::new("smtp: TLS cannot be set up"))
}
